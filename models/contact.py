"""Campaigns and contacts: one attempt on one channel is one row, and the rows are the outbox."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.column_types import BlindIndex, Encrypted, EncryptedJson
from models.vocabulary import CampaignKind, CampaignState, Cause, Channel, ContactPurpose, ContactState, Refusal


class Campaign(Base):
    """What is told to many, in whose name, and how fast. It starts only after a second person has approved it."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[CampaignKind] = mapped_column(default=CampaignKind.ORDINARY, server_default="ordinary")
    policy_id: Mapped[str] = mapped_column(String(64), index=True)
    """The item it tells of; empty for an urgent notice, which tells of none."""
    name: Mapped[str] = mapped_column(String(120))
    state: Mapped[CampaignState] = mapped_column(default=CampaignState.DRAFT)
    priority: Mapped[int] = mapped_column(default=100)
    """Lower goes first."""
    daily_cap: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    paused_because: Mapped[str | None] = mapped_column(String(200))
    created_by: Mapped[str | None] = mapped_column(String(64))
    approved_by: Mapped[str | None] = mapped_column(String(64))
    approved_at: Mapped[datetime | None]
    notice: Mapped[str | None] = mapped_column(Text)
    """The words of an urgent notice, the same for everybody: no personal data."""
    audience: Mapped[dict[str, Any] | None]
    """Whom an urgent notice is for: streets, least age, and whether people never matched are told too."""
    waives: Mapped[list[str] | None]
    """What an urgent notice may exceed once it is approved: values of `Waiver`."""
    chat_link: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether its texts carry a link to the chat page."""
    cadence: Mapped[list[dict[str, Any]] | None]
    """Its own ladder, as `read_cadence` takes it; None: that of the settings."""

    @property
    def is_approved(self) -> bool:
        """Somebody else than who drew it up has approved it."""
        return self.approved_by is not None and self.approved_by != self.created_by


class Contact(Base):
    """One attempt on one channel. A resident's budget counts the rows whose purpose is proactive."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("ix_contact_due", "state", "due_at"),
        # Each campaign's own queue: the sender takes turns among them, however long one of them is.
        Index("ix_contact_lane", "state", "campaign_id", "due_at"),
        Index("ix_contact_expiry", "state", "expires_at"),
        # A phone gets a notice once, whoever it reaches; `ladder_step` counts the attempts known not to have been sent.
        Index(
            "uq_contact_notice",
            "campaign_id",
            "phone_id",
            "ladder_step",
            unique=True,
            sqlite_where=text("purpose = 'notice'"),
            postgresql_where=text("purpose = 'notice'"),
        ),
        Index("ix_contact_resident", "resident_id", "created_at"),
        Index("ix_contact_phone", "phone_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"))
    """None: a reply to a number that belongs to nobody we know."""
    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"))
    channel: Mapped[Channel]
    purpose: Mapped[ContactPurpose]
    ladder_step: Mapped[int] = mapped_column(default=0)
    state: Mapped[ContactState] = mapped_column(default=ContactState.PLANNED)
    template_key: Mapped[str] = mapped_column(String(64))
    variables: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("contact.variables"))
    text: Mapped[str] = mapped_column(Encrypted("contact.text"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    """Not sent by then, it is cancelled: a stale offer helps nobody."""
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    """Raised at every claim; a worker whose fence is old may not settle."""
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    provider: Mapped[str | None] = mapped_column(String(32))
    provider_ref: Mapped[str | None] = mapped_column(String(64), index=True)
    receipt_rank: Mapped[int] = mapped_column(default=0)
    cause: Mapped[Cause | None]
    vendor_code: Mapped[str | None] = mapped_column(String(16))
    refusal: Mapped[Refusal | None]
    """Why it was cancelled."""
    missed_listings: Mapped[int] = mapped_column(default=0)
    """Complete listings of the carrier that did not show it, while unknown."""
    last_listed_at: Mapped[datetime | None]


class ContactMatch(Base):
    """Which matches a contact speaks of; `number` is the numbered choice it offers."""

    __tablename__ = "contact_match"

    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    match_id: Mapped[int] = mapped_column(ForeignKey("match.id"), primary_key=True, index=True)
    number: Mapped[int] = mapped_column(default=1)


class RefusedContact(Base):
    """That the planner or the sender did not contact somebody, and why. One row per match, reason and local day."""

    __tablename__ = "refused_contact"
    __table_args__ = (Index("uq_refused_contact", "match_id", "reason", "on", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    match_id: Mapped[int] = mapped_column(ForeignKey("match.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    reason: Mapped[Refusal]
    on: Mapped[date]
    at: Mapped[datetime]


class Receipt(Base):
    """A carrier's status report as it came; applied in batches, by rank."""

    __tablename__ = "receipt"
    __table_args__ = (Index("ix_receipt_pending", "applied_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int | None] = mapped_column(index=True)
    provider: Mapped[str] = mapped_column(String(32))
    provider_ref: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(32))
    vendor_code: Mapped[str | None] = mapped_column(String(16))
    to_index: Mapped[str | None] = mapped_column(BlindIndex)
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
