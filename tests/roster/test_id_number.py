from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.id_number import IdNumber, IdNumberFault, check_character, parse_id_number, upgrade

TODAY = date(2026, 3, 2)
# The example of GB 11643-1999.
EXAMPLE = "11010519491231002X"


def test_the_standards_own_example() -> None:
    assert parse_id_number(EXAMPLE, today=TODAY) == IdNumber(EXAMPLE, date(1949, 12, 31), "female")
    assert parse_id_number(EXAMPLE.lower(), today=TODAY) == parse_id_number(EXAMPLE, today=TODAY)


def test_fifteen_digits_are_the_same_person() -> None:
    assert parse_id_number("110105491231002", today=TODAY) == parse_id_number(EXAMPLE, today=TODAY)


def test_districts_younger_than_any_list_are_accepted() -> None:
    # Shenzhen's Longhua (440309), Pingshan (440310) and Guangming (440311) date from 2016 to 2018.
    for region in ("440309", "440310", "440311"):
        first_17 = f"{region}20190101001"
        read = parse_id_number(first_17 + check_character(first_17), today=TODAY)
        assert isinstance(read, IdNumber)
        assert read.region == region


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", IdNumberFault.WRONG_LENGTH),
        ("1101051949123100", IdNumberFault.WRONG_LENGTH),
        ("11010519491231002Y", IdNumberFault.NOT_DIGITS),
        ("1101051949X2310021", IdNumberFault.NOT_DIGITS),
        ("１１０１０５４９１２３１００２", IdNumberFault.WRONG_LENGTH),
        ("010105194912310028", IdNumberFault.NO_REGION),
        ("110105194902300026", IdNumberFault.NO_SUCH_DATE),
        ("110105004912310027", IdNumberFault.NO_SUCH_DATE),
        ("110105204912310023", IdNumberFault.BORN_IN_FUTURE),
        ("110105194912310021", IdNumberFault.WRONG_CHECK_CHARACTER),
    ],
)
def test_faults_are_told_apart(text: str, fault: IdNumberFault) -> None:
    assert parse_id_number(text, today=TODAY) is fault


@given(
    born=st.dates(date(1900, 1, 1), date(1999, 12, 31)),
    region=st.integers(110000, 659999),
    serial=st.integers(1, 999),
)
def test_old_and_new_form_are_read_alike(born: date, region: int, serial: int) -> None:
    fifteen = f"{region}{born:%y%m%d}{serial:03}"
    read = parse_id_number(fifteen, today=TODAY)
    assert isinstance(read, IdNumber)
    assert read == parse_id_number(upgrade(fifteen), today=TODAY)
    assert (read.born_on, read.sex) == (born, "male" if serial % 2 else "female")


@given(at=st.integers(0, 16), digit=st.integers(0, 9))
def test_any_one_wrong_digit_is_noticed(at: int, digit: int) -> None:
    wrong = EXAMPLE[:at] + str(digit) + EXAMPLE[at + 1 :]
    assert (wrong == EXAMPLE) == isinstance(parse_id_number(wrong, today=TODAY), IdNumber)


@given(st.text(max_size=20))
def test_any_text_has_an_answer(text: str) -> None:
    assert isinstance(parse_id_number(text, today=TODAY), IdNumber | IdNumberFault)
