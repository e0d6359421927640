"""Children under fourteen: their data is sensitive as such, and it is their guardian who is told, agrees and asks."""

from __future__ import annotations

from datetime import date

GUARDED_BELOW = 14
"""Personal Information Protection Law, articles 28 and 31."""


def has_guardian(born: date | None, *, on: date) -> bool:
    """Whether somebody speaks for them by law on that day; of whom no birth date is known, nobody does."""
    if born is None:
        return False
    had_birthday = (on.month, on.day) >= (born.month, born.day)
    return on.year - born.year - (not had_birthday) < GUARDED_BELOW
