"""When a resident's message is next due for an answer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from models.conversation import Inbound
from models.session import Sessions
from models.vocabulary import InboundState


def next_inbound_at(sessions: Sessions) -> datetime | None:
    """The earliest due time of a message that still waits."""
    with sessions.read() as session:
        due = func.min(Inbound.due_at, type_=Inbound.due_at.type)
        earliest: datetime | None = session.scalar(select(due).where(Inbound.state == InboundState.PENDING))
        return earliest
