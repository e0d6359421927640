"""What senders share about their carriers: whether to call one at all, and how fast a number may send."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.vocabulary import BreakerState


class CarrierBreaker(Base):
    """The circuit breaker of one carrier. Without a row it is closed and nothing failed lately."""

    __tablename__ = "carrier_breaker"

    carrier: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[BreakerState] = mapped_column(default=BreakerState.CLOSED)
    good: Mapped[int] = mapped_column(default=0)
    bad: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime | None]
    """When the window began in which `good` and `bad` were counted: with a failure."""
    retry_at: Mapped[datetime | None]
    """When a few messages are let through again."""
    trips: Mapped[int] = mapped_column(default=0)
    """How often in a row it opened: each time it stays open longer."""
    left_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    """When it was last left, and taken up again since."""


class SenderPace(Base):
    """How far a sending number has used its rate up: it is free again at `free_at`."""

    __tablename__ = "sender_pace"

    sender: Mapped[str] = mapped_column(String(32), primary_key=True)
    free_at: Mapped[datetime]


class TollDay(Base):
    """How many parts of texts went out on a day, of one purse: all, the answers, a campaign's."""

    __tablename__ = "toll_day"

    on: Mapped[date] = mapped_column(primary_key=True)
    purse: Mapped[str] = mapped_column(String(32), primary_key=True)
    parts: Mapped[int]
