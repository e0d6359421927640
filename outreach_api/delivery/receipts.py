"""Applying carriers' receipts: in batches, by rank, so that late, repeated and reordered ones do no harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

import structlog
from sqlalchemy import Integer, Row, Update, bindparam, or_, select, update
from sqlalchemy.orm import Session

from models.asking import AnyColumns, ask, ids
from models.bulk import change_rows, insert_rows
from models.contact import Contact, Receipt
from models.event import Event
from models.session import Sessions
from models.transitions import CONTACT_TRANSITIONS
from models.vocabulary import Cause, ContactState, EventKind
from outreach_api.channels.vendor_codes import MEANING_OF_STATUS, StatusMeaning, cause_of_code
from outreach_api.delivery.consequences import note_deliveries, note_failure
from outreach_api.delivery.told import note_told

BATCH = 500
ARRIVED = ("id", "contact_id", "provider", "provider_ref", "status", "vendor_code", "received_at")
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
            applying = _Applying(session, receipts, now)
            for receipt in receipts:
                verdict = applying.apply(receipt)
                setattr(report, verdict, getattr(report, verdict) + 1)
            applying.write()
            ask(session, _applied(), receipts=[receipt.id for receipt in receipts], now=now)
        if len(receipts) < batch:
            break
    return report


def _is_any_pending(sessions: Sessions) -> bool:
    with sessions.read() as session:
        return ask(session, _arrived(), most=1).first() is not None


def _pending(session: Session, batch: int) -> Sequence[Row[Any]]:
    return ask(session, _arrived(locked=True), most=batch).all()


@cache
def _arrived(*, locked: bool = False) -> AnyColumns:
    columns = [getattr(Receipt, name) for name in ARRIVED]
    most = bindparam("most", type_=Integer)
    query = select(*columns).where(Receipt.applied_at.is_(None)).order_by(Receipt.id).limit(most)
    return query.with_for_update(skip_locked=True) if locked else query


@cache
def _applied() -> Update:
    applied = update(Receipt).where(Receipt.id.in_(ids("receipts")))
    return applied.values(applied_at=bindparam("now", type_=Receipt.applied_at.type))


@dataclass
class _Standing:
    """How a contact stands, as far as receipts change it; a plain value, since there are thousands a minute."""

    id: int
    resident_id: int | None
    phone_id: int
    state: ContactState
    provider: str | None
    provider_ref: str | None
    receipt_rank: int
    sent_at: datetime | None
    settled_at: datetime | None
    cause: Cause | None
    vendor_code: str | None


class _Contacts:
    """The contacts that a batch of receipts speaks of, locked: by our id in the callback, else by the carrier's."""

    def __init__(self, session: Session, receipts: Sequence[Row[Any]]) -> None:
        named = {receipt.contact_id for receipt in receipts if receipt.contact_id is not None}
        refs = {receipt.provider_ref for receipt in receipts}
        found = [_Standing(*row) for row in ask(session, _spoken_of(), contacts=list(named), refs=list(refs))]
        self._by_id = {contact.id: contact for contact in found}
        self._by_ref = {contact.provider_ref: contact for contact in found}

    def of(self, receipt: Row[Any]) -> _Standing | None:
        if receipt.contact_id is not None and receipt.contact_id in self._by_id:
            return self._by_id[receipt.contact_id]
        # Also of a contact that a restore took down under another id.
        return self._by_ref.get(receipt.provider_ref)


@cache
def _spoken_of() -> AnyColumns:
    return (
        select(*(getattr(Contact, one.name) for one in fields(_Standing)))
        .where(or_(Contact.id.in_(ids("contacts")), Contact.provider_ref.in_(ids("refs"))))
        .order_by(Contact.id)
        .with_for_update()
    )


class _Applying:
    """A batch being applied: what each receipt changes is gathered, and written at the end, or before it is read."""

    def __init__(self, session: Session, receipts: Sequence[Row[Any]], now: datetime) -> None:
        self._session = session
        self._contacts = _Contacts(session, receipts)
        self._now = now
        self._changed: dict[int, _Standing] = {}
        self._delivered: set[int] = set()
        """Phones that were reached."""
        self._events: list[dict[str, Any]] = []

    def apply(self, receipt: Row[Any]) -> str:
        """The verdict on one receipt."""
        contact = self._contacts.of(receipt)
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
            return self._contradicted(receipt, contact, meaning)
        self._move(receipt, contact, meaning)
        return "applied"

    def write(self) -> None:
        change_rows(self._session, Contact, [vars(contact) for contact in self._changed.values()])
        insert_rows(self._session, Event, self._events)
        note_deliveries(self._session, self._delivered)
        self._changed.clear()
        self._events.clear()
        self._delivered.clear()

    def _contradicted(self, receipt: Row[Any], contact: _Standing, meaning: StatusMeaning) -> str:
        """`sent` after `delivered` is a late report; a receipt for what was never sent is a fault worth a look."""
        if contact.state in (ContactState.PLANNED, ContactState.CANCELLED, ContactState.REJECTED):
            log.error("receipt_contradicts_contact", receipt=receipt.id, contact=contact.id, state=contact.state.value)
            return "strange"
        contact.receipt_rank = max(contact.receipt_rank, meaning.rank)
        self._changed[contact.id] = contact
        return "outranked"

    def _move(self, receipt: Row[Any], contact: _Standing, meaning: StatusMeaning) -> None:
        self._changed[contact.id] = contact
        contact.receipt_rank = meaning.rank
        contact.provider = contact.provider or receipt.provider
        contact.provider_ref = receipt.provider_ref
        contact.sent_at = contact.sent_at or receipt.received_at
        if contact.state is meaning.state:
            return
        if contact.state is not ContactState.ACCEPTED:
            self.write()
            note_told(self._session, [contact.id], now=self._now)
            self._changed[contact.id] = contact
        contact.state = meaning.state
        contact.settled_at = self._now
        facts = {"contact": contact.id, "state": contact.state.value}
        self._events.append({"at": self._now, "kind": EventKind.CONTACT_CHANGED, "facts": facts})
        if meaning.state is ContactState.UNDELIVERED:
            contact.cause = cause_of_code(receipt.vendor_code)
            contact.vendor_code = receipt.vendor_code
            # In the order in which they came: a failure after a delivery is the first of a new run.
            self.write()
            note_failure(self._session, contact, contact.cause, now=self._now)
        elif meaning.state is ContactState.DELIVERED:
            contact.cause = contact.vendor_code = None
            self._delivered.add(contact.phone_id)
