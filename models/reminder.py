"""Dates ahead for residents who have a benefit already: a renewal that is due, an amount that changes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.vocabulary import Refusal, ReminderOccasion


class Reminder(Base):
    """One date of one benefit to tell one resident of, from `tell_from` until `until`; told once."""

    __tablename__ = "reminder"
    __table_args__ = (UniqueConstraint("resident_id", "policy_id", "occasion", "on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    policy_id: Mapped[str] = mapped_column(String(64))
    occasion: Mapped[ReminderOccasion]
    on: Mapped[date]
    """The day itself: when the renewal begins or the amount changes."""
    tell_from: Mapped[date]
    until: Mapped[date] = mapped_column(index=True)
    created_at: Mapped[datetime]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    refusal: Mapped[Refusal | None]
    """Why it was not told, when that was last tried."""
    refused_at: Mapped[datetime | None]
