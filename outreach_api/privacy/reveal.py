"""Showing what is masked: to a named person, for a stated purpose that is open, for a while, on the record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import Appointment, Case
from models.conversation import Conversation
from models.event import AuditEntry
from models.resident import Resident
from models.staff import Staff
from models.vocabulary import AppointmentState, CaseState, Role
from outreach_api.cases.open_case import OPEN_CASE_STATES, hours_in_force

SHORTEST_PURPOSE = 4
LONGEST_PURPOSE = 200
SHOWN_FOR = timedelta(minutes=2)
"""Then a page masks it again; whoever still needs it asks again."""
COUNTED_OVER = timedelta(hours=1)
MOST_AN_HOUR = {Role.SUPERVISOR: 120}
USUAL_AN_HOUR = 30
LOOK = "reveal."


class RevealRefused(ValueError):  # noqa: N818
    """Nothing is shown; says why."""


class NothingOpen(RevealRefused):
    """They have nothing to do with this person now."""


class TooManyReveals(RevealRefused):
    """They have looked at as many as one person looks at in an hour: a supervisor has to."""


class Detail(StrEnum):
    NAME = "name"
    PHONE = "phone"
    ID_NUMBER = "id_number"
    ADDRESS = "address"


READ: dict[Detail, Callable[[Resident], str | None]] = {
    Detail.NAME: lambda resident: resident.name,
    Detail.PHONE: lambda resident: "、".join(link.phone.number for link in resident.phones),
    Detail.ID_NUMBER: lambda resident: resident.id_number,
    Detail.ADDRESS: lambda resident: resident.address,
}


def reveal(session: Session, resident_id: int, detail: Detail, *, actor: str, purpose: str, now: datetime) -> str:
    """The value in full, and an audit entry in the same transaction. An absent value is an empty text, also audited.

    Raises:
        RevealRefused: the purpose says nothing, or there is no such resident or member of staff.
        NothingOpen: they have nothing to do with this resident now.
        TooManyReveals: they have looked at too many of late.
    """
    stated = " ".join(purpose.split())
    if not SHORTEST_PURPOSE <= len(stated) <= LONGEST_PURPOSE:
        raise RevealRefused(f"state the purpose in {SHORTEST_PURPOSE} to {LONGEST_PURPOSE} characters")
    resident = session.get(Resident, resident_id)
    if resident is None:
        raise RevealRefused(f"there is no resident {resident_id}")
    number = actor.removeprefix("staff:")
    # Held, so that two looks at once are counted one after the other.
    who = session.get(Staff, int(number), with_for_update=True) if number.isdecimal() else None
    if who is None:
        raise RevealRefused("a member of staff answers for this")
    if not has_something_open(session, who, resident_id, now=now):
        raise NothingOpen("nothing of this resident is open for them: what is closed is not shown in full")
    if looks_of(session, actor, since=now - COUNTED_OVER) >= MOST_AN_HOUR.get(who.role, USUAL_AN_HOUR):
        raise TooManyReveals("as many as one person looks at in an hour; ask a supervisor")
    session.add(
        AuditEntry(
            at=now,
            actor=actor,
            action=f"{LOOK}{detail.value}",
            subject=f"resident:{resident_id}",
            purpose=stated,
        )
    )
    return READ[detail](resident) or ""


def looks_of(session: Session, actor: str, *, since: datetime) -> int:
    """How many values somebody was shown since then."""
    mine = (AuditEntry.actor == actor, AuditEntry.at > since, AuditEntry.action.startswith(LOOK))
    return session.scalar(select(func.count(AuditEntry.id)).where(*mine)) or 0


def has_something_open(session: Session, who: Staff, resident_id: int, *, now: datetime) -> bool:
    """Whether somebody has an open purpose with a resident.

    A visiting team has on the day it goes there, and with an identity case in its own hands; an agent while a case of
    theirs is unfinished or they talk to them; a supervisor always.
    """
    theirs = Case.resident_id == resident_id
    match who.role:
        case Role.SUPERVISOR:
            return True
        case Role.TEAM_MEMBER:
            today = now.astimezone(hours_in_force(session).zone).date()
            goes = select(Appointment.id).join(Case, Case.id == Appointment.case_id)
            day = (Appointment.team_id == who.team_id, Appointment.on == today)
            ways = [
                goes.where(theirs, *day, Appointment.state == AppointmentState.STANDING),
                select(Case.id).where(theirs, Case.staff_id == who.id, Case.state == CaseState.ACCEPTED),
            ]
        case _:
            talks = (Conversation.resident_id == resident_id, Conversation.taken_over_by == who.id)
            ways = [
                select(Case.id).where(theirs, Case.state.in_(OPEN_CASE_STATES)),
                select(Conversation.id).where(*talks),
            ]
    return any(session.scalar(way.limit(1)) is not None for way in ways)
