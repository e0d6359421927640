"""The hourly look at the queue: what closes soon is marked, what is late or will be goes up the ladder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Protocol

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from models.asking import ids
from models.case import Case
from models.session import Sessions
from models.vocabulary import EscalationLevel, PriorityMark, Urgency
from outreach_api.cases.escalation import Promised, is_higher, level_due
from outreach_api.cases.forecast import forecast
from outreach_api.cases.open_case import OPEN_CASE_STATES, hours_in_force, record_change
from outreach_api.cases.priorities import is_deadline_near
from outreach_api.cases.promises import WorkingHours

BY = "system"


class Card(Protocol):
    def closes_on(self, today: date) -> date | None: ...


@dataclass
class Watched:
    escalated: int = 0
    marked: int = 0

    def facts(self) -> dict[str, Any]:
        return {"escalated": self.escalated, "marked": self.marked}


def watch_queue(sessions: Sessions, cards: Mapping[str, Card], *, now: datetime) -> Watched:
    """Look at every case whose promise is not kept yet. A second look at the same time finds nothing to do.

    Higher than the top of the ladder nothing goes: what is there already is left alone.
    """
    found = Watched()
    with sessions.write() as session:
        hours = hours_in_force(session)
        closing = _closing_soon(cards, now.astimezone(hours.zone).date())
        cases = session.scalars(_to_watch(), {"closing": list(closing)}).all()
        kinds = sorted({case.kind for case in cases})
        foretold = {turn.case_id for kind in kinds for turn in forecast(session, kind, hours, now)}
        for case in cases:
            found.marked += case.policy_id in closing and _mark(session, case, now)
            found.escalated += _escalate(session, case, hours, now, foretold_late=case.id in foretold)
    return found


@cache
def _to_watch() -> Select[Case]:
    running = select(Case).where(Case.state.in_(OPEN_CASE_STATES), Case.kept_at.is_(None)).order_by(Case.id)
    return running.where(or_(Case.escalation != EscalationLevel.DISTRICT, Case.policy_id.in_(ids("closing"))))


def _closing_soon(cards: Mapping[str, Card], today: date) -> set[str]:
    return {policy_id for policy_id, card in cards.items() if is_deadline_near(card.closes_on(today), today)}


def _mark(session: Session, case: Case, now: datetime) -> bool:
    if PriorityMark.DEADLINE_NEAR in case.marks:
        return False
    case.marks = [*case.marks, PriorityMark.DEADLINE_NEAR.value]
    case.urgency = Urgency.HIGH
    record_change(session, case, "marked", by=BY, now=now, detail={"mark": PriorityMark.DEADLINE_NEAR.value})
    return True


def _escalate(session: Session, case: Case, hours: WorkingHours, now: datetime, *, foretold_late: bool) -> bool:
    if case.escalation is EscalationLevel.DISTRICT:
        return False
    promise = Promised(case.opened_at, case.due_at, case.kept_at, foretold_late)
    level = level_due(promise, hours, now)
    if not is_higher(level, than=case.escalation):
        return False
    case.escalation = level
    if level is not EscalationLevel.TEAM:
        case.urgency = Urgency.HIGH
    record_change(session, case, "escalated", by=BY, now=now, detail={"level": level.value})
    return True
