"""Live pages: new event rows are read once per process, and every open page is told that something changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from models.event import Event
from models.session import DATABASE_AWAY, Sessions

POLL_SECONDS = 0.3
# A page fetches its figures once a change; more often nobody can read.
REST_SECONDS = 0.6
KEEP_ALIVE_SECONDS = 15.0
MOST_PAGES = 200


# One statement, and so one snapshot.
NEWEST_IN_SNAPSHOT = text(
    "SELECT coalesce(max(id), 0), pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
    " pg_snapshot_xmax(pg_current_snapshot())::text::bigint FROM event"
)


@dataclass(frozen=True)
class Mark:
    """How far events were read."""

    newest: int
    settled: bool
    """Whether all that ran when `newest` was first seen has ended. Ids are given before the commit: until then an event
    with a lower id may still appear."""
    runs_until: int = 0


class TooManyPages(Exception):  # noqa: N818
    """This process serves no more live pages."""


class EventTail:
    """Follows the event table by id, only while somebody is watching. Lives in the server's event loop."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._pages: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def tell(self) -> None:
        """Tell every page that there is something new; from any thread."""
        if self._loop is not None and not self._closed:
            self._loop.call_soon_threadsafe(self._tell)

    def changes(self) -> AsyncIterator[bytes]:
        """Server-sent events: `changed` at once and after every change, comments in between to keep the line open.

        Raises:
            TooManyPages: the process serves enough of them.
        """
        if len(self._pages) >= MOST_PAGES:
            raise TooManyPages(f"this process serves {MOST_PAGES} live pages already")
        changed = asyncio.Event()
        changed.set()
        self._pages.add(changed)
        return self._stream(changed)

    async def _stream(self, changed: asyncio.Event) -> AsyncIterator[bytes]:
        try:
            self._loop = asyncio.get_running_loop()
            await self._watch()
            while not self._closed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), KEEP_ALIVE_SECONDS)
                was_changed = changed.is_set()
                changed.clear()
                yield b"event: changed\ndata: 1\n\n" if was_changed else b": here\n\n"
                await asyncio.sleep(REST_SECONDS)
        finally:
            self._pages.discard(changed)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        self._tell()
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        """Start following, from a mark taken before the first page looks: nothing falls in between."""
        mark = await run_in_threadpool(self._look, None)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow(mark))

    async def _follow(self, last: Mark) -> None:
        while self._pages:
            await asyncio.sleep(POLL_SECONDS)
            try:
                mark = await run_in_threadpool(self._look, last)
            except DATABASE_AWAY:
                # Open pages go on once it is back.
                continue
            if mark != last:
                last = mark
                self._tell()

    def _tell(self) -> None:
        for page in self._pages:
            page.set()

    def _look(self, last: Mark | None) -> Mark:
        with self._sessions.read() as session:
            return look(session, last)


def look(session: Session, last: Mark | None) -> Mark:
    """The mark that moves with every committed event, one that was written earlier but committed late too.

    It moves for events only: not for every other transaction on the server.
    """
    if session.get_bind().dialect.name != "postgresql":
        return Mark(session.scalar(select(func.max(Event.id))) or 0, settled=True)
    newest, oldest_running, next_to_begin = session.execute(NEWEST_IN_SNAPSHOT).one()
    if last is None or newest != last.newest:
        return Mark(newest, settled=oldest_running >= next_to_begin, runs_until=next_to_begin)
    return Mark(newest, settled=last.settled or oldest_running >= last.runs_until, runs_until=last.runs_until)
