"""Dates ahead that a card speaks of: a renewal, a coming of age, a new amount. Pure rules of a card and a day."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from scheduler.policies.card import Amount, Band, Deadlines, Stretch
from scheduler.rules.derive import age_on

# So long before a renewal begins, or an amount changes, those who have the benefit are told.
TOLD_DAYS_BEFORE = 14


def renewal_to_tell(deadlines: Deadlines | None, today: date) -> Stretch | None:
    """The renewal that is due now or begins within two weeks."""
    soon = today + timedelta(days=TOLD_DAYS_BEFORE)
    for window in (deadlines.renewals if deadlines else None) or ():
        found = window.around(soon)
        if found.holds(soon) or found.holds(today):
            return found if found.last >= today else None
    return None


def birthday_ahead(born: date, today: date, *, until: date) -> date | None:
    """The birthday after today, if it comes by `until`. Of the 29th of February, the 28th where there is no 29th."""
    now = age_on(born, today)
    day = today
    while day < until:
        day += timedelta(days=1)
        if age_on(born, day) != now:
            return day
    return None


def new_amount(amount: Amount | None, born: date, today: date) -> tuple[date, Band] | None:
    """The birthday within two weeks that moves somebody into another band of an amount by age, and that band."""
    if amount is None or amount.by != "age_years" or not amount.bands:
        return None
    birthday = birthday_ahead(born, today, until=today + timedelta(days=TOLD_DAYS_BEFORE))
    if birthday is None:
        return None
    old, new = (_band(amount, age_on(born, day)) for day in (today, birthday))
    return (birthday, new) if old is not None and new is not None and new != old else None


def months_later(day: date, months: int) -> date:
    """The same day so many months on, or the last of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _band(amount: Amount, age: int | None) -> Band | None:
    return next((band for band in amount.bands or () if band.holds(age)), None)
