"""People whom street and community look after: why, when they were told, and what was found."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.column_types import Encrypted
from models.resident import Resident
from models.vocabulary import CareFound, CareReason


class CareEntry(Base):
    """One reason for which somebody is on the list. A resident is on it once for each; a report is an entry each."""

    __tablename__ = "care_entry"
    __table_args__ = (UniqueConstraint("resident_id", "reason", "message_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"), index=True)
    """Who it is about; of a report about a neighbour nobody knows that yet."""
    reason: Mapped[CareReason] = mapped_column(index=True)
    street: Mapped[str | None] = mapped_column(String(64))
    community: Mapped[str | None] = mapped_column(String(64))
    """Whose list it is on: of whoever it is about, else of whoever reported it."""
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    words: Mapped[str | None] = mapped_column(Encrypted("care_entry.words"))
    """What was reported, as it was said."""
    opened_at: Mapped[datetime]
    handed_at: Mapped[datetime | None]
    handed_by: Mapped[str | None] = mapped_column(String(32))
    found: Mapped[CareFound | None]
    found_at: Mapped[datetime | None]
    found_by: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str | None] = mapped_column(Encrypted("care_entry.note"))

    resident: Mapped[Resident | None] = relationship()
