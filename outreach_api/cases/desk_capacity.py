"""The agents' time as outreach sees it: what they can answer within what is promised, less what comes anyway."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.case import Case
from models.contact import Contact
from models.vocabulary import CaseKind, ContactPurpose, ContactState
from outreach_api.cases.open_case import OPEN_CASE_STATES, hours_in_force
from outreach_api.cases.presence import presence_between, rosters
from outreach_api.cases.promises import WorkingHours, after_working_hours, working_time
from scheduler.planning.release import DeskRoom, FollowAgents

ANSWERED_WITHIN_HOURS = 2.0
"""What is promised to whoever asks for a person, in working time; replies to a text mostly come as fast."""
LOOK_BACK = timedelta(days=30)
LEAST_MEASURED = 300
"""Fewer texts say nothing about the share of them that ends with a person."""
ONE_HOUR = timedelta(hours=1)
LONGEST_CLOSED = timedelta(days=15)
ASKING = (ContactPurpose.OFFER, ContactPurpose.REMINDER)
AT_THE_DESK = tuple(kind for kind in CaseKind if kind is not CaseKind.HOME_VISIT)
UNSENT = (ContactState.CANCELLED, ContactState.REJECTED, ContactState.NOT_SENT)


def room_at_desks(session: Session, follow: FollowAgents, now: datetime) -> DeskRoom | None:
    """The room there is now; None where there is no agent, so that there is nothing to follow.

    It is what the agents who are there can answer in the next two working hours, less what has to be answered by then,
    and less what is expected of the texts of the last two: those that wait for the morning count in the evening too.
    """
    there = rosters(session)
    if not there:
        return None
    hours = hours_in_force(session)
    end = after_working_hours(ANSWERED_WITHIN_HOURS, now, hours)
    hours_there = presence_between(there.values(), now, end, hours) / ONE_HOUR
    share = measured_share(session, now) or follow.share
    free = hours_there * follow.per_hour - _due_by(session, end)
    on_their_way = _asked_since(session, _working_hours_ago(ANSWERED_WITHIN_HOURS, now, hours))
    return DeskRoom(int(free / share) - on_their_way)


def measured_share(session: Session, now: datetime) -> float | None:
    """Of the texts and calls of the last month, the share that ended with a person; None where they were too few."""
    since = now - LOOK_BACK
    asked = _asked_since(session, since)
    if asked < LEAST_MEASURED:
        return None
    came = select(func.count(Case.id)).where(
        Case.kind.in_(AT_THE_DESK), Case.conversation_id.is_not(None), Case.opened_at >= since
    )
    return max(session.scalar(came) or 0, 1) / asked


def desk_load(session: Session) -> dict[str, float | int | None]:
    """How many were asked something in all, how many cases came of it, and the share that is."""
    asked = select(func.count(Contact.id)).where(Contact.purpose.in_(ASKING), Contact.sent_at.is_not(None))
    came = select(func.count(Case.id)).where(Case.kind.in_(AT_THE_DESK), Case.conversation_id.is_not(None))
    sent, cases = session.scalar(asked) or 0, session.scalar(came) or 0
    return {"contacts": sent, "cases": cases, "share": cases / sent if sent else None}


def _asked_since(session: Session, since: datetime) -> int:
    asked = select(func.count(Contact.id)).where(
        Contact.purpose.in_(ASKING),
        Contact.state.not_in(UNSENT),
        or_(Contact.sent_at >= since, Contact.sent_at.is_(None) & (Contact.due_at >= since)),
    )
    return session.scalar(asked) or 0


def _due_by(session: Session, end: datetime) -> int:
    waiting = select(func.count(Case.id)).where(
        Case.kind.in_(AT_THE_DESK), Case.state.in_(OPEN_CASE_STATES), Case.kept_at.is_(None), Case.due_at <= end
    )
    return session.scalar(waiting) or 0


def _working_hours_ago(amount: float, now: datetime, hours: WorkingHours) -> datetime:
    start = now - timedelta(hours=amount)
    while working_time(start, now, hours) < timedelta(hours=amount) and now - start < LONGEST_CLOSED:
        start -= ONE_HOUR
    return start
