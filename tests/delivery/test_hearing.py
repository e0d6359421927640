"""What was written while no webhook could be reached is asked for, and known messages have no effect again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from models.conversation import Inbound
from models.session import Sessions
from models.vocabulary import Channel
from outreach_api.channels.carrier import HeardMessage, Hearing, Listing, OutgoingText, SendResult, Unknown
from outreach_api.delivery.hearing import LOOK_BACK, catch_up_with_heard
from tests.builders import NOON, a_database

HOUR = timedelta(hours=1)


class Carrier:
    """Keeps what it heard; a `TextCarrier` that sends nothing."""

    name, sender = "twilio", "+8675500012345"

    def __init__(self) -> None:
        self.kept: list[HeardMessage] = []
        self.complete = True
        self.asked: list[datetime] = []

    def write(self, ref: str, at: datetime, text: str = "退订") -> None:
        self.kept.append(HeardMessage(ref, "+8613800138001", self.sender, text, at))

    def send(self, message: OutgoingText) -> SendResult:
        return Unknown(str(message.contact_id))

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        return Listing([], complete=since <= until)

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        self.asked.append(since)
        found: Sequence[HeardMessage] = [one for one in self.kept if since <= one.heard_at < until]
        return Hearing(found if self.complete else found[:1], complete=self.complete)


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    sessions = a_database(f"sqlite:///{tmp_path}/hearing.db")
    yield sessions
    sessions.engine.dispose()


def ask(sessions: Sessions, carrier: Carrier, now: datetime) -> int:
    return catch_up_with_heard(sessions, {Channel.SMS: carrier}, now=now)


def refs(sessions: Sessions) -> list[str]:
    with sessions.read() as session:
        return list(session.scalars(select(Inbound.provider_ref).order_by(Inbound.id)))


def test_messages_come_in_once_in_the_order_in_which_they_were_written(sessions: Sessions) -> None:
    carrier = Carrier()
    ask(sessions, carrier, NOON)
    carrier.write("SM2", NOON + 2 * HOUR)
    carrier.write("SM1", NOON + HOUR)
    assert ask(sessions, carrier, NOON + 3 * HOUR) == 2
    assert ask(sessions, carrier, NOON + 3 * HOUR + timedelta(minutes=1)) == 0
    assert refs(sessions) == ["SM1", "SM2"]
    with sessions.read() as session:
        first = session.execute(select(Inbound.received_at, Inbound.text).order_by(Inbound.id)).first()
    assert first == (NOON + HOUR, "退订")


def test_an_incomplete_listing_is_asked_for_again_from_the_same_instant(sessions: Sessions) -> None:
    carrier = Carrier()
    ask(sessions, carrier, NOON)
    carrier.write("SM1", NOON + HOUR)
    carrier.write("SM2", NOON + HOUR)
    carrier.complete = False
    assert ask(sessions, carrier, NOON + 2 * HOUR) == 1
    carrier.complete = True
    assert ask(sessions, carrier, NOON + 9 * HOUR) == 1
    assert carrier.asked[1:] == [NOON - LOOK_BACK] * 2


def test_after_a_whole_listing_only_what_is_newer_is_asked_for(sessions: Sessions) -> None:
    carrier = Carrier()
    for hours in (0, 5, 9):
        ask(sessions, carrier, NOON + hours * HOUR)
    assert carrier.asked == [NOON - LOOK_BACK, NOON - LOOK_BACK, NOON + 5 * HOUR - LOOK_BACK]
