"""An application for a bulk view, a feed or a department's use: what for, which fields, until when, and who agreed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.vocabulary import UndertakingKind, UndertakingState


class Undertaking(Base):
    """Somebody's signed promise. It holds from a second person's yes until its term is over or it is ended."""

    __tablename__ = "undertaking"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[UndertakingKind]
    subject: Mapped[str] = mapped_column(String(80))
    """Of a bulk view the street or community, of a feed its name, else the department."""
    purpose: Mapped[str] = mapped_column(String(200))
    fields: Mapped[list[str]] = mapped_column(default=list)
    """Columns of a bulk view or of a feed's file; of a department's use the scopes that a token may have."""
    rows: Mapped[int | None]
    """At most so many: people of a bulk view, rows of a feed's file, rows that a department's systems read a day."""
    used_on: Mapped[date | None]
    used_rows: Mapped[int] = mapped_column(default=0)
    """What a department's systems have read on that day."""
    promise: Mapped[str] = mapped_column(String(200))
    """What was signed."""
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[UndertakingState] = mapped_column(default=UndertakingState.WAITING)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
