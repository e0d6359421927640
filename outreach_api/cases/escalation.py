"""The ladder: who is told when a promise is in danger, broken, and still not kept a day later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.vocabulary import EscalationLevel
from outreach_api.cases.promises import WorkingHours, working_time

LEVELS = tuple(EscalationLevel)
REMIND_WHEN_GONE = 0.75
"""Share of the promised working time after which those who have the case are reminded."""
DISTRICT_AFTER = timedelta(hours=7)
"""A working day past the promise."""


@dataclass(frozen=True)
class Promised:
    opened_at: datetime
    due_at: datetime
    kept_at: datetime | None
    foretold_late: bool = False


def level_due(promise: Promised, hours: WorkingHours, now: datetime) -> EscalationLevel:
    """How far up a case belongs now. A promise that was kept needs nobody, however late it was kept."""
    if promise.kept_at is not None:
        return EscalationLevel.NONE
    if now > promise.due_at:
        past = working_time(promise.due_at, now, hours)
        return EscalationLevel.DISTRICT if past >= DISTRICT_AFTER else EscalationLevel.SUPERVISOR
    return (
        EscalationLevel.TEAM if promise.foretold_late or _is_nearly_over(promise, hours, now) else EscalationLevel.NONE
    )


def is_higher(level: EscalationLevel, than: EscalationLevel) -> bool:
    return LEVELS.index(level) > LEVELS.index(than)


def _is_nearly_over(promise: Promised, hours: WorkingHours, now: datetime) -> bool:
    whole = working_time(promise.opened_at, promise.due_at, hours)
    gone = working_time(promise.opened_at, now, hours)
    return gone >= whole * REMIND_WHEN_GONE
