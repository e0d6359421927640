"""Wakes the calls of this process in which a member of staff wants something said."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool

from models.session import Sessions
from outreach_api.voice.by_staff import calls_with_words
from outreach_api.voice.transport import CallRef

LOOK_EVERY_SECONDS = 0.4


class CallWordsWatch:
    """One look at the database for all calls of the process, and only while there is one."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._lines: dict[CallRef, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None

    def watch(self, ref: CallRef) -> asyncio.Event:
        """Set whenever words wait for this call; cleared by who says them."""
        self._lines[ref] = asyncio.Event()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())
        return self._lines[ref]

    def leave(self, ref: CallRef) -> None:
        self._lines.pop(ref, None)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _follow(self) -> None:
        while self._lines:
            for ref in await run_in_threadpool(self._look):
                if ref in self._lines:
                    self._lines[ref].set()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def _look(self) -> set[CallRef]:
        with self._sessions.read() as session:
            return calls_with_words(session)
