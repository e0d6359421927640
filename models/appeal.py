"""What an appeal is about, beside its case: for whom it is, where, and which department sees to it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.column_types import Encrypted
from models.vocabulary import AppealCategory


class Appeal(Base):
    __tablename__ = "appeal"

    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    category: Mapped[AppealCategory] = mapped_column(index=True)
    department: Mapped[str | None] = mapped_column(String(64))
    street: Mapped[str | None] = mapped_column(String(64))
    location: Mapped[str | None] = mapped_column(Encrypted("appeal.location"))
    """In the reporter's words; it may be their own door."""
