"""Applying carriers' receipts: in batches, by rank, so that late, repeated and reordered ones do no harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer

from models.contact import Contact, Receipt
from models.event import Event
from models.session import Sessions
from models.transitions import CONTACT_TRANSITIONS
from models.vocabulary import ContactState, EventKind
from outreach_api.channels.vendor_codes import MEANING_OF_STATUS, StatusMeaning, cause_of_code
from outreach_api.delivery.consequences import note_deliveries, note_failure
from outreach_api.delivery.told import note_told

BATCH = 500
log = structlog.get_logger(__name__)


@dataclass
class ReceiptReport:
    applied: int = 0
    outranked: int = 0
    """Repeated, late or of no consequence."""
    strange: int = 0
    """Of an unknown status or contact, or contradicting the contact's state; logged."""

    def __bool__(self) -> bool:
        return bool(self.total)

    @property
    def total(self) -> int:
        return sum(getattr(self, one.name) for one in fields(self))


def apply_receipts(sessions: Sessions, *, now: datetime, batch: int = BATCH) -> ReceiptReport:
    """Apply every receipt that is pending, a batch a transaction."""
    report = ReceiptReport()
    while _is_any_pending(sessions):
        with sessions.write() as session:
            receipts = _pending(session, batch)
            contacts = _Contacts(session, receipts)
            delivered: set[int] = set()
            for receipt in receipts:
                verdict = _apply(session, receipt, contacts.of(receipt), delivered, now=now)
                setattr(report, verdict, getattr(report, verdict) + 1)
                receipt.applied_at = now
            note_deliveries(session, delivered)
        if len(receipts) < batch:
            break
    return report


def _is_any_pending(sessions: Sessions) -> bool:
    with sessions.read() as session:
        return session.scalar(select(Receipt.id).where(Receipt.applied_at.is_(None)).limit(1)) is not None


def _pending(session: Session, batch: int) -> Sequence[Receipt]:
    query = select(Receipt).where(Receipt.applied_at.is_(None)).order_by(Receipt.id).limit(batch)
    return session.scalars(query.with_for_update(skip_locked=True)).all()


class _Contacts:
    """The contacts that a batch of receipts speaks of, locked: by our id in the callback, else by the carrier's."""

    def __init__(self, session: Session, receipts: Sequence[Receipt]) -> None:
        ids = {receipt.contact_id for receipt in receipts if receipt.contact_id is not None}
        refs = {receipt.provider_ref for receipt in receipts}
        query = (
            select(Contact)
            .where(or_(Contact.id.in_(ids), Contact.provider_ref.in_(refs)))
            .options(defer(Contact.text), defer(Contact.variables))
            .order_by(Contact.id)
            .with_for_update()
        )
        found = session.scalars(query).all()
        self._by_id = {contact.id: contact for contact in found}
        self._by_ref = {contact.provider_ref: contact for contact in found}

    def of(self, receipt: Receipt) -> Contact | None:
        if receipt.contact_id is not None and receipt.contact_id in self._by_id:
            return self._by_id[receipt.contact_id]
        # Also of a contact that a restore took down under another id.
        return self._by_ref.get(receipt.provider_ref)


def _apply(session: Session, receipt: Receipt, contact: Contact | None, delivered: set[int], *, now: datetime) -> str:
    """The verdict on one receipt. A phone that it says was reached is put into `delivered`."""
    meaning = MEANING_OF_STATUS.get(receipt.status)
    if contact is None or meaning is None:
        log.warning("receipt_strange", receipt=receipt.id, contact=receipt.contact_id, known=meaning is not None)
        return "strange"
    if contact.provider_ref not in (None, receipt.provider_ref):
        # Two messages of one contact: the harm is done, but it must be seen.
        log.error("receipt_of_second_message", receipt=receipt.id, contact=contact.id)
        return "strange"
    if meaning.rank <= contact.receipt_rank:
        return "outranked"
    if meaning.state is not contact.state and meaning.state not in CONTACT_TRANSITIONS[contact.state]:
        return _contradicted(receipt, contact, meaning)
    _move(session, receipt, contact, meaning, delivered, now=now)
    return "applied"


def _contradicted(receipt: Receipt, contact: Contact, meaning: StatusMeaning) -> str:
    """`sent` after `delivered` is a late report; a receipt for what was never sent is a fault worth a look."""
    if contact.state in (ContactState.PLANNED, ContactState.CANCELLED, ContactState.REJECTED):
        log.error("receipt_contradicts_contact", receipt=receipt.id, contact=contact.id, state=contact.state.value)
        return "strange"
    contact.receipt_rank = max(contact.receipt_rank, meaning.rank)
    return "outranked"


def _move(
    session: Session, receipt: Receipt, contact: Contact, meaning: StatusMeaning, delivered: set[int], *, now: datetime
) -> None:
    contact.receipt_rank = meaning.rank
    contact.provider = contact.provider or receipt.provider
    contact.provider_ref = receipt.provider_ref
    contact.sent_at = contact.sent_at or receipt.received_at
    if contact.state is meaning.state:
        return
    if contact.state is not ContactState.ACCEPTED:
        note_told(session, [contact.id], now=now)
    contact.state = meaning.state
    contact.settled_at = now
    facts = {"contact": contact.id, "state": contact.state.value}
    session.add(Event(at=now, kind=EventKind.CONTACT_CHANGED, facts=facts))
    if meaning.state is ContactState.UNDELIVERED:
        contact.cause = cause_of_code(receipt.vendor_code)
        contact.vendor_code = receipt.vendor_code
        # In the order in which they came: a failure after a delivery is the first of a new run.
        note_deliveries(session, delivered)
        delivered.clear()
        note_failure(session, contact, contact.cause, now=now)
    elif meaning.state is ContactState.DELIVERED:
        contact.cause = contact.vendor_code = None
        delivered.add(contact.phone_id)
