"""A sender's desk: a database, a clock at eleven, a carrier, and contacts that are due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from models.column_types import key_ring
from models.contact import Campaign, Contact, Receipt
from models.conversation import Inbound
from models.event import Event
from models.resident import Phone
from models.session import Sessions
from models.vocabulary import CampaignState, Channel, ContactPurpose, ContactState, Refusal
from outreach_api.clock import VirtualClock
from outreach_api.delivery.outbox import Addressee, Rendered, queue_reply
from outreach_api.delivery.receipts import ReceiptReport, apply_receipts
from outreach_api.delivery.reconcile import ReconcileReport, reconcile_unknown
from outreach_api.delivery.worker import DeliveryReport, deliver_due
from tests.builders import NOON, a_contact, a_database, a_match
from tests.delivery.fakes import FakeCarrier

MINUTE = timedelta(minutes=1)


class Office:
    def __init__(self, url: str = "sqlite://", now: datetime = NOON) -> None:
        self.sessions: Sessions = a_database(url)
        self.clock = VirtualClock(now)
        self.carrier = FakeCarrier(self.clock.now)
        self.carriers = {Channel.SMS: self.carrier}

    def due(self, match: Any = None, **values: Any) -> int:
        """A contact due now, of a new resident unless a match is given; its id."""
        now = self.clock.now()
        with self.sessions.write() as session:
            match = session.merge(match) if match is not None else a_match(session)
            contact = a_contact(session, match, **({"due_at": now, "created_at": now} | values))
            return contact.id

    def campaign(self, **values: Any) -> int:
        values = {
            "policy_id": "elderly-allowance",
            "name": "高龄津贴",
            "state": CampaignState.RUNNING,
            "daily_cap": 100,
            "starts_on": NOON.date(),
        } | values
        with self.sessions.write() as session:
            campaign = Campaign(**values)
            session.add(campaign)
            session.flush()
            return campaign.id

    def hears(self, contact_id: int, text: str = "好的") -> int:
        """The contact's phone writes to us; the id of what came in."""
        now = self.clock.now()
        with self.sessions.write() as session:
            phone = session.get_one(Phone, session.get_one(Contact, contact_id).phone_id)
            inbound = Inbound(
                provider="twilio",
                provider_ref=f"SMin{session.scalar(select(func.count()).select_from(Inbound))}",
                channel=Channel.SMS,
                sender=phone.number,
                sender_index=key_ring().blind_index(phone.number, kind="phone"),
                recipient="+10690",
                text=text,
                received_at=now,
                due_at=now,
            )
            session.add(inbound)
            session.flush()
            return inbound.id

    def answer(self, contact_id: int, inbound_id: int, purpose: ContactPurpose = ContactPurpose.REPLY) -> int:
        with self.sessions.write() as session:
            asked = session.get_one(Contact, contact_id)
            to = Addressee(asked.phone_id, asked.resident_id, Channel.SMS)
            rendered = Rendered("answer", "您好，答复如下。")
            reply = queue_reply(
                session,
                rendered,
                to,
                purpose=purpose,
                conversation_id=None,
                inbound_id=inbound_id,
                now=self.clock.now(),
            )
            return reply.id

    def deliver(self, **values: Any) -> DeliveryReport:
        return deliver_due(self.sessions, self.carriers, self.clock, **values)

    def reconcile(self) -> ReconcileReport:
        return reconcile_unknown(self.sessions, self.carriers, now=self.clock.now())

    def receipt(self, contact_id: int | None, status: str, *, ref: str | None = None, code: str | None = None) -> None:
        with self.sessions.write() as session:
            ref = ref or (session.get_one(Contact, contact_id).provider_ref if contact_id else None) or "SMother"
            session.add(
                Receipt(
                    contact_id=contact_id,
                    provider="twilio",
                    provider_ref=ref,
                    status=status,
                    vendor_code=code,
                    received_at=self.clock.now(),
                )
            )

    def apply(self, **values: Any) -> ReceiptReport:
        return apply_receipts(self.sessions, now=self.clock.now(), **values)

    def wait(self, delta: timedelta) -> None:
        self.clock.set(self.clock.now() + delta)

    def contact(self, contact_id: int) -> Contact:
        with self.sessions.read() as session:
            contact = session.get_one(Contact, contact_id)
            session.expunge(contact)
            return contact

    def state(self, contact_id: int) -> ContactState:
        return self.contact(contact_id).state

    def refusal(self, contact_id: int) -> Refusal | None:
        return self.contact(contact_id).refusal

    def phone(self, contact_id: int) -> Phone:
        with self.sessions.read() as session:
            phone = session.get_one(Phone, session.get_one(Contact, contact_id).phone_id)
            session.expunge(phone)
            return phone

    def events(self) -> list[dict[str, Any]]:
        with self.sessions.read() as session:
            return list(session.scalars(select(Event.facts).order_by(Event.id)))
