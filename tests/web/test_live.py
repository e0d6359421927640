from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.event import Event
from models.session import Sessions
from models.vocabulary import EventKind
from outreach_api.web import live
from outreach_api.web.live import EventTail, Mark, TooManyPages, look
from tests.builders import NOON, a_database, a_phone


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sessions:
    for name in ("POLL_SECONDS", "REST_SECONDS", "KEEP_ALIVE_SECONDS"):
        monkeypatch.setattr(live, name, 0.05)
    return a_database(f"sqlite:///{tmp_path}/live.db")


def something_happens(sessions: Sessions) -> None:
    with sessions.write() as session:
        session.add(Event(at=NOON, kind=EventKind.CASE_CHANGED, facts={}))


async def until_changed(stream: AsyncIterator[bytes]) -> None:
    async for told in stream:
        if told.startswith(b"event: changed"):
            return


def test_a_page_is_told_at_once_and_after_each_change_only(sessions: Sessions) -> None:
    async def watch() -> list[bytes]:
        tail = EventTail(sessions)
        stream = tail.changes()
        told = [await anext(stream) for _ in range(5)]
        something_happens(sessions)
        await asyncio.wait_for(until_changed(stream), 5)
        tail.close()
        return told

    first, *others = asyncio.run(watch())
    assert first.startswith(b"event: changed")
    assert set(others) == {b": here\n\n"}


def test_closing_ends_every_stream(sessions: Sessions) -> None:
    async def watch() -> int:
        tail = EventTail(sessions)
        streams = [tail.changes() for _ in range(3)]
        for stream in streams:
            await anext(stream)
        tail.close()
        return sum([1 for stream in streams async for _ in stream])

    assert asyncio.run(asyncio.wait_for(watch(), 5)) <= 3


def test_more_pages_than_a_process_can_serve_are_refused(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_PAGES", 1)

    async def watch() -> None:
        tail = EventTail(sessions)
        first = tail.changes()
        await anext(first)
        with pytest.raises(TooManyPages):
            tail.changes()
        tail.close()

    asyncio.run(watch())


@pytest.mark.postgres
def test_an_event_that_is_committed_late_is_told_and_other_work_is_not(postgres_url: str) -> None:
    sessions = a_database(postgres_url)

    def mark(last: Mark | None) -> Mark:
        with sessions.read() as session:
            return look(session, last)

    with sessions.write() as slow:
        slow.add(Event(at=NOON, kind=EventKind.CASE_CHANGED, facts={}))
        slow.flush()
        something_happens(sessions)
        early = mark(mark(None))
        assert (early.newest, early.settled) == (2, False)
    late = mark(early)
    assert late != early
    assert (late.newest, late.settled) == (2, True)
    with sessions.write() as session:
        a_phone(session)
    assert mark(late) == late
    sessions.engine.dispose()
