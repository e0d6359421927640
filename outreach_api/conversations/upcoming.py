"""When a resident's message is next due for an answer."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import Select, func, select

from models.asking import ask
from models.conversation import Inbound
from models.session import Sessions
from models.vocabulary import InboundState


def next_inbound_at(sessions: Sessions) -> datetime | None:
    """The earliest due time of a message that still waits."""
    with sessions.read() as session:
        earliest: datetime | None = ask(session, _earliest()).scalar()
        return earliest


@cache
def _earliest() -> Select[datetime]:
    due = func.min(Inbound.due_at, type_=Inbound.due_at.type)
    return select(due).where(Inbound.state == InboundState.PENDING)
