"""The two moments around a send: the point of no return before it, and what came of it after.

Both take a few contacts at a time, those that are handed to the carrier together: a disk makes a commit durable in the
same time for one as for twenty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

import structlog
from sqlalchemy import Select, bindparam, select, tuple_, update
from sqlalchemy.orm import Session, defer
from sqlalchemy.sql.dml import ReturningUpdate

from models.asking import ask, ids
from models.bulk import change_rows, insert_rows
from models.contact import Contact
from models.event import Event
from models.session import Sessions, lock_residents
from models.vocabulary import ContactState, EventKind, StopReason
from outreach_api.channels.carrier import Accepted, Rejected, SendResult, Unknown
from outreach_api.delivery.claim import Claimed
from outreach_api.delivery.consequences import note_failure
from outreach_api.delivery.told import note_told
from scheduler.planning.guards import ALL_GUARDS, Guard, Guards
from scheduler.planning.stops import GRAVITY, REFUSAL_OF_STOP, stops_in_force

log = structlog.get_logger(__name__)


class Begun(StrEnum):
    YES = "yes"
    STOPPED = "stopped"
    HANDED_BACK = "handed_back"
    LOST = "lost"
    """Somebody else has the contact now."""


def begin_send(sessions: Sessions, claimed: Claimed, *, now: datetime, guards: Guards = ALL_GUARDS) -> Begun:
    """`begin_sends` of one."""
    return begin_sends(sessions, [claimed], now=now, guards=guards)[0]


def begin_sends(
    sessions: Sessions, together: Sequence[Claimed], *, now: datetime, guards: Guards = ALL_GUARDS
) -> list[Begun]:
    """Mark, and commit, that these texts are about to be handed to the carrier; anything but YES means: not this one.

    A stop placed since the claim is seen here, under the residents' locks. A claimed contact without this mark was
    certainly not handed over, so that after a crash it can be planned again; with it, it can only be unknown. So no
    more are begun than are handed over at once.
    """
    with sessions.write() as session:
        lock_residents(session, {claimed.resident_id for claimed in together if claimed.resident_id is not None})
        stops = _stops(session, together) if guards.after_stop is Guard.ON else {}
        outcomes = {claimed.contact_id: _withhold(session, claimed, stops, now=now) for claimed in together}
        ours = _mark(session, [claimed for claimed in together if outcomes[claimed.contact_id] is None], now=now)
        begun = {True: Begun.YES, False: Begun.LOST}
        return [outcomes[claimed.contact_id] or begun[claimed.contact_id in ours] for claimed in together]


def hand_back(sessions: Sessions, together: Sequence[Claimed], *, due_at: datetime, now: datetime) -> None:
    """Give up claims that were not begun."""
    with sessions.write() as session:
        for claimed in together:
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
    """`settle_all` of one."""
    settle_all(sessions, [(claimed, result)], provider=provider, now=now, guards=guards)


def settle_all(
    sessions: Sessions,
    results: Sequence[tuple[Claimed, SendResult]],
    *,
    provider: str,
    now: datetime,
    guards: Guards = ALL_GUARDS,
) -> None:
    """Write down what the carrier said of each, where the claim is still this worker's.

    A receipt may have overtaken the answer: then only the carrier's reference is added.
    """
    with sessions.write() as session:
        accepted: dict[int, tuple[Claimed, Accepted]] = {}
        for claimed, result in results:
            if _forgets_its_first_send(session, claimed, guards):
                _hand_back(session, claimed, due_at=now, now=now)
                continue
            match result:
                case Accepted():
                    accepted[claimed.contact_id] = (claimed, result)
                case Rejected(retry_after_seconds=float() | int() as seconds):
                    _hand_back(session, claimed, due_at=now + timedelta(seconds=seconds), now=now)
                case Rejected():
                    _settle_rejected(session, claimed, result, provider=result.provider or provider, now=now)
                case Unknown(detail):
                    by = result.provider or provider
                    _change(session, claimed, now=now, state=ContactState.UNKNOWN, provider=by)
                    log.warning("send_unknown", contact=claimed.contact_id, detail=detail)
        if accepted:
            _settle_accepted(session, accepted, provider=provider, now=now)


def _stops(session: Session, together: Sequence[Claimed]) -> dict[int, StopReason]:
    """The gravest stop in force for the resident or the phone of each, by contact."""
    stoppable = [claimed for claimed in together if claimed.stoppable]
    residents = {claimed.resident_id for claimed in stoppable if claimed.resident_id is not None}
    stops = stops_in_force(session, residents, {claimed.phone_id for claimed in stoppable})
    found: dict[int, StopReason] = {}
    for claimed in stoppable:
        both = (stops.residents.get(claimed.resident_id or 0), stops.phones.get(claimed.phone_id))
        in_force = [stop for stop in both if stop is not None]
        if in_force:
            found[claimed.contact_id] = min(in_force, key=GRAVITY.index)
    return found


def _withhold(session: Session, claimed: Claimed, stops: Mapping[int, StopReason], *, now: datetime) -> Begun | None:
    """Cancel what was stopped meanwhile and hand back what is too late; None: it may go."""
    stop = stops.get(claimed.contact_id)
    if stop is not None:
        values = {"state": ContactState.CANCELLED, "refusal": REFUSAL_OF_STOP[stop], "settled_at": now}
        return Begun.STOPPED if _change(session, claimed, now=now, **values) else Begun.LOST
    if claimed.not_after is not None and now >= claimed.not_after:
        return Begun.HANDED_BACK if _hand_back(session, claimed, due_at=now, now=now) else Begun.LOST
    return None


def _mark(session: Session, going: Collection[Claimed], *, now: datetime) -> frozenset[int]:
    """Which of these are still being sent under this worker's fence, and are now marked as handed over."""
    pairs = [(claimed.contact_id, claimed.fence) for claimed in going]
    return frozenset(ask(session, _marked(), pairs=pairs, now=now).scalars()) if pairs else frozenset()


@cache
def _marked() -> ReturningUpdate[int]:
    now = bindparam("now", type_=Contact.sent_at.type)
    return (
        update(Contact)
        .where(tuple_(Contact.id, Contact.fence).in_(ids("pairs")))
        .where(Contact.state == ContactState.SENDING)
        .values(sent_at=now, attempts=Contact.attempts + 1)
        .returning(Contact.id)
    )


def _settle_accepted(
    session: Session, accepted: Mapping[int, tuple[Claimed, Accepted]], *, provider: str, now: datetime
) -> None:
    # Contacts before residents, as receipts lock them.
    rows = ask(session, _standing(), contacts=list(accepted))
    ours = [row for row in rows if row.fence == accepted[row.id][0].fence]
    note_told(session, list(accepted), now=now)
    settled = [row.id for row in ours if row.state is ContactState.SENDING]
    overtaken = [row.id for row in ours if row.state is not ContactState.SENDING and row.provider_ref is None]
    reference = {
        contact_id: {"provider": result.provider or provider, "provider_ref": result.provider_ref}
        for contact_id, (_, result) in accepted.items()
    }
    if settled:
        taken = {"state": ContactState.ACCEPTED, "settled_at": now}
        change_rows(session, Contact, [{"id": number, **taken, **reference[number]} for number in settled])
        facts = [{"contact": number, "state": ContactState.ACCEPTED.value} for number in settled]
        same = {"at": now, "kind": EventKind.CONTACT_CHANGED}
        insert_rows(session, Event, [{**same, "facts": fact} for fact in facts])
    if overtaken:
        change_rows(session, Contact, [{"id": number, **reference[number]} for number in overtaken])


@cache
def _standing() -> Select[int, int, ContactState, str | None]:
    columns = (Contact.id, Contact.fence, Contact.state, Contact.provider_ref)
    return select(*columns).where(Contact.id.in_(ids("contacts"))).order_by(Contact.id).with_for_update()


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
