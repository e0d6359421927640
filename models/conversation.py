"""What residents write or say, the conversation it belongs to, and what they consented to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.column_types import BlindIndex, Encrypted, EncryptedJson
from models.vocabulary import (
    Author,
    Channel,
    ConversationOutcome,
    Direction,
    InboundState,
    Stage,
    StopReason,
)


class Inbound(Base):
    """A message as it came in, committed before it is answered; each provider id has its effects exactly once."""

    __tablename__ = "inbound"
    __table_args__ = (
        UniqueConstraint("provider", "provider_ref"),
        Index("ix_inbound_due", "state", "due_at"),
        Index("ix_inbound_sender", "sender_index", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(32))
    provider_ref: Mapped[str] = mapped_column(String(64))
    channel: Mapped[Channel]
    sender: Mapped[str] = mapped_column(Encrypted("inbound.sender"))
    sender_index: Mapped[str] = mapped_column(BlindIndex)
    recipient: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Encrypted("inbound.text"))
    received_at: Mapped[datetime]
    state: Mapped[InboundState] = mapped_column(default=InboundState.PENDING)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), index=True)
    """The phone call in which it was said."""
    chat_visit_id: Mapped[int | None] = mapped_column(ForeignKey("chat_visit.id"), index=True)
    """The chat page on which it was written."""
    button: Mapped[str | None] = mapped_column(String(96))
    """What was pressed, where it was no writing: the text is then what the button said."""


class Conversation(Base):
    """All talk with one phone about one resident; the backend owns its state, the bot keeps none."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("ix_conversation_outcome", "outcome", "last_at"),
        Index("ix_conversation_hands", "taken_over_by", "last_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"), index=True)
    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"), index=True)
    stage: Mapped[Stage] = mapped_column(default=Stage.OPEN)
    state: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("conversation.state"), default=dict)
    outcome: Mapped[ConversationOutcome] = mapped_column(default=ConversationOutcome.NO_DECISION)
    taken_over_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    started_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)

    messages: Mapped[list[Message]] = relationship(back_populates="conversation", order_by="Message.id")

    # Compare-and-set: two workers that read the same version cannot both commit.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Message(Base):
    """One line of the transcript."""

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    at: Mapped[datetime]
    direction: Mapped[Direction]
    author: Mapped[Author]
    channel: Mapped[Channel]
    text: Mapped[str] = mapped_column(Encrypted("message.text"))
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    reading: Mapped[dict[str, Any] | None]
    """How it was understood: `{"ranking": [...], "exact": word or null, "directives": [...]}`."""
    shown: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJson("message.shown"))
    """What the chat page showed with it: cards, buttons, quick replies."""

    conversation: Mapped[Conversation] = relationship(back_populates="messages")


class Consent(Base):
    """An explicit yes to one policy, with its evidence."""

    __tablename__ = "consent"
    __table_args__ = (UniqueConstraint("match_id", "message_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    match_id: Mapped[int] = mapped_column(ForeignKey("match.id"), index=True)
    policy_id: Mapped[str] = mapped_column(String(64))
    policy_version: Mapped[str] = mapped_column(String(32))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    text: Mapped[str] = mapped_column(Encrypted("consent.text"))
    mandate_id: Mapped[int | None] = mapped_column(ForeignKey("mandate.id"))
    """By which a family member gave it."""
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ContactStop(Base):
    """A standing order not to contact; in force until a person releases it."""

    __tablename__ = "contact_stop"
    __table_args__ = (Index("ix_contact_stop_resident", "resident_id"), Index("ix_contact_stop_phone", "phone_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[StopReason]
    resident_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"))
    phone_id: Mapped[int | None] = mapped_column(ForeignKey("phone.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    placed_at: Mapped[datetime]
    placed_by: Mapped[str] = mapped_column(String(32))
    """`exact_word`, `model`, `unread` (nobody was there to read it), `carrier`, `visit` or `staff:ID`."""
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None] = mapped_column(String(32))
    release_reason: Mapped[str | None] = mapped_column(String(200))
