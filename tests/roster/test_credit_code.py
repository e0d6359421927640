from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.credit_code import CHARACTERS, CreditCodeFault, check_character, parse_credit_code

# A code that anybody can look up: the district's policy sources name this office's.
PUBLISHED = "11440300007542195T"


def test_a_published_code_is_read_in_either_case() -> None:
    assert parse_credit_code(PUBLISHED.lower()) == PUBLISHED


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (PUBLISHED[:-1], CreditCodeFault.WRONG_LENGTH),
        (PUBLISHED[:-2] + "OT", CreditCodeFault.WRONG_CHARACTER),
        (PUBLISHED[:-1] + "U", CreditCodeFault.WRONG_CHECK_CHARACTER),
        ("", CreditCodeFault.WRONG_LENGTH),
        ("１" * 18, CreditCodeFault.WRONG_CHARACTER),
    ],
)
def test_what_is_wrong_is_named(text: str, fault: CreditCodeFault) -> None:
    assert parse_credit_code(text) == fault


codes = st.text(CHARACTERS, min_size=17, max_size=17).map(lambda body: body + check_character(body))


@given(codes, st.integers(0, 17), st.sampled_from(CHARACTERS))
def test_every_single_slip_is_noticed(code: str, place: int, character: str) -> None:
    slipped = code[:place] + character + code[place + 1 :]
    assert isinstance(parse_credit_code(slipped), CreditCodeFault) == (slipped != code)


@given(codes, st.integers(0, 15))
def test_two_neighbours_exchanged_are_noticed(code: str, place: int) -> None:
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert isinstance(parse_credit_code(swapped), CreditCodeFault) == (swapped != code)
