"""The next case for somebody with free hands: the urgent before the others, then what is promised soonest."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.vocabulary import CaseKind, CaseState, Role, Urgency
from outreach_api.cases.presence import come_back
from outreach_api.cases.work_case import Assignee, accept

# Home visits are a team's, by appointment; the rest is desk work.
KINDS_OF: dict[Role, frozenset[CaseKind]] = {
    Role.AGENT: frozenset(CaseKind) - {CaseKind.HOME_VISIT},
    Role.SUPERVISOR: frozenset(CaseKind) - {CaseKind.HOME_VISIT},
    Role.TEAM_MEMBER: frozenset({CaseKind.IDENTITY}),
}


def take_next(session: Session, role: Role, staff_id: int, *, by: str, now: datetime) -> Case | None:
    """Accept the next open case of the role's kinds; None when nothing waits. Two who ask at once get two cases.

    Whoever asks for one is at their desk.

    Raises:
        HandsFull: they have enough in hand.
    """
    come_back(session, staff_id)
    found = None
    # One look each: the index then leads to the first, however many wait.
    for urgency in (Urgency.HIGH, Urgency.NORMAL):
        waits = (Case.state == CaseState.OPEN, Case.urgency == urgency, Case.kind.in_(KINDS_OF.get(role, frozenset())))
        query = select(Case.id).where(*waits).order_by(Case.due_at, Case.id).limit(1)
        found = session.scalar(query.with_for_update(skip_locked=True))
        if found is not None:
            break
    return accept(session, found, Assignee(staff_id=staff_id), by=by, now=now) if found is not None else None
