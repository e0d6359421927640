"""Writing down what arrives: one commit for all that wait, and nobody is answered before theirs.

A disk takes as long to make one row durable as fifty. While nothing else waits, a row is committed at once. Where the
database is away, the rows wait on the spool, and their senders are answered all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from models.session import DATABASE_AWAY, Sessions
from outreach_api.arrived import Status, Text, entry_of, write_rows
from outreach_api.spool import Spool, SpoolFault

MOST_AT_A_TIME = 200
Row = Text | Status
log = structlog.get_logger(__name__)


class Arrivals:
    """Belongs to one event loop at a time; the rows are written in a thread beside it."""

    def __init__(self, sessions: Sessions, spool: Spool) -> None:
        self._sessions = sessions
        self._spool = spool
        self._waiting: list[tuple[Row, asyncio.Future[int | None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def keep(self, arrival: Row) -> int | None:
        """Returns once the row is committed: a new text's id, None for a repeated one, a status, or one on the spool.

        Raises:
            SQLAlchemyError: the row is none that can be written.
            SpoolFault: neither the database nor the spool takes it; the carrier will bring it again.
        """
        kept: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, kept))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return await kept

    async def _write(self) -> None:
        batch: list[tuple[Row, asyncio.Future[int | None]]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_A_TIME], self._waiting[MOST_AT_A_TIME:]
                outcomes = await asyncio.to_thread(self._keep_all, [arrival for arrival, _ in batch])
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

    def _keep_all(self, batch: Sequence[Row]) -> Sequence[int | Exception | None]:
        entries = [entry_of(arrival) for arrival in batch]
        try:
            kept = self._spool.keep(lambda: self._commit_apart_if_need_be(batch), entries)
        except SpoolFault as fault:
            return [fault] * len(batch)
        return kept or [None] * len(batch)

    def _commit_apart_if_need_be(self, batch: Sequence[Row]) -> list[int | Exception | None]:
        """One row that cannot be written must not take the others with it: then each is written by itself."""
        try:
            return list(self._commit(batch))
        except DATABASE_AWAY:
            raise
        except Exception as fault:
            if len(batch) == 1:
                return [fault]
            log.warning("arrivals_written_apart", rows=len(batch), fault=type(fault).__name__)
            return [outcome for arrival in batch for outcome in self._commit_apart_if_need_be([arrival])]

    def _commit(self, batch: Sequence[Row]) -> list[int | None]:
        ids = write_rows(self._sessions, batch)
        # A text that came twice within the batch is one row, and new to one of the two.
        return [ids.pop(arrival.row["provider_ref"], None) for arrival in batch]
