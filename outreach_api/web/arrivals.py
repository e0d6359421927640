"""Writing down what arrives: one commit for all that wait, and nobody is answered before theirs.

A disk takes as long to make one row durable as fifty. While nothing else waits, a row is committed at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.bulk import insert_rows
from models.contact import Receipt
from models.conversation import Inbound
from models.event import Event
from models.session import Sessions
from models.vocabulary import EventKind
from outreach_api.waking import wake

MOST_AT_A_TIME = 200
# Rows of one statement have the same columns; a text has none of these.
_OF_A_CHAT_PAGE = {"chat_visit_id": None, "button": None}
Row = dict[str, Any]
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Text:
    """A row of `Inbound`."""

    row: Row


@dataclass(frozen=True)
class Status:
    """A row of `Receipt`."""

    row: Row


Arrival = Text | Status


class Arrivals:
    """Belongs to one event loop at a time; the rows are written in a thread beside it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._waiting: list[tuple[Arrival, asyncio.Future[int | None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def keep(self, arrival: Arrival) -> int | None:
        """Returns once the row is committed: a new text's id, None for a repeated one or a status.

        Raises:
            SQLAlchemyError: the row could not be written; the carrier will bring it again.
        """
        kept: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, kept))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return await kept

    async def _write(self) -> None:
        batch: list[tuple[Arrival, asyncio.Future[int | None]]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_A_TIME], self._waiting[MOST_AT_A_TIME:]
                outcomes = await asyncio.to_thread(self._commit_apart_if_need_be, [arrival for arrival, _ in batch])
                for (_, kept), outcome in zip(batch, outcomes, strict=True):
                    if kept.done():
                        continue  # its caller hung up
                    if isinstance(outcome, Exception):
                        kept.set_exception(outcome)
                    else:
                        kept.set_result(outcome)
        finally:
            self._writer = None
            # Where the writer itself was ended, nobody is left waiting for it: the carrier brings those again.
            for _, kept in (*batch, *self._waiting):
                if not kept.done():
                    kept.set_exception(RuntimeError("the writer of arrivals ended"))

    def _commit_apart_if_need_be(self, batch: Sequence[Arrival]) -> list[int | Exception | None]:
        """One row that cannot be written must not take the others with it: then each is written by itself."""
        try:
            return list(self._commit(batch))
        except Exception as fault:
            if len(batch) == 1:
                return [fault]
            log.warning("arrivals_written_apart", rows=len(batch), fault=type(fault).__name__)
            return [outcome for arrival in batch for outcome in self._commit_apart_if_need_be([arrival])]

    def _commit(self, batch: Sequence[Arrival]) -> list[int | None]:
        texts = [arrival.row for arrival in batch if isinstance(arrival, Text)]
        receipts = [arrival.row for arrival in batch if isinstance(arrival, Status)]
        with self._sessions.write() as session:
            insert_rows(session, Receipt, receipts)
            ids = _write_texts(session, texts) if texts else {}
        # A text that came twice within the batch is one row, and new to one of the two.
        return [ids.pop(arrival.row["provider_ref"], None) for arrival in batch]


def _write_texts(session: Session, rows: Sequence[Row]) -> dict[str, int]:
    """The ids of those that are new, by the carrier's reference."""
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
