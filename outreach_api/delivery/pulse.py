"""How the machinery does at this moment: what waits at the carrier's door, and what waits for the assistant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.contact import Contact
from models.conversation import Inbound, Message
from models.vocabulary import Channel, ContactState, InboundState

COUNTED_UP_TO = 10_000
NEWEST_LINES = 100
SLOW_AFTER = timedelta(minutes=2)


@dataclass(frozen=True)
class Pulse:
    """Counts stop at ten thousand."""

    to_send: int
    """Contacts that are due and have not gone out."""
    to_answer: int
    """What residents wrote that is due and not answered."""
    answered_late_by: timedelta | None
    """How long the oldest of it has waited."""
    put_off: int
    """Of what residents wrote, what the assistant gave no answer to yet and is asked again."""
    read_at: datetime | None
    """When the assistant last read something; None: not of late."""
    parked: int
    """What nothing could be made of."""
    today: dict[Channel, dict[ContactState, int]]
    """The contacts due today."""

    @property
    def is_slow(self) -> bool:
        return self.answered_late_by is not None and self.answered_late_by > SLOW_AFTER


def pulse(session: Session, *, now: datetime, since: datetime) -> Pulse:
    """Look; `since` is when today began."""
    sends = (Contact.state == ContactState.PLANNED, Contact.due_at <= now)
    waits = (Inbound.state == InboundState.PENDING, Inbound.due_at <= now)
    oldest = session.scalar(select(func.min(Inbound.due_at)).where(*waits))
    return Pulse(
        to_send=_up_to(session, select(Contact.id).where(*sends)),
        to_answer=_up_to(session, select(Inbound.id).where(*waits)),
        answered_late_by=now - oldest if oldest is not None else None,
        put_off=_up_to(session, select(Inbound.id).where(Inbound.state == InboundState.PENDING, Inbound.attempts > 0)),
        read_at=_last_read(session),
        parked=_up_to(session, select(Inbound.id).where(Inbound.state == InboundState.PARKED)),
        today=_today(session, now, since),
    )


def _up_to(session: Session, query: object) -> int:
    some = query.limit(COUNTED_UP_TO).subquery()  # type: ignore[attr-defined]
    return session.scalar(select(func.count()).select_from(some)) or 0


def _last_read(session: Session) -> datetime | None:
    """Looked for in the newest lines alone: exact words and people need no assistant."""
    newest = select(Message.at, Message.reading).order_by(Message.id.desc()).limit(NEWEST_LINES)
    return next((at for at, reading in session.execute(newest) if reading and reading.get("ranking")), None)


def _today(session: Session, now: datetime, since: datetime) -> dict[Channel, dict[ContactState, int]]:
    query = (
        select(Contact.channel, Contact.state, func.count())
        # Every state by name: so the index by state and due time leads to today's rows alone.
        .where(Contact.state.in_(list(ContactState)), Contact.due_at >= since, Contact.due_at <= now)
        .group_by(Contact.channel, Contact.state)
    )
    found: dict[Channel, dict[ContactState, int]] = {}
    for channel, state, number in session.execute(query):
        found.setdefault(channel, {})[state] = number
    return found
