"""An application for a bulk view, a feed or a department's use: what for, which fields, until when, and who agreed."""

from __future__ import annotations

from datetime import datetime

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
    """Columns of a bulk view; of the others the scopes that a token may have."""
    rows: Mapped[int | None]
    """Of a bulk view: at most so many."""
    promise: Mapped[str] = mapped_column(String(200))
    """What was signed."""
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[UndertakingState] = mapped_column(default=UndertakingState.WAITING)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
