"""Many webhooks at once: one commit for all that wait, each with its own outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import SQLAlchemyError

from models.column_types import key_ring
from models.contact import Receipt
from models.conversation import Inbound
from models.event import Event
from models.session import Sessions
from models.vocabulary import Channel
from outreach_api.arrived import Status, Text
from outreach_api.spool import Spool
from outreach_api.web.arrivals import Arrivals, Row
from tests.builders import NOON, a_database


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    sessions = a_database(f"sqlite:///{tmp_path}/arrivals.db")
    yield sessions
    sessions.engine.dispose()


def a_text(ref: str, **values: Any) -> Text:
    sender = "+8613800138001"
    row = {
        "provider": "twilio",
        "provider_ref": ref,
        "channel": Channel.SMS,
        "sender": sender,
        "sender_index": key_ring().blind_index(sender, kind="phone"),
        "recipient": "+10690",
        "text": f"想问一下 {ref}",
        "received_at": NOON,
        "due_at": NOON,
    }
    return Text(row | values)


def a_status(ref: str) -> Status:
    return Status({"provider": "twilio", "provider_ref": ref, "status": "sent", "contact_id": 7, "received_at": NOON})


def a_spool() -> Spool:
    """One that takes nothing."""
    return Spool(Path("/nowhere"), key_ring(), most_bytes=0)


def keep_at_once(sessions: Sessions, *arrivals: Row) -> list[Any]:
    async def keep_all() -> list[Any]:
        kept = Arrivals(sessions, a_spool())
        return await asyncio.gather(*(kept.keep(arrival) for arrival in arrivals), return_exceptions=True)

    return asyncio.run(keep_all())


def rows(sessions: Sessions, column: Any) -> list[Any]:
    with sessions.read() as session:
        return list(session.scalars(select(column)))


def test_all_that_wait_share_a_commit(sessions: Sessions) -> None:
    commits: list[object] = []
    event.listen(sessions.engine, "commit", commits.append)
    keep_at_once(sessions, *(a_text(f"SM{number}") for number in range(20)), *(a_status(f"SM{n}") for n in range(20)))
    assert len(commits) == 1
    assert len(rows(sessions, Inbound.id)) == len(rows(sessions, Receipt.id)) == len(rows(sessions, Event.id)) == 20
    assert rows(sessions, Inbound.text)[3] == "想问一下 SM3"


def test_each_is_told_its_own_id_and_a_repeated_one_none(sessions: Sessions) -> None:
    (first,) = keep_at_once(sessions, a_text("SM1"))
    ids = keep_at_once(sessions, a_text("SM2"), a_text("SM1"), a_text("SM2"), a_text("SM3"))
    assert first == 1
    assert [ids[1], ids[2]] == [None, None]
    assert sorted(rows(sessions, Inbound.id)) == sorted([first, ids[0], ids[3]])
    assert [facts["inbound"] for facts in rows(sessions, Event.facts)] == [first, ids[0], ids[3]]


def test_one_that_cannot_be_written_does_not_take_the_others_with_it(sessions: Sessions) -> None:
    good, bad, other = keep_at_once(sessions, a_text("SM1"), a_text("SM2", recipient=None), a_text("SM3"))
    assert isinstance(bad, SQLAlchemyError)
    assert rows(sessions, Inbound.id) == [good, other]


def test_nobody_is_answered_before_the_commit(sessions: Sessions) -> None:
    order: list[str] = []
    event.listen(sessions.engine, "commit", lambda _: order.append("committed"))

    async def keep_and_tell() -> None:
        await Arrivals(sessions, a_spool()).keep(a_status("SM1"))
        order.append("answered")

    asyncio.run(keep_and_tell())
    assert order == ["committed", "answered"]
