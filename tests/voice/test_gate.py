"""Room and money for one more call."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from models.call import Call
from models.contact import Contact
from models.session import Sessions
from models.vocabulary import Cause, Channel, ContactState, Direction
from outreach_api.channels.carrier import Rejected
from outreach_api.clock import VirtualClock
from outreach_api.voice.gate import CallGate
from outreach_api.voice.settings import VoiceSettings
from tests.builders import NOON, a_contact, a_database, a_match

ZONE = ZoneInfo("Asia/Shanghai")


def a_call(session: Session, state: ContactState) -> Contact:
    contact = a_contact(session, a_match(session), state=state, channel=Channel.VOICE)
    contact.sent_at = NOON - timedelta(minutes=1)
    session.flush()
    return contact


def a_gate(sessions: Sessions, **settings: object) -> CallGate:
    return CallGate(sessions, VirtualClock(NOON), VoiceSettings(_env_file=None, **settings), ZONE)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [ContactState.ACCEPTED, ContactState.UNKNOWN])
def test_no_more_calls_than_there_is_room_for(state: ContactState) -> None:
    sessions = a_database()
    with sessions.write() as session:
        for _ in range(2):
            a_call(session, state)
    assert a_gate(sessions, most_calls_at_once=3)(99) is None
    refused = a_gate(sessions, most_calls_at_once=2)(99)
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.retry_after_seconds) == (Cause.RATE_LIMITED, 20.0)


def test_of_those_placed_at_the_same_moment_the_first_ones_go() -> None:
    sessions = a_database()
    with sessions.write() as session:
        placing = [a_call(session, ContactState.SENDING).id for _ in range(5)]
    gate = a_gate(sessions, most_calls_at_once=2)
    assert [gate(contact_id) is None for contact_id in placing] == [True, True, False, False, False]


def test_a_call_whose_end_was_never_told_counts_no_longer_than_it_could_last() -> None:
    sessions = a_database()
    with sessions.write() as session:
        a_call(session, ContactState.ACCEPTED).sent_at = NOON - timedelta(hours=1)
    assert a_gate(sessions, most_calls_at_once=1)(99) is None


@pytest.mark.parametrize(("seconds", "goes"), [(119, True), (121, False)])
def test_what_is_spent_today_counts_by_begun_minutes(seconds: int, goes: bool) -> None:
    sessions = a_database()
    with sessions.write() as session:
        row = {"provider": "twilio", "direction": Direction.OUT, "number": "+8613900000001", "number_index": "x"}
        yesterday = NOON - timedelta(days=1)
        session.add(Call(**row, provider_ref="CA1", started_at=NOON - timedelta(hours=1), seconds=seconds))
        session.add(Call(**row, provider_ref="CA2", started_at=yesterday, seconds=9000))
    gate = a_gate(sessions, price_per_minute=1.0, daily_spend_cap=3.0)
    assert (gate(99) is None) is goes
