"""Settling what is unknown: by a receipt that comes, or by the carrier's own listing. Nothing is ever resent here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select, update
from sqlalchemy.orm import Session

from models.contact import Contact
from models.event import Event
from models.resident import Phone
from models.session import Sessions
from models.vocabulary import Channel, ContactPurpose, ContactState, EventKind
from outreach_api.channels.carrier import ListedMessage, Listing, TextCarrier
from outreach_api.channels.vendor_codes import cause_of_code
from outreach_api.delivery.consequences import note_deliveries, note_failure
from outreach_api.delivery.told import note_told
from scheduler.planning.situation import LADDER_PURPOSES

STUCK_AFTER = timedelta(minutes=1)
FIRST_LISTING_AFTER = timedelta(minutes=1)
BETWEEN_LISTINGS = timedelta(minutes=10)
LISTINGS_THAT_SETTLE = 2
# Our clock and the carrier's may differ by so much.
CLOCKS_DIFFER_BY = timedelta(minutes=2)

log = structlog.get_logger(__name__)


@dataclass
class ReconcileReport:
    handed_back: int = 0
    """Claimed by a worker that died before it began to send: planned again."""
    given_up: int = 0
    """Being sent by a worker that died: unknown from now on."""
    found: int = 0
    not_sent: int = 0
    still_unknown: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self) if one.name != "still_unknown")


@dataclass(frozen=True)
class _Open:
    """An unknown contact, as far as a listing can recognise it."""

    contact_id: int
    channel: Channel
    to: str
    text: str
    sent_at: datetime
    last_listed_at: datetime | None
    provider: str | None = None


def reconcile_unknown(sessions: Sessions, carriers: Mapping[Channel, TextCarrier], *, now: datetime) -> ReconcileReport:
    """Free what dead workers hold, then list at each carrier what is unknown and settle what the listing shows.

    A contact absent from two complete listings, at least ten minutes apart, was not sent. An incomplete listing proves
    presence but never absence.
    """
    report = ReconcileReport()
    if not _anything_open(sessions):
        return report
    _free_stuck(sessions, report, now=now)
    for channel, open_ones in _due_for_listing(sessions, now=now).items():
        carrier = carriers.get(channel)
        if carrier is None:
            continue
        known, others = _of_carrier(open_ones, carrier)
        report.still_unknown += others
        if not known:
            continue
        since = min(one.sent_at for one in known) - CLOCKS_DIFFER_BY
        listing = carrier.sent_between(since, now + CLOCKS_DIFFER_BY)
        with sessions.write() as session:
            _settle_by_listing(session, known, listing, carrier.name, report, now=now)
    return report


def _of_carrier(open_ones: list[_Open], carrier: TextCarrier) -> tuple[list[_Open], int]:
    """Those that this carrier's listing can speak of, and how many it can't: what another was given, it never shows."""
    if not getattr(carrier, "minds_its_own_health", False):
        return open_ones, 0
    own = [one for one in open_ones if one.provider == carrier.name]
    return own, len(open_ones) - len(own)


def take_listed(
    session: Session, channel: Channel, listing: Listing, provider: str, *, now: datetime
) -> tuple[int, list[ListedMessage]]:
    """Settle by a listing what is unknown, and bring what is known up to it; absence is not counted.

    Returns how many unknown ones it showed, and the messages in it that are no contact of ours.
    """
    _catch_up(session, listing, provider, now=now)
    free: dict[str, list[ListedMessage]] = defaultdict(list)
    for message in _unclaimed(session, listing):
        free[message.to].append(message)
    query = (
        select(Contact, Phone.number)
        .join(Phone, Phone.id == Contact.phone_id)
        .where(Contact.state == ContactState.UNKNOWN, Contact.channel == channel)
        .order_by(Contact.id)
        .with_for_update(of=Contact)
    )
    found = 0
    for contact, number in session.execute(query).all():
        one = _Open(contact.id, channel, number, contact.text, contact.sent_at or now, contact.last_listed_at)
        shown = next((listed for listed in free[number] if _is_same(one, listed)), None)
        if shown is not None:
            free[number].remove(shown)
            _settle_found(session, contact, shown, provider, now=now)
            found += 1
    return found, [message for left in free.values() for message in left]


def _catch_up(session: Session, listing: Listing, provider: str, *, now: datetime) -> None:
    """Contacts whose receipts were lost: what the carrier lists is what those would have said."""
    by_ref = {message.provider_ref: message for message in listing.messages}
    query = select(Contact).where(Contact.state == ContactState.ACCEPTED, Contact.provider == provider)
    for contact in session.scalars(query.with_for_update()):
        message = by_ref.get(contact.provider_ref or "")
        if message is not None and message.state is not ContactState.ACCEPTED:
            _settle_found(session, contact, message, provider, now=now)


def last_listed() -> ScalarSelect[datetime | None]:
    """When the unknown contact that was listed longest ago was."""
    listed = select(func.min(Contact.last_listed_at, type_=Contact.last_listed_at.type))
    return listed.where(Contact.state == ContactState.UNKNOWN, Contact.last_listed_at.is_not(None)).scalar_subquery()


def last_unlisted() -> ScalarSelect[datetime | None]:
    """When the longest claimed contact was that no listing was asked about yet."""
    unknown = and_(Contact.state == ContactState.UNKNOWN, Contact.last_listed_at.is_(None))
    unlisted = select(func.min(Contact.claimed_at, type_=Contact.claimed_at.type))
    return unlisted.where(or_(unknown, Contact.state == ContactState.SENDING)).scalar_subquery()


def _anything_open(sessions: Sessions) -> bool:
    open_states = (ContactState.SENDING, ContactState.UNKNOWN)
    with sessions.read() as session:
        return session.scalar(select(Contact.id).where(Contact.state.in_(open_states)).limit(1)) is not None


def _free_stuck(sessions: Sessions, report: ReconcileReport, *, now: datetime) -> None:
    """A raised fence shuts out the worker, should it live after all."""
    # Without the mark of `begin_send` it was certainly not handed over.
    not_begun = (Contact.sent_at.is_(None), Contact.claimed_at <= now - STUCK_AFTER)
    with sessions.write() as session:
        report.handed_back = _free(session, not_begun, ContactState.PLANNED, now=now)
        report.given_up = _free(session, (Contact.sent_at <= now - STUCK_AFTER,), ContactState.UNKNOWN, now=now)


def _free(session: Session, stuck: Sequence[ColumnElement[bool]], state: ContactState, *, now: datetime) -> int:
    freed = session.scalars(
        update(Contact)
        .where(Contact.state == ContactState.SENDING, *stuck)
        .values(state=state, fence=Contact.fence + 1)
        .returning(Contact.id)
        .execution_options(synchronize_session=False)
    ).all()
    for contact_id in freed:
        _note(session, contact_id, state, now=now)
    return len(freed)


def _due_for_listing(sessions: Sessions, *, now: datetime) -> dict[Channel, list[_Open]]:
    due = or_(
        and_(Contact.last_listed_at.is_(None), Contact.claimed_at <= now - FIRST_LISTING_AFTER),
        Contact.last_listed_at <= now - BETWEEN_LISTINGS,
    )
    query = (
        select(
            Contact.id,
            Contact.channel,
            Phone.number,
            Contact.text,
            Contact.sent_at,
            Contact.last_listed_at,
            Contact.provider,
        )
        .join(Phone, Phone.id == Contact.phone_id)
        .where(Contact.state == ContactState.UNKNOWN, due)
        .order_by(Contact.id)
    )
    found: dict[Channel, list[_Open]] = defaultdict(list)
    with sessions.read() as session:
        for contact_id, channel, to, text, sent_at, last_listed_at, provider in session.execute(query):
            one = _Open(contact_id, channel, to, text, sent_at or now, last_listed_at, provider)
            found[channel].append(one)
    return found


def _settle_by_listing(
    session: Session,
    open_ones: Sequence[_Open],
    listing: Listing,
    provider: str,
    report: ReconcileReport,
    *,
    now: datetime,
) -> None:
    unknown = select(Contact).where(Contact.state == ContactState.UNKNOWN)
    query = unknown.where(Contact.id.in_([one.contact_id for one in open_ones])).order_by(Contact.id).with_for_update()
    contacts = {contact.id: contact for contact in session.scalars(query)}
    # After the lock: what another worker has just found is then no longer free.
    free = _unclaimed(session, listing)
    for one in open_ones:
        contact = contacts.get(one.contact_id)
        if contact is None or contact.last_listed_at != one.last_listed_at:
            continue  # A receipt was faster, or another worker: two listings at once are not two in a row.
        message = next((listed for listed in free if _is_same(one, listed)), None)
        if message is not None:
            free.remove(message)
            _settle_found(session, contact, message, provider, now=now)
            report.found += 1
        elif listing.complete:
            _count_absence(session, contact, report, now=now)
        else:
            report.still_unknown += 1


def _unclaimed(session: Session, listing: Listing) -> list[ListedMessage]:
    """Listed messages that no contact of ours is known to be."""
    refs = [message.provider_ref for message in listing.messages]
    known: set[str | None] = set()
    for start in range(0, len(refs), 1000):
        some = Contact.provider_ref.in_(refs[start : start + 1000])
        known.update(session.scalars(select(Contact.provider_ref).where(some)))
    return [message for message in listing.messages if message.provider_ref not in known]


def _is_same(one: _Open, listed: ListedMessage) -> bool:
    # A trial account puts its own words before ours.
    same_words = listed.text is None or listed.text == one.text or listed.text.endswith(f" {one.text}")
    return listed.to == one.to and same_words and listed.sent_at >= one.sent_at - CLOCKS_DIFFER_BY


def _settle_found(session: Session, contact: Contact, message: ListedMessage, provider: str, *, now: datetime) -> None:
    contact.state = message.state
    contact.provider = provider
    contact.provider_ref = message.provider_ref
    contact.settled_at = now
    note_told(session, [contact.id], now=now)
    _note(session, contact.id, contact.state, now=now)
    if message.state is ContactState.UNDELIVERED:
        contact.cause = cause_of_code(message.vendor_code)
        contact.vendor_code = message.vendor_code
        note_failure(session, contact, contact.cause, now=now)
    elif message.state is ContactState.DELIVERED:
        note_deliveries(session, [contact.phone_id])


def _count_absence(session: Session, contact: Contact, report: ReconcileReport, *, now: datetime) -> None:
    contact.missed_listings += 1
    contact.last_listed_at = now
    if contact.missed_listings < LISTINGS_THAT_SETTLE:
        report.still_unknown += 1
        return
    contact.state = ContactState.NOT_SENT
    contact.settled_at = now
    report.not_sent += 1
    _note(session, contact.id, contact.state, now=now)
    _queue_anew(session, contact, now=now)


def _queue_anew(session: Session, contact: Contact, *, now: datetime) -> None:
    """Somebody still waits for an answer that was not sent: a contact of its own, with its own hours and budget.

    Offers are planned anew by the planner. An acknowledgement of a stop is not: by now it would break the silence.
    """
    expired = contact.expires_at is not None and contact.expires_at <= now
    if expired or contact.purpose in LADDER_PURPOSES or contact.purpose is ContactPurpose.ACKNOWLEDGEMENT:
        return
    session.add(
        Contact(
            resident_id=contact.resident_id,
            phone_id=contact.phone_id,
            campaign_id=contact.campaign_id,
            conversation_id=contact.conversation_id,
            inbound_id=contact.inbound_id,
            channel=contact.channel,
            purpose=contact.purpose,
            ladder_step=contact.ladder_step + 1,
            template_key=contact.template_key,
            variables=contact.variables,
            text=contact.text,
            created_at=now,
            due_at=now,
            expires_at=contact.expires_at,
        )
    )


def _note(session: Session, contact_id: int, state: ContactState, *, now: datetime) -> None:
    facts = {"contact": contact_id, "state": state.value}
    session.add(Event(at=now, kind=EventKind.CONTACT_CHANGED, facts=facts))
    log.info("contact_reconciled", contact=contact_id, state=state.value)
