"""Standing orders not to contact. A stop is immediate, and only a person releases it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import bindparam, null, or_, select, union_all, update
from sqlalchemy.orm import Session

from models.asking import AnyUnion, ask, ids
from models.contact import Contact
from models.conversation import ContactStop
from models.event import Event
from models.vocabulary import PROACTIVE_PURPOSES, ContactPurpose, ContactState, EventKind, Refusal, StopReason

REFUSAL_OF_STOP = {
    StopReason.OPT_OUT: Refusal.OPTED_OUT,
    StopReason.WRONG_NUMBER: Refusal.WRONG_NUMBER,
    StopReason.DECEASED: Refusal.DECEASED,
}
GRAVITY = (StopReason.DECEASED, StopReason.OPT_OUT, StopReason.WRONG_NUMBER)
# What a stop silences. The one acknowledgement of the stop itself is queued after it and goes out.
SILENCED_PURPOSES = PROACTIVE_PURPOSES | {ContactPurpose.REPLY}


@dataclass(frozen=True)
class StopScope:
    """Whom a stop covers: opt_out and deceased both, wrong_number the phone alone."""

    resident_id: int | None
    phone_id: int | None


def place_stop(
    session: Session, reason: StopReason, scope: StopScope, *, placed_by: str, message_id: int | None, now: datetime
) -> ContactStop:
    """Place a stop and cancel everything queued under it, in the caller's transaction."""
    stop = ContactStop(
        reason=reason,
        resident_id=None if reason is StopReason.WRONG_NUMBER else scope.resident_id,
        phone_id=scope.phone_id,
        message_id=message_id,
        placed_at=now,
        placed_by=placed_by,
    )
    session.add(stop)
    session.add(Event(at=now, kind=EventKind.STOP_PLACED, facts={"reason": reason.value}))
    cancel_under(session, stop, now=now)
    return stop


# Kept: it is asked at every turn of every talk, and to put it together takes as long as to answer it.
# An unknown owner is null there, and equal to nothing.
_STANDING = select(ContactStop.reason).where(
    ContactStop.released_at.is_(None),
    or_(ContactStop.resident_id == bindparam("resident_id"), ContactStop.phone_id == bindparam("phone_id")),
)


def standing_stop(session: Session, *, resident_id: int | None, phone_id: int | None) -> StopReason | None:
    """The gravest stop in force for this resident or this phone, or None."""
    in_force = session.scalars(_STANDING, {"resident_id": resident_id, "phone_id": phone_id}).all()
    return next((reason for reason in GRAVITY if reason in in_force), None)


class StopsInForce(NamedTuple):
    """The gravest stop in force for each resident and each phone that has one."""

    residents: dict[int, StopReason]
    phones: dict[int, StopReason]


def stops_in_force(session: Session, resident_ids: Collection[int], phone_ids: Collection[int]) -> StopsInForce:
    """The stops of these residents and of these phones, in one look."""
    found = StopsInForce({}, {})
    for resident_id, phone_id, reason in ask(session, _in_force(), residents=resident_ids, phones=phone_ids):
        for gravest, owner in ((found.residents, resident_id), (found.phones, phone_id)):
            if owner is not None:
                gravest[owner] = min(gravest.get(owner, reason), reason, key=GRAVITY.index)
    return found


def stops_of_residents(session: Session, resident_ids: Collection[int]) -> dict[int, StopReason]:
    """The gravest stop in force for each of these residents who has one."""
    return stops_in_force(session, resident_ids, ()).residents


def stops_of_phones(session: Session, phone_ids: Collection[int]) -> dict[int, StopReason]:
    """The gravest stop in force for each of these phones that has one."""
    return stops_in_force(session, (), phone_ids).phones


@cache
def _in_force() -> AnyUnion:
    """Two looks in one query: by either column the table has an index of its own."""
    stands = ContactStop.released_at.is_(None)
    residents = select(ContactStop.resident_id, null().label("phone_id"), ContactStop.reason)
    phones = select(null(), ContactStop.phone_id, ContactStop.reason)
    return union_all(
        residents.where(ContactStop.resident_id.in_(ids("residents")), stands),
        phones.where(ContactStop.phone_id.in_(ids("phones")), stands),
    )


def release_stop(session: Session, stop: ContactStop, *, by: str, why: str, now: datetime) -> None:
    """Release a stop, by a person and with a reason. What it cancelled stays cancelled: the planner plans anew."""
    stop.released_at = now
    stop.released_by = by
    stop.release_reason = why


def cancel_under(session: Session, stop: ContactStop, *, now: datetime) -> None:
    """Cancel what is queued to whom a stop covers."""
    session.flush()
    owners = []
    if stop.resident_id is not None:
        owners.append(Contact.resident_id == stop.resident_id)
    if stop.phone_id is not None:
        owners.append(Contact.phone_id == stop.phone_id)
    session.execute(
        update(Contact)
        .where(or_(*owners), Contact.state == ContactState.PLANNED, Contact.purpose.in_(SILENCED_PURPOSES))
        .values(state=ContactState.CANCELLED, refusal=REFUSAL_OF_STOP[stop.reason], settled_at=now)
        .execution_options(synchronize_session="fetch")
    )
