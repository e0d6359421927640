"""The two moments around a send: the point of no return before it, and what came of it after."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session, defer

from models.contact import Contact
from models.event import Event
from models.session import Sessions, lock_resident
from models.vocabulary import ContactState, EventKind
from outreach_api.channels.carrier import Accepted, Rejected, SendResult, Unknown
from outreach_api.delivery.claim import Claimed
from outreach_api.delivery.consequences import note_failure
from outreach_api.delivery.told import note_told
from scheduler.planning.guards import ALL_GUARDS, Guard, Guards
from scheduler.planning.stops import REFUSAL_OF_STOP, standing_stop

log = structlog.get_logger(__name__)


class Begun(StrEnum):
    YES = "yes"
    STOPPED = "stopped"
    HANDED_BACK = "handed_back"
    LOST = "lost"
    """Somebody else has the contact now."""


def begin_send(sessions: Sessions, claimed: Claimed, *, now: datetime, guards: Guards = ALL_GUARDS) -> Begun:
    """Mark, and commit, that the text is about to be handed to the carrier; anything but YES means: don't.

    A stop placed since the claim is seen here, under the resident's lock. A claimed contact without this mark was
    certainly not handed over, so that after a crash it can be planned again; with it, it can only be unknown.
    """
    with sessions.write() as session:
        if claimed.resident_id is not None:
            lock_resident(session, claimed.resident_id)
        if claimed.stoppable and guards.after_stop is Guard.ON:
            stop = standing_stop(session, resident_id=claimed.resident_id, phone_id=claimed.phone_id)
            if stop is not None:
                values = {"state": ContactState.CANCELLED, "refusal": REFUSAL_OF_STOP[stop], "settled_at": now}
                return Begun.STOPPED if _change(session, claimed, now=now, **values) else Begun.LOST
        if claimed.not_after is not None and now >= claimed.not_after:
            return Begun.HANDED_BACK if _hand_back(session, claimed, due_at=now, now=now) else Begun.LOST
        marked = _change(session, claimed, now=now, sent_at=now, attempts=Contact.attempts + 1)
        return Begun.YES if marked else Begun.LOST


def hand_back(sessions: Sessions, claimed: Claimed, *, due_at: datetime, now: datetime) -> None:
    """Give up a claim that was not begun."""
    with sessions.write() as session:
        _hand_back(session, claimed, due_at=due_at, now=now)


def settle(
    sessions: Sessions,
    claimed: Claimed,
    result: SendResult,
    *,
    provider: str,
    now: datetime,
    guards: Guards = ALL_GUARDS,
) -> None:
    """Write down what the carrier said, if the claim is still this worker's.

    A receipt may have overtaken the answer: then only the carrier's reference is added.
    """
    with sessions.write() as session:
        if _forgets_its_first_send(session, claimed, guards):
            _hand_back(session, claimed, due_at=now, now=now)
            return
        match result:
            case Accepted(provider_ref):
                _settle_accepted(session, claimed, provider_ref, provider=provider, now=now)
            case Rejected(retry_after_seconds=float() | int() as seconds):
                _hand_back(session, claimed, due_at=now + timedelta(seconds=seconds), now=now)
            case Rejected():
                _settle_rejected(session, claimed, result, provider=provider, now=now)
            case Unknown(detail):
                _change(session, claimed, now=now, state=ContactState.UNKNOWN, provider=provider)
                log.warning("send_unknown", contact=claimed.contact_id, detail=detail)


def _settle_accepted(session: Session, claimed: Claimed, provider_ref: str, *, provider: str, now: datetime) -> None:
    reference = {"provider": provider, "provider_ref": provider_ref}
    note_told(session, claimed.contact_id, now=now)
    if _change(session, claimed, now=now, state=ContactState.ACCEPTED, settled_at=now, **reference):
        return
    overtaken = (Contact.id == claimed.contact_id, Contact.fence == claimed.fence, Contact.provider_ref.is_(None))
    session.execute(update(Contact).where(*overtaken).values(**reference).execution_options(synchronize_session=False))


def _settle_rejected(session: Session, claimed: Claimed, result: Rejected, *, provider: str, now: datetime) -> None:
    why = {"cause": result.cause, "vendor_code": result.vendor_code, "provider": provider}
    if _change(session, claimed, now=now, state=ContactState.REJECTED, settled_at=now, **why):
        without_words = (defer(Contact.text), defer(Contact.variables))
        contact = session.scalars(select(Contact).where(Contact.id == claimed.contact_id).options(*without_words)).one()
        note_failure(session, contact, result.cause, now=now)
    log.info("send_rejected", contact=claimed.contact_id, cause=result.cause.value, vendor_code=result.vendor_code)


def _forgets_its_first_send(session: Session, claimed: Claimed, guards: Guards) -> bool:
    """Without its guard a sender has no memory of a send, as one without claim and fence after a crash."""
    if guards.duplicate_send is Guard.ON:
        return False
    return session.scalar(select(Contact.attempts).where(Contact.id == claimed.contact_id)) == 1


def _hand_back(session: Session, claimed: Claimed, *, due_at: datetime, now: datetime) -> bool:
    return _change(session, claimed, now=now, state=ContactState.PLANNED, due_at=due_at, sent_at=None, claimed_at=None)


def _change(session: Session, claimed: Claimed, *, now: datetime, **values: Any) -> bool:
    """Change the contact if it is still being sent under this fence; whether it was."""
    changed = session.scalar(
        update(Contact)
        .where(Contact.id == claimed.contact_id, Contact.fence == claimed.fence)
        .where(Contact.state == ContactState.SENDING)
        .values(**values)
        .returning(Contact.id)
        .execution_options(synchronize_session=False)
    )
    if changed is not None and "state" in values:
        facts = {"contact": claimed.contact_id, "state": values["state"].value}
        session.add(Event(at=now, kind=EventKind.CONTACT_CHANGED, facts=facts))
    return changed is not None
