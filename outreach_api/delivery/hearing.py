"""What residents wrote and no webhook of ours took: the carrier tries once more and then keeps it to itself.

So the carrier is asked, when a process starts and a few times a day. What is known already has no effect again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import structlog
from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.asking import ask, ids
from models.column_types import key_ring
from models.conversation import Inbound
from models.event import Setting
from models.session import Sessions
from models.tables import metadata
from models.vocabulary import Channel
from outreach_api.channels.carrier import HeardMessage, TextCarrier

HEARD_UNTIL = "heard_until"
LOOK_BACK = timedelta(hours=1)
"""Beyond what was heard last: a carrier may list late, and its clock may differ from ours."""

log = structlog.get_logger(__name__)


def catch_up_with_heard(sessions: Sessions, carriers: Mapping[Channel, TextCarrier], *, now: datetime) -> int:
    """Take in what each carrier took for us since it was last asked; how many messages were new.

    A listing that is incomplete is used as far as it goes and asked for again from the same instant.
    """
    rows = {channel: f"{HEARD_UNTIL}:{carrier.name}" for channel, carrier in carriers.items()}
    until = _heard_until(sessions, rows.values())
    hearings = {
        channel: carrier.heard_between(until.get(rows[channel], now) - LOOK_BACK, now)
        for channel, carrier in carriers.items()
    }
    with sessions.write() as session:
        heard = sum(
            take_heard(session, channel, carriers[channel].name, hearing.messages)
            for channel, hearing in hearings.items()
        )
        _hear_from(session, {rows[channel] for channel, hearing in hearings.items() if hearing.complete}, now)
    if heard:
        log.warning("heard_late", messages=heard)
    return heard


def take_heard(session: Session, channel: Channel, provider: str, messages: Iterable[HeardMessage]) -> int:
    """Put messages of a listing into the inbox, in the order in which they were written; how many were new."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    heard = 0
    for message in sorted(messages, key=lambda message: message.heard_at):
        row = {
            "provider": provider,
            "provider_ref": message.provider_ref,
            "channel": channel,
            "sender": message.sender,
            "sender_index": key_ring().blind_index(message.sender, kind="phone"),
            "recipient": message.recipient,
            "text": message.text,
            "received_at": message.heard_at,
            "due_at": message.heard_at,
        }
        new = dialect.insert(Inbound).values(row).on_conflict_do_nothing().returning(Inbound.id)
        heard += session.scalar(new) is not None
    return heard


def _heard_until(sessions: Sessions, rows: Iterable[str]) -> dict[str, datetime]:
    with sessions.read() as session:
        return {name: datetime.fromisoformat(str(value)) for name, value in ask(session, _kept(), rows=list(rows))}


def _hear_from(session: Session, rows: Iterable[str], now: datetime) -> None:
    """From where each of the carriers with these rows is asked the next time."""
    until = {"value": now.isoformat(), "changed_at": now, "changed_by": HEARD_UNTIL}
    if named := [{"name": row, **until} for row in sorted(rows)]:
        session.connection().execute(_keep(session.get_bind().dialect.name), named)


@cache
def _keep(dialect: str) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    row = insert(metadata.tables[Setting.__tablename__])
    columns = ("value", "changed_at", "changed_by")
    return row.on_conflict_do_update(index_elements=["name"], set_={name: row.excluded[name] for name in columns})


@cache
def _kept() -> Select[str, Any]:
    return select(Setting.name, Setting.value).where(Setting.name.in_(ids("rows")))
