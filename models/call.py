"""Phone calls: what both ways of carrying one remember between two events of the call."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.column_types import BlindIndex, Encrypted, EncryptedJson
from models.vocabulary import Direction


class Call(Base):
    """One call that was picked up. A call nobody took is a contact only."""

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("provider", "provider_ref"),
        Index("ix_call_number", "number_index", "started_at"),
        Index("ix_call_running", "ended_at", "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(32))
    provider_ref: Mapped[str] = mapped_column(String(64))
    direction: Mapped[Direction]
    """`out`: we called."""
    number: Mapped[str] = mapped_column(Encrypted("call.number"))
    """The other end, E.164; empty where a caller hides it."""
    number_index: Mapped[str] = mapped_column(BlindIndex)
    contact_id: Mapped[int | None] = mapped_column(index=True)
    """The contact that this call is. No foreign key: contact → inbound → call would be a circle."""
    resident_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"))
    """Who has said in this call who they are; before that nothing personal is said."""
    answered_by: Mapped[str | None] = mapped_column(String(32))
    state: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("call.state"), default=dict)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None] = mapped_column(String(32))
    seconds: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)

    # Compare-and-set: of two connections that believe to carry one call, only one goes on.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class CallWord(Base):
    """What a member of staff wants said in a call that goes on; said once, by whichever process carries the call."""

    __tablename__ = "call_word"
    __table_args__ = (Index("ix_call_word_waiting", "said_at", "call_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    text: Mapped[str] = mapped_column(Encrypted("call_word.text"))
    by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]
    said_at: Mapped[datetime | None]
