"""Requests of other systems: that each has its effects once however often it is sent, and how many come in a minute."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.column_types import BlindIndex, Encrypted


class ApiRequest(Base):
    """A request with an idempotency key. Written before it is carried out; the answer is kept once there is one."""

    __tablename__ = "api_request"
    __table_args__ = (UniqueConstraint("token_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"))
    key: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of method, address and body."""
    received_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    """None: still at it, or it was cut off and nobody knows."""
    answer: Mapped[str | None] = mapped_column(Encrypted("api_request.answer"))


class ApiPace(Base):
    """How many calls a token has left of its minute's worth, where several API processes share one database."""

    __tablename__ = "api_pace"

    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"), primary_key=True)
    left: Mapped[float]
    seen_at: Mapped[datetime]


class CallerPace(Base):
    """How many tries somebody without a token has left: at a public page, with a password, with tokens that are none.

    By the keyed hash of what and of whose address; nobody's address is kept.
    """

    __tablename__ = "caller_pace"

    who: Mapped[str] = mapped_column(BlindIndex, primary_key=True)
    left: Mapped[float]
    seen_at: Mapped[datetime] = mapped_column(index=True)
