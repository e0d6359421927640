"""After a restore: what happened since the backup is fetched from the carrier, before anything is sent.

The database has forgotten what it sent and heard since. Sending what it still believes to be planned would reach people
twice; so everything that may have gone out meanwhile is unknown until the carrier's listing settles it. What residents
wrote comes in again and has its effects again, and the answers to that are held against the listing in the same way.
Texts that still no row knows are taken down as contacts, so that they count against the budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.contact import Contact
from models.conversation import Inbound
from models.resident import Phone, ResidentPhone
from models.session import Sessions
from models.vocabulary import Channel, ContactPurpose, ContactState
from outreach_api.channels.carrier import ListedMessage, TextCarrier
from outreach_api.delivery.hearing import take_heard
from outreach_api.delivery.reconcile import CLOCKS_DIFFER_BY, take_listed
from scheduler.planning.budget import ANSWER_WITHIN

RECOVERED = "recovered"
# Ids given since the backup are with the carrier, in its callbacks; new ones begin far beyond them.
IDS_SKIPPED = 1_000_000

log = structlog.get_logger(__name__)


class ReplayIncomplete(Exception):  # noqa: N818
    """The carrier did not list everything since the backup: nothing may be sent yet."""


@dataclass(frozen=True)
class ReplayReport:
    held: int
    """Contacts that may have gone out since the backup: unknown, until two listings settle them."""
    heard: int
    """Messages of residents that were not here."""
    found: int
    """Of the held, and of the answers to what was heard again, those that the carrier has."""
    taken_down: int
    """Texts of the carrier's that no contact was known for."""


def hold_what_may_be_out(sessions: Sessions, *, since: datetime, now: datetime) -> int:
    """Let nothing go out that may have gone out since the backup; how many contacts that are."""
    may_be_out = Contact.state.in_((ContactState.PLANNED, ContactState.SENDING))
    with sessions.write() as session:
        held = session.scalars(
            update(Contact)
            .where(may_be_out, Contact.due_at <= now)
            .values(state=ContactState.UNKNOWN, claimed_at=since, sent_at=since, fence=Contact.fence + 1)
            .returning(Contact.id)
            .execution_options(synchronize_session=False)
        ).all()
    return len(held)


def replay_since(
    sessions: Sessions,
    carriers: Mapping[Channel, TextCarrier],
    answer_all: Callable[[], object],
    *,
    since: datetime,
    now: datetime,
) -> ReplayReport:
    """Bring the database up to what the carriers know; `answer_all` lets the inbox answer all that is due.

    No worker runs meanwhile. Run again, it changes nothing more.

    Raises:
        ReplayIncomplete: a listing was incomplete; run it again later, and send nothing until then.
    """
    held = hold_what_may_be_out(sessions, since=since, now=now)
    begin, end = since - CLOCKS_DIFFER_BY, now + CLOCKS_DIFFER_BY
    listings = {channel: carrier.sent_between(begin, end) for channel, carrier in carriers.items()}
    hearings = {channel: carrier.heard_between(begin, end) for channel, carrier in carriers.items()}
    whole = all(each.complete for each in listings.values()) and all(each.complete for each in hearings.values())
    if not whole:
        raise ReplayIncomplete("the carrier's listing since the backup was incomplete: run the replay again")
    with sessions.write() as session:
        names = {channel: carrier.name for channel, carrier in carriers.items()}
        heard = sum(take_heard(session, channel, names[channel], hearings[channel].messages) for channel in carriers)
    answer_all()
    hold_what_may_be_out(sessions, since=since, now=now)
    found = taken_down = 0
    with sessions.write() as session:
        for channel, listing in listings.items():
            settled, strange = take_listed(session, channel, listing, names[channel], now=now)
            found += settled
            taken_down += _take_down(session, channel, names[channel], strange, now=now)
    report = ReplayReport(held, heard, found, taken_down)
    log.info("replayed", **vars(report))
    return report


def _take_down(
    session: Session, channel: Channel, provider: str, strange: Iterable[ListedMessage], *, now: datetime
) -> int:
    """Contacts for texts that were planned and sent since the backup: they count, and their receipts find them."""
    first = (session.scalar(select(func.max(Contact.id))) or 0) + IDS_SKIPPED
    taken = 0
    for taken, message in enumerate(strange, start=1):
        phone = _phone(session, message.to)
        session.add(
            Contact(
                id=first + taken,
                resident_id=_owner(session, phone),
                phone_id=phone.id,
                channel=channel,
                purpose=_purpose(session, phone, message),
                state=message.state,
                template_key=RECOVERED,
                variables={},
                text=message.text,
                created_at=message.sent_at,
                due_at=message.sent_at,
                claimed_at=message.sent_at,
                sent_at=message.sent_at,
                settled_at=now,
                provider=provider,
                provider_ref=message.provider_ref,
            )
        )
    session.flush()
    if taken and session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT setval('contact_id_seq', :at)"), {"at": first + taken})
    return taken


def _phone(session: Session, number: str) -> Phone:
    index = key_ring().blind_index(number, kind="phone")
    phone = session.scalar(select(Phone).where(Phone.number_index == index))
    if phone is None:
        phone = Phone(number=number, number_index=index)
        session.add(phone)
        session.flush()
    return phone


def _owner(session: Session, phone: Phone) -> int | None:
    """Whose phone it is, where it is one person's; else the text counts against the phone alone."""
    owners = session.scalars(select(ResidentPhone.resident_id).where(ResidentPhone.phone_id == phone.id)).all()
    return owners[0] if len(owners) == 1 else None


def _purpose(session: Session, phone: Phone, message: ListedMessage) -> ContactPurpose:
    lately = Inbound.received_at.between(message.sent_at - ANSWER_WITHIN, message.sent_at)
    asked = select(Inbound.id).where(Inbound.sender_index == phone.number_index, lately).limit(1)
    return ContactPurpose.OFFER if session.scalar(asked) is None else ContactPurpose.REPLY
