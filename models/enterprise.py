"""What is known of a firm beside its row as an addressee."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.column_types import Encrypted
from models.resident import Resident


class Enterprise(Base):
    """A firm's own facts; its name, phone, stops and matches are those of its `Resident` row, the addressee."""

    __tablename__ = "enterprise"

    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    credit_code: Mapped[str] = mapped_column(String(18), unique=True)
    """Published by the registry, so neither secret nor a proof of anything."""
    clerk: Mapped[str | None] = mapped_column(Encrypted("enterprise.clerk"))
    """Who answers for the firm."""
    size: Mapped[str | None] = mapped_column(String(32))
    industry: Mapped[str | None] = mapped_column(String(64))

    resident: Mapped[Resident] = relationship()
