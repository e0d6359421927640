"""Chinese public holidays and make-up workdays (调休), and what is done for years that nobody has published yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from chinese_calendar import get_holiday_detail, is_workday


class DayKind(StrEnum):
    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


# The State Council publishes a year's arrangement each November. Before that only the days that the holiday regulation
# (全国年节及纪念日放假办法, 2024) fixes in the solar calendar are sure; the lunar ones are entered as overrides.
FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
SATURDAY = 5


@dataclass(frozen=True)
class HolidayCalendar:
    """Day kinds: an override of staff first, then the published arrangement, then the days that never change."""

    overrides: Mapping[date, DayKind] = field(default_factory=dict)

    def kind(self, day: date) -> DayKind:
        if day in self.overrides:
            return self.overrides[day]
        return _kind_by_calendar(day)


@lru_cache(maxsize=1000)
def _kind_by_calendar(day: date) -> DayKind:
    if not is_published(day.year):
        return _kind_by_regulation(day)
    if is_workday(day):
        return DayKind.WORKDAY
    _, name = get_holiday_detail(day)
    return DayKind.HOLIDAY if name else DayKind.WEEKEND


def is_published(year: int) -> bool:
    """Whether the arrangement of this year is known; otherwise only its fixed days and the overrides are."""
    try:
        is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def _kind_by_regulation(day: date) -> DayKind:
    if (day.month, day.day) in FIXED_HOLIDAYS:
        return DayKind.HOLIDAY
    return DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.WORKDAY


def read_overrides(value: Any) -> dict[date, DayKind]:
    """Overrides as staff wrote them: `{"2027-02-06": "holiday", "2027-02-20": "workday"}`.

    Raises:
        ValueError: names the entry that is wrong.
    """
    if not isinstance(value, dict):
        raise ValueError("the calendar overrides are a table from day to kind of day")  # noqa: TRY004 - what staff wrote is wrong, not a type of ours
    overrides: dict[date, DayKind] = {}
    for day, kind in value.items():
        try:
            overrides[date.fromisoformat(day)] = DayKind(kind)
        except (TypeError, ValueError) as fault:
            kinds = ", ".join(DayKind)
            raise ValueError(f"calendar override {day}: write a day as 2027-02-06 and one of {kinds}") from fault
    return overrides
