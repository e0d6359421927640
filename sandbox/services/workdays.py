"""Days on which offices are open."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar


def is_workday(day: date) -> bool:
    """By the State Council's calendar where it has been published, else Monday to Friday."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def workday_from(day: date) -> date:
    while not is_workday(day):
        day += timedelta(days=1)
    return day
