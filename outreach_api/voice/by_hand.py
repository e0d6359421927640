"""One call placed by hand: planned like any other, so that stops, hours and budget are looked at when it goes out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.contact import Contact, ContactMatch
from models.match import Match
from models.resident import Phone, ResidentPhone
from models.vocabulary import Channel, ContactPurpose, PhoneState
from outreach_api.voice.lines import line
from scheduler.planning.situation import LADDER_PURPOSES, PUSHED_STATES

EXPIRES_AFTER = timedelta(days=1)
TAKE_CALLS = (PhoneState.USABLE, PhoneState.LANDLINE)


class CannotCall(ValueError):  # noqa: N818
    """There is nobody to call, no phone to call, or nothing to speak of; says which."""


def plan_call(session: Session, resident_id: int, *, now: datetime, phone_id: int | None = None) -> Contact:
    """Plan a call about everything that is open for the resident, due now. It takes no rung of the ladder.

    Raises:
        CannotCall: no open match, or no usable phone.
    """
    open_matches = (Match.resident_id == resident_id, Match.state.in_(PUSHED_STATES))
    matches = session.scalars(select(Match.id).where(*open_matches).order_by(Match.id)).all()
    if not matches:
        raise CannotCall("nothing is open for this resident")
    phone_id = phone_id or _first_phone(session, resident_id)
    if phone_id is None:
        raise CannotCall("this resident has no usable phone")
    contact = Contact(
        resident_id=resident_id,
        phone_id=phone_id,
        channel=Channel.VOICE,
        purpose=ContactPurpose.REMINDER,
        ladder_step=_rung_reached(session, matches),
        template_key="call.by_hand",
        variables={},
        text=line("opening"),
        created_at=now,
        due_at=now,
        expires_at=now + EXPIRES_AFTER,
    )
    session.add(contact)
    session.flush()
    numbered = enumerate(matches, start=1)
    session.add_all(ContactMatch(contact_id=contact.id, match_id=match, number=number) for number, match in numbered)
    return contact


def owner_of(session: Session, number_index: str) -> tuple[int, int]:
    """The resident to ask for on a phone, and the phone.

    Raises:
        CannotCall: the number is nobody's.
    """
    query = (
        select(ResidentPhone.resident_id, Phone.id)
        .join(Phone, Phone.id == ResidentPhone.phone_id)
        .where(Phone.number_index == number_index)
        .order_by(ResidentPhone.rank, ResidentPhone.id)
    )
    found = session.execute(query.limit(1)).first()
    if found is None:
        raise CannotCall("this number is nobody's that we know")
    return found[0], found[1]


def _first_phone(session: Session, resident_id: int) -> int | None:
    usable = (ResidentPhone.resident_id == resident_id, Phone.state.in_(TAKE_CALLS))
    query = select(Phone.id).join(ResidentPhone, ResidentPhone.phone_id == Phone.id).where(*usable)
    return session.scalar(query.order_by(ResidentPhone.rank, ResidentPhone.id).limit(1))


def _rung_reached(session: Session, matches: object) -> int:
    of_these = ContactMatch.match_id.in_(matches)  # type: ignore[arg-type]
    query = select(func.max(Contact.ladder_step)).join(ContactMatch, ContactMatch.contact_id == Contact.id)
    return session.scalar(query.where(of_these, Contact.purpose.in_(LADDER_PURPOSES))) or 0
