"""Children under fourteen: their data is sensitive as such, and it is their guardian who is told, agrees and asks."""

from __future__ import annotations

from datetime import date

from scheduler.rules.derive import age_on

GUARDED_BELOW = 14
"""Personal Information Protection Law, articles 28 and 31."""


def has_guardian(born: date | None, *, on: date) -> bool:
    """Whether somebody speaks for them by law on that day; of whom no birth date is known, nobody does."""
    age = age_on(born, on) if born is not None else None
    return age is not None and age < GUARDED_BELOW
