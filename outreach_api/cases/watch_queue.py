"""The hourly look at the queue: what closes soon is marked, what is late or will be goes up the ladder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.session import Sessions
from models.vocabulary import CaseKind, EscalationLevel, PriorityMark, Urgency
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
    """Look at every case whose promise is not kept yet. A second look at the same time finds nothing to do."""
    found = Watched()
    with sessions.write() as session:
        hours = hours_in_force(session)
        foretold = {turn.case_id for kind in CaseKind for turn in forecast(session, kind, hours, now)}
        running = select(Case).where(Case.state.in_(OPEN_CASE_STATES), Case.kept_at.is_(None)).order_by(Case.id)
        for case in session.scalars(running):
            found.marked += _mark(session, case, cards, hours, now)
            found.escalated += _escalate(session, case, hours, now, foretold_late=case.id in foretold)
    return found


def _mark(session: Session, case: Case, cards: Mapping[str, Card], hours: WorkingHours, now: datetime) -> bool:
    card = cards.get(case.policy_id or "")
    today = now.astimezone(hours.zone).date()
    if card is None or PriorityMark.DEADLINE_NEAR in case.marks or not is_deadline_near(card.closes_on(today), today):
        return False
    case.marks = [*case.marks, PriorityMark.DEADLINE_NEAR.value]
    case.urgency = Urgency.HIGH
    record_change(session, case, "marked", by=BY, now=now, detail={"mark": PriorityMark.DEADLINE_NEAR.value})
    return True


def _escalate(session: Session, case: Case, hours: WorkingHours, now: datetime, *, foretold_late: bool) -> bool:
    promise = Promised(case.opened_at, case.due_at, case.kept_at, foretold_late)
    level = level_due(promise, hours, now)
    if not is_higher(level, than=case.escalation):
        return False
    case.escalation = level
    if level is not EscalationLevel.TEAM:
        case.urgency = Urgency.HIGH
    record_change(session, case, "escalated", by=BY, now=now, detail={"level": level.value})
    return True
