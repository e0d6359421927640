from __future__ import annotations

from datetime import date

import pytest

from outreach_api.settings import ROOT
from scheduler.policies.card import Deadlines, PolicyCard, Stretch, Window
from scheduler.policies.dates import (
    birthday_ahead,
    months_later,
    new_amount,
    renewal_to_tell,
)
from scheduler.policies.load import load_cards


@pytest.fixture(scope="module")
def allowance() -> PolicyCard:
    return load_cards(ROOT / "policies")["elderly-allowance"]


@pytest.mark.parametrize(
    ("today", "renewal"),
    [
        (date(2026, 4, 16), None),
        (date(2026, 4, 17), Stretch(date(2026, 5, 1), date(2026, 5, 31))),
        (date(2026, 5, 31), Stretch(date(2026, 5, 1), date(2026, 5, 31))),
        (date(2026, 6, 1), None),
        (date(2026, 10, 20), Stretch(date(2026, 11, 1), date(2026, 11, 30))),
        (date(2026, 12, 25), None),
    ],
)
def test_the_allowances_renewal_is_told_two_weeks_before_may_and_november(
    allowance: PolicyCard, today: date, renewal: Stretch | None
) -> None:
    assert renewal_to_tell(allowance.deadlines, today) == renewal


@pytest.mark.parametrize(
    ("born", "today", "told"),
    [
        (date(1946, 3, 10), date(2026, 3, 1), (date(2026, 3, 10), 300)),
        (date(1946, 3, 10), date(2026, 2, 1), None),
        (date(1950, 3, 10), date(2026, 3, 1), None),
        (date(1936, 3, 10), date(2026, 3, 1), (date(2026, 3, 10), 500)),
        (date(1956, 3, 10), date(2026, 3, 1), None),
        (date(1926, 2, 28), date(2026, 2, 27), (date(2026, 2, 28), 1000)),
    ],
)
def test_a_new_amount_is_told_before_the_birthday_that_brings_it(
    allowance: PolicyCard, born: date, today: date, told: tuple[date, int] | None
) -> None:
    found = new_amount(allowance.amount, born, today)
    assert (found and (found[0], found[1].yuan)) == told


def a_window(begins: str, ends: str) -> Deadlines:
    return Deadlines(windows=(Window.model_validate({"from": begins, "to": ends}),))


def test_the_kindergarten_subsidy_is_told_of_only_in_the_months_in_which_one_may_apply() -> None:
    card = load_cards(ROOT / "policies")["kindergarten-growth-subsidy"]
    told = [month for month in range(1, 13) if card.is_pushable(date(2026, month, 15))]
    assert told == [10, 11]
    assert card.closes_on(date(2026, 10, 15)) == date(2026, 11, 30)


def test_an_item_with_windows_is_open_in_them_only() -> None:
    summer = a_window("07-01", "08-31")
    assert [summer.is_open(date(2026, month, 15)) for month in (6, 7, 8, 9)] == [False, True, True, False]
    assert summer.open_stretch(date(2026, 8, 31)) == Stretch(date(2026, 7, 1), date(2026, 8, 31))
    assert Deadlines(all_year=True).is_open(date(2026, 1, 1))


def test_a_window_may_run_over_new_year() -> None:
    winter = a_window("12-01", "02-29")
    assert winter.open_stretch(date(2026, 1, 5)) == Stretch(date(2025, 12, 1), date(2026, 2, 28))
    assert winter.open_stretch(date(2026, 12, 5)) == Stretch(date(2026, 12, 1), date(2027, 2, 28))
    assert not winter.is_open(date(2026, 6, 1))


def test_a_leap_day_child_comes_of_age_on_the_28th() -> None:
    assert birthday_ahead(date(1956, 2, 29), date(2026, 1, 1), until=date(2026, 3, 1)) == date(2026, 2, 28)
    assert birthday_ahead(date(1956, 3, 1), date(2026, 3, 1), until=date(2026, 4, 1)) is None


def test_months_end_with_the_month() -> None:
    assert months_later(date(2025, 12, 31), 2) == date(2026, 2, 28)
    assert months_later(date(2026, 11, 5), 2) == date(2027, 1, 5)
