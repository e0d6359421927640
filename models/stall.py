"""Stall days: where and when, who was invited, and what was done there."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.vocabulary import Refusal, StallOutcome


class StallDay(Base):
    __tablename__ = "stall_day"

    id: Mapped[int] = mapped_column(primary_key=True)
    on: Mapped[date] = mapped_column(index=True)
    hours: Mapped[str] = mapped_column(String(32))
    """As it is told: 上午9点到11点半."""
    place: Mapped[str] = mapped_column(String(64))
    street: Mapped[str] = mapped_column(String(64))
    community: Mapped[str | None] = mapped_column(String(64))
    estates: Mapped[list[str]] = mapped_column(default=list)
    """Words that the addresses of those invited contain; none is the whole community, or street."""
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class StallInvitation(Base):
    """That somebody is to be told of a stall day: by which contact, or why not yet."""

    __tablename__ = "stall_invitation"
    __table_args__ = (UniqueConstraint("stall_id", "resident_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    stall_id: Mapped[int] = mapped_column(ForeignKey("stall_day.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    refusal: Mapped[Refusal | None]


class StallResult(Base):
    """What came of a match at a stall."""

    __tablename__ = "stall_result"
    __table_args__ = (UniqueConstraint("stall_id", "match_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    stall_id: Mapped[int] = mapped_column(ForeignKey("stall_day.id"))
    match_id: Mapped[int] = mapped_column(ForeignKey("match.id"), index=True)
    outcome: Mapped[StallOutcome]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(32))
