"""Everything that arrives from outside and must not be lost, and how each kind of it is written to the database.

Each can also wait on the spool: then it is an entry there, and is written when the database is back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.bulk import insert_rows
from models.contact import Receipt
from models.conversation import Inbound
from models.event import Event
from models.session import Sessions
from models.vocabulary import Channel, EventKind
from outreach_api.spool import Entry, Spool, as_entry
from outreach_api.voice.service import CallService
from outreach_api.voice.statuses import CallStatus, note_status
from outreach_api.waking import wake
from outreach_api.wechat.arrivals import Door, take
from outreach_api.wechat.crypto import NotGenuine
from outreach_api.wechat.messages import Arrived

Row = dict[str, Any]
# Rows of one statement have the same columns; a text has none of these.
_OF_A_CHAT_PAGE = {"chat_visit_id": None, "button": None}
INSTANTS = ("received_at", "due_at", "at", "now")


@dataclass(frozen=True)
class Text:
    """A row of `Inbound`."""

    row: Row


@dataclass(frozen=True)
class Status:
    """A row of `Receipt`."""

    row: Row


@dataclass(frozen=True)
class Followed:
    """What the WeChat account heard, and how the request that brought it was signed."""

    arrived: Arrived
    door: Door


Arrival = Text | Status | Followed | CallStatus


def write_rows(sessions: Sessions, batch: Sequence[Text | Status]) -> dict[str, int]:
    """Commit texts and statuses together; the ids of texts that are new, by the carrier's reference."""
    if not batch:
        return {}
    texts = [arrival.row for arrival in batch if isinstance(arrival, Text)]
    receipts = [arrival.row for arrival in batch if isinstance(arrival, Status)]
    with sessions.write() as session:
        insert_rows(session, Receipt, receipts)
        return _write_texts(session, texts) if texts else {}


def drain(spool: Spool, sessions: Sessions, calls: CallService) -> int:
    """Write what waits on the spool, in the order in which it came; how much that was.

    Raises:
        one of DATABASE_AWAY: the database is still away, and everything still waits.
    """
    return spool.drain(lambda entries: _write(sessions, calls, [arrival_of(entry) for entry in entries]))


def entry_of(arrival: Arrival) -> Entry:
    """As it is kept on the spool."""
    match arrival:
        case Text(row):
            return as_entry("text", row)
        case Status(row):
            return as_entry("status", row)
        case Followed(arrived, door):
            return as_entry("followed", {"arrived": asdict(arrived), "door": as_entry("door", asdict(door))})
        case CallStatus():
            return as_entry("call", asdict(arrival))


def arrival_of(entry: Entry) -> Arrival:
    """As it was before `entry_of`."""
    values = {name: value for name, value in entry.items() if name != "kind"}
    return _READ[entry["kind"]](values)


def _text(values: Row) -> Text:
    return Text(_exact(values) | {"channel": Channel(values["channel"])})


def _followed(values: Row) -> Followed:
    arrived = dict(values["arrived"])
    entries = tuple(dict(one) for one in arrived.pop("entries"))
    signed = {name: value for name, value in values["door"].items() if name != "kind"}
    return Followed(Arrived(**arrived, entries=entries), Door(**_exact(signed)))


_READ: Mapping[str, Callable[[Row], Arrival]] = {
    "text": _text,
    "status": lambda values: Status(_exact(values)),
    "followed": _followed,
    "call": lambda values: CallStatus(**_exact(values)),
}


def _exact(row: Row) -> Row:
    return row | {name: datetime.fromisoformat(row[name]) for name in INSTANTS if name in row}


def _write(sessions: Sessions, calls: CallService, batch: Sequence[Arrival]) -> None:
    """Texts and statuses that follow each other in one commit, everything else by itself, in its turn."""
    rows: list[Text | Status] = []
    for arrival in batch:
        if isinstance(arrival, Text | Status):
            rows.append(arrival)
            continue
        write_rows(sessions, rows)
        rows = []
        if isinstance(arrival, CallStatus):
            note_status(sessions, calls, arrival)
        else:
            # Taken before a crash, or brought again by the platform meanwhile.
            with contextlib.suppress(NotGenuine):
                take(sessions, arrival.arrived, arrival.door)
    write_rows(sessions, rows)


def _write_texts(session: Session, rows: Sequence[Row]) -> dict[str, int]:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Inbound).on_conflict_do_nothing().returning(Inbound.provider_ref, Inbound.id)
    ids: dict[str, int] = dict(session.execute(statement, [_OF_A_CHAT_PAGE | row for row in rows]).all())
    if ids:
        at = rows[0]["received_at"]
        events = [
            {"at": at, "kind": EventKind.INBOUND_RECEIVED, "facts": {"inbound": number}} for number in ids.values()
        ]
        insert_rows(session, Event, events)
        wake(session)
    return ids
