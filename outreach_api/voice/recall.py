"""Calling off calls that still ring: a stop is immediate on every channel, ringing included (rule 1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

import structlog
from sqlalchemy import ColumnElement, Select, exists, or_, select, update
from sqlalchemy.orm import Session

from models.asking import ask
from models.call import Call
from models.contact import Contact
from models.conversation import ContactStop
from models.session import Sessions
from models.vocabulary import Channel, ContactState
from scheduler.planning.stops import REFUSAL_OF_STOP, SILENCED_PURPOSES

STOPS_AT_A_LOOK = 200
log = structlog.get_logger(__name__)


class CallsOff(Protocol):
    def call_off(self, provider_ref: str) -> bool:
        """Ask the carrier to end a call that nobody has taken yet; whether it was asked. Never raises."""


def call_off_stopped(sessions: Sessions, carrier: CallsOff, *, rings_for: timedelta, now: datetime) -> int:
    """Call off what rings for those who have stopped since it was placed; how many calls.

    Who has picked up hears the goodbye in the call itself: that is not cut off here. A call that could not be called
    off is tried again at the next look; should it be answered, its first word is an end.
    """
    called_off = 0
    for contact_id, ref in _ringing_against_a_stop(sessions, now - rings_for):
        done = carrier.call_off(ref)
        log.info("call_called_off", contact=contact_id, done=done)
        called_off += done
        if not done:
            _take_back(sessions, contact_id)
    return called_off


def _ringing_against_a_stop(sessions: Sessions, since: datetime) -> list[tuple[int, str]]:
    """Mark them as refused, and commit, before the carrier is asked: of several workers one asks."""
    with sessions.read() as session:
        stops = _placed_lately(session, since)
    if not stops:
        return []
    with sessions.write() as session:
        query = select(Contact).where(*_rings(stops, since)).order_by(Contact.id).with_for_update(skip_locked=True)
        contacts = session.scalars(query).all()
        for contact in contacts:
            contact.refusal = next(REFUSAL_OF_STOP[stop.reason] for stop in stops if _covers(stop, contact))
        return [(contact.id, contact.provider_ref or "") for contact in contacts]


def _placed_lately(session: Session, since: datetime) -> Sequence[ContactStop]:
    """Nearly always none, which one row of the table's end shows."""
    newest = ask(session, _newest()).scalar()
    if newest is None or newest < since:
        return []
    query = select(ContactStop).where(ContactStop.placed_at >= since, ContactStop.released_at.is_(None))
    found = session.scalars(query.order_by(ContactStop.id.desc()).limit(STOPS_AT_A_LOOK)).all()
    session.expunge_all()
    return found


@cache
def _newest() -> Select[datetime]:
    return select(ContactStop.placed_at).order_by(ContactStop.id.desc()).limit(1)


def _rings(stops: Sequence[ContactStop], since: datetime) -> tuple[ColumnElement[bool], ...]:
    residents = [stop.resident_id for stop in stops if stop.resident_id is not None]
    phones = [stop.phone_id for stop in stops if stop.phone_id is not None]
    return (
        or_(Contact.resident_id.in_(residents), Contact.phone_id.in_(phones)),
        Contact.channel == Channel.VOICE,
        Contact.state == ContactState.ACCEPTED,
        Contact.purpose.in_(SILENCED_PURPOSES),
        Contact.provider_ref.is_not(None),
        Contact.refusal.is_(None),
        Contact.sent_at >= since,
        ~exists().where(Call.contact_id == Contact.id),
    )


def _covers(stop: ContactStop, contact: Contact) -> bool:
    return contact.phone_id == stop.phone_id or (
        stop.resident_id is not None and contact.resident_id == stop.resident_id
    )


def _take_back(sessions: Sessions, contact_id: int) -> None:
    with sessions.write() as session:
        session.execute(
            update(Contact)
            .where(Contact.id == contact_id, Contact.state == ContactState.ACCEPTED)
            .values(refusal=None)
            .execution_options(synchronize_session=False)
        )
