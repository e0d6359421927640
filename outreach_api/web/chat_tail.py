"""Open chat pages: the transcript is read once per process for all of them, and each is told when its own talk grew."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar, TypeVarTuple

import structlog
from anyio import CapacityLimiter, to_thread
from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool

from models.conversation import Conversation, Message
from models.session import Sessions
from outreach_api.chat.visits import note_seen
from outreach_api.clock import Clock

POLL_SECONDS = 0.2
SEEN_EVERY_POLLS = 300
MOST_PAGES = 5000
READERS = 8
"""Threads that read for pages at once: more would wait for one another, each with a connection of its own."""
LOOK_BACK = 500
"""Ids are given before the commit: so many behind the newest one are looked at again for some that came late."""
Found = TypeVar("Found")
Given = TypeVarTuple("Given")
log = structlog.get_logger(__name__)


class TooManyChats(Exception):  # noqa: N818
    """This process serves no more chat pages."""


@dataclass(eq=False)
class OpenPage:
    """One stream of one browser."""

    visit_id: int
    phone_id: int
    grew: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False
    """The visit has ended, the link was revoked, or the server stops."""

    async def wait(self, seconds: float) -> bool:
        """Whether the talk grew, or the page is over, within this time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.grew.wait(), seconds)
        grew = self.grew.is_set()
        self.grew.clear()
        return grew

    def close(self) -> None:
        self.over = True
        self.grew.set()


class ChatTail:
    """Follows the transcript by id, only while a page is open. Lives in the server's event loop."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._pages: dict[int, set[OpenPage]] = defaultdict(set)
        self._seen: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._readers = CapacityLimiter(READERS)

    async def read(self, look: Callable[[*Given], Found], *given: *Given) -> Found:
        """Read from the database for a page."""
        return await to_thread.run_sync(look, *given, limiter=self._readers)

    @contextmanager
    def watching(self, visit_id: int, phone_id: int) -> Iterator[OpenPage]:
        """A page that is told of every message of its phone's talk.

        Raises:
            TooManyChats: the process serves enough of them.
        """
        if self._closed or sum(map(len, self._pages.values())) >= MOST_PAGES:
            raise TooManyChats(f"this process serves {MOST_PAGES} chat pages already")
        page = OpenPage(visit_id, phone_id)
        self._pages[phone_id].add(page)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())
        try:
            yield page
        finally:
            self._pages[phone_id].discard(page)
            if not self._pages[phone_id]:
                del self._pages[phone_id]

    def tell(self, phone_id: int) -> None:
        """Something about this talk changed that is no message."""
        for page in self._pages.get(phone_id, ()):
            page.grew.set()

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for page in self._all():
            page.close()
        if self._task is not None:
            self._task.cancel()

    def _all(self) -> list[OpenPage]:
        return [page for pages in self._pages.values() for page in pages]

    async def _follow(self) -> None:
        """The first look only says where we stand: what a page has not seen it reads for itself when it opens."""
        polls = 0
        newest = await run_in_threadpool(self._newest)
        for page in self._all():
            page.grew.set()
        while self._pages:
            await asyncio.sleep(POLL_SECONDS)
            polls += 1
            try:
                newest = await self._look(newest)
                if polls % SEEN_EVERY_POLLS == 0:
                    await self._note_seen()
            except Exception:
                # The next look finds what this one missed.
                log.exception("chat_tail_failed")

    async def _look(self, newest: int) -> int:
        grown = await run_in_threadpool(self._grown, newest)
        for message_id, phone_id in grown:
            if message_id not in self._seen:
                self.tell(phone_id)
        self._seen = {message_id for message_id, _ in grown}
        return max((message_id for message_id, _ in grown), default=newest)

    def _newest(self) -> int:
        with self._sessions.read() as session:
            newest = session.scalar(select(func.max(Message.id))) or 0
        self._seen = {message_id for message_id, _ in self._grown(newest)}
        return newest

    def _grown(self, newest: int) -> list[tuple[int, int]]:
        query = select(Message.id, Conversation.phone_id).join(Conversation, Conversation.id == Message.conversation_id)
        with self._sessions.read() as session:
            return [(row.id, row.phone_id) for row in session.execute(query.where(Message.id > newest - LOOK_BACK))]

    async def _note_seen(self) -> None:
        pages = self._all()
        ended = await run_in_threadpool(self._write_seen, {page.visit_id for page in pages})
        for page in pages:
            if page.visit_id in ended:
                page.close()

    def _write_seen(self, visit_ids: set[int]) -> frozenset[int]:
        with self._sessions.write() as session:
            return note_seen(session, visit_ids, now=self._clock.now())
