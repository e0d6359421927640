"""Outgoing webhooks: who is told of what, and each telling with its tries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.column_types import Encrypted
from models.undertaking import Undertaking
from models.vocabulary import HookState


class HookTarget(Base):
    """A system that wants to be told."""

    __tablename__ = "hook_target"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    url: Mapped[str] = mapped_column(String(500))
    secret: Mapped[str] = mapped_column(Encrypted("hook_target.secret"))
    topics: Mapped[list[str]]
    """`HookTopic` values."""
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None] = mapped_column(String(64))
    undertaking_id: Mapped[int | None] = mapped_column(ForeignKey("undertaking.id"))
    """The approved application that it rests on; one without is told nothing."""

    undertaking: Mapped[Undertaking | None] = relationship()


class HookDelivery(Base):
    """One telling to one target, written with what it tells of. Holds ids and enums; never personal data."""

    __tablename__ = "hook_delivery"
    __table_args__ = (Index("ix_hook_delivery_due", "state", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("hook_target.id"), index=True)
    message_id: Mapped[str] = mapped_column(String(40))
    """The same at every try: by it the receiver knows what it has seen."""
    topic: Mapped[str] = mapped_column(String(32))
    body: Mapped[dict[str, Any]]
    state: Mapped[HookState] = mapped_column(default=HookState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    status: Mapped[int | None]
    """HTTP status of the last try."""
    fault: Mapped[str | None] = mapped_column(String(64))
    """Why the last try came to nothing, where there was no status."""

    target: Mapped[HookTarget] = relationship()
