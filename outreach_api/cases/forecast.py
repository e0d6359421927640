"""Which promises will be broken if work goes on as it does: said while something can still be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import Case
from models.vocabulary import CaseKind, CaseState, Urgency
from outreach_api.cases.open_case import OPEN_CASE_STATES
from outreach_api.cases.promises import WorkingHours, after_working_hours, working_time

LOOK_BACK = timedelta(days=7)
LEAST_MEASURED = 5
"""Below so many kept promises a pace says nothing."""


@dataclass(frozen=True)
class Expected:
    """When it will be a case's turn, at the pace of late."""

    case_id: int
    at: datetime
    due_at: datetime

    @property
    def late(self) -> bool:
        return self.at > self.due_at


def expect(
    waiting: Sequence[tuple[int, datetime]], per_hour: float, hours: WorkingHours, now: datetime
) -> list[Expected]:
    """For cases in the order in which they are taken, each with its due time: when it is their turn."""
    return [
        Expected(case_id, after_working_hours(place / per_hour, now, hours), due_at)
        for place, (case_id, due_at) in enumerate(waiting, start=1)
    ]


def forecast(session: Session, kind: CaseKind, hours: WorkingHours, now: datetime) -> list[Expected]:
    """The cases of a kind whose promise runs and will be broken. Without a measured pace nothing is foretold."""
    per_hour = pace(session, kind, hours, now)
    if per_hour is None:
        return []
    running = (Case.kind == kind, Case.state.in_(OPEN_CASE_STATES), Case.kept_at.is_(None), Case.due_at >= now)
    first = (Case.urgency == Urgency.NORMAL, Case.due_at, Case.id)
    waiting = session.execute(select(Case.id, Case.due_at).where(*running).order_by(*first)).all()
    turns = expect([(case_id, due_at) for case_id, due_at in waiting], per_hour, hours, now)
    return [turn for turn in turns if turn.late]


def pace(session: Session, kind: CaseKind, hours: WorkingHours, now: datetime) -> float | None:
    """Promises of a kind kept for each hour of presence in the last week; None where too few were."""
    since = now - LOOK_BACK
    kept = session.scalar(
        select(func.count(Case.id)).where(
            Case.kind == kind, Case.kept_at >= since, Case.kept_at <= now, Case.state != CaseState.CANCELLED
        )
    )
    there = working_time(since, now, hours) / timedelta(hours=1)
    return kept / there if kept and kept >= LEAST_MEASURED and there else None
