"""Turns among campaigns, the rate of a sending number, the breaker of a carrier."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.event import Setting
from models.vocabulary import BreakerState, CampaignKind, Channel, ContactState
from outreach_api.delivery.breaker import (
    FAILURES_THAT_OPEN,
    FIRST_REST,
    INTACT,
    LONGEST_REST,
    PROBES,
    WINDOW,
    Breaker,
    after,
    breakers,
)
from outreach_api.delivery.lanes import Candidate, in_turns
from outreach_api.delivery.pace import Rate, charged, seats
from tests.builders import NOON
from tests.delivery.office import MINUTE, Office

SECOND = timedelta(seconds=1)
pytestmark = pytest.mark.engines


def queued(office: Office, count: int, campaign_id: int | None, *, minutes_ago: int = 10) -> list[int]:
    return [office.due(campaign_id=campaign_id, due_at=NOON - minutes_ago * MINUTE) for _ in range(count)]


def test_a_long_queue_does_not_delay_another_campaigns_single_message(office: Office) -> None:
    queued(office, 30, office.campaign(priority=1))
    (single,) = queued(office, 1, office.campaign(priority=9), minutes_ago=0)
    (outside,) = queued(office, 1, None, minutes_ago=0)
    office.deliver(limit=3)
    assert set(office.carrier.contact_ids()[1:]) == {single, outside}


def test_campaigns_take_turns_and_an_urgent_one_has_more_seats(office: Office) -> None:
    ordinary = queued(office, 6, office.campaign())
    urgent = queued(office, 6, office.campaign(kind=CampaignKind.URGENT))
    office.deliver(limit=10)
    assert office.carrier.contact_ids() == [*urgent[:4], ordinary[0], *urgent[4:], *ordinary[1:4]]


def test_with_more_campaigns_than_seats_another_one_begins_each_time(office: Office) -> None:
    lanes = [office.campaign() for _ in range(5)]
    firsts = [queued(office, 3, lane)[0] for lane in lanes]
    begun = set()
    for _ in range(12):
        office.deliver(limit=1)
        office.wait(timedelta(milliseconds=1))
    begun = set(office.carrier.contact_ids()) & set(firsts)
    assert begun == set(firsts)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 30)), max_size=6))
def test_turns_lose_and_repeat_nothing_and_keep_each_queues_order(shape: list[tuple[int, int]]) -> None:
    queues = [
        (seats_a_turn, [Candidate(100 * lane + n, None, 0, Channel.SMS) for n in range(length)])
        for lane, (seats_a_turn, length) in enumerate(shape)
    ]
    taken = [candidate.contact_id for candidate in in_turns(queues)]
    assert sorted(taken) == sorted(c.contact_id for _, queue in queues for c in queue)
    for lane in range(len(queues)):
        own = [contact_id for contact_id in taken if contact_id // 100 == lane]
        assert own == sorted(own)


def limited(office: Office, per_second: float) -> None:
    with office.sessions.write() as session:
        rates = {office.carrier.sender: per_second}
        session.add(Setting(name="sender_rates", value=rates, changed_at=NOON, changed_by="staff:1"))


def test_a_number_sends_no_faster_than_its_rate_but_answers_go_out(office: Office) -> None:
    limited(office, 5)
    queued(office, 12, None)
    assert office.deliver().sent == {"accepted": 5}
    assert not office.deliver()
    asked = office.carrier.contact_ids()[0]
    reply = office.answer(asked, office.hears(asked))
    office.deliver()
    assert office.carrier.contact_ids()[-1] == reply
    office.wait(SECOND)
    assert office.deliver().sent == {"accepted": 4}
    office.wait(SECOND)
    assert office.deliver().sent == {"accepted": 3}


@given(st.floats(0.1, 500), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 50)), max_size=40))
def test_no_stretch_of_time_sees_more_than_the_rate_and_a_seconds_savings(
    per_second: float, asks: list[tuple[int, int]]
) -> None:
    rate, now, free_at = Rate("n", per_second), NOON, None
    sent: list[tuple[datetime, int]] = []
    for wait, wanted in asks:
        now += timedelta(milliseconds=wait)
        room = max(min(seats(free_at, rate, now=now), wanted), 0)
        free_at = charged(free_at, rate, room, now=now)
        sent.append((now, room))
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            length = (sent[last][0] - sent[first][0]).total_seconds()
            total = sum(count for _, count in sent[first : last + 1])
            assert total <= (length + 1) * per_second + 1.001


def test_a_broken_rate_setting_sets_no_limit(office: Office) -> None:
    with office.sessions.write() as session:
        session.add(Setting(name="sender_rates", value={"+1": "fast"}, changed_at=NOON, changed_by="staff:1"))
    queued(office, 3, None)
    assert office.deliver().sent == {"accepted": 3}


# The breaker, as a rule


def test_five_failures_that_are_half_of_all_sends_open_it() -> None:
    four = after(INTACT, good=0, bad=4, now=NOON)
    assert four.state is BreakerState.CLOSED
    assert after(four, good=0, bad=1, now=NOON).state is BreakerState.OPEN
    assert after(four, good=20, bad=1, now=NOON).state is BreakerState.CLOSED


def test_failures_far_apart_do_not_add_up() -> None:
    breaker = INTACT
    for minute in range(20):
        breaker = after(breaker, good=0, bad=1, now=NOON + minute * (WINDOW + SECOND))
    assert breaker.state is BreakerState.CLOSED
    assert after(breaker, good=1, bad=0, now=NOON + timedelta(hours=2)) == INTACT


def test_each_opening_rests_twice_as_long_up_to_a_limit_and_a_success_closes() -> None:
    breaker, rests = after(INTACT, good=0, bad=5, now=NOON), []
    for _ in range(7):
        assert breaker.retry_at is not None
        rests.append(breaker.retry_at - NOON)
        half_open = Breaker(BreakerState.HALF_OPEN, trips=breaker.trips)
        breaker = after(half_open, good=1, bad=1, now=NOON)
    assert rests[:3] == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST]
    assert rests[-1] == LONGEST_REST
    assert after(Breaker(BreakerState.HALF_OPEN, trips=3), good=1, bad=0, now=NOON) == INTACT


# The breaker, at work


def test_a_carrier_that_fails_in_the_middle_of_a_batch_gets_no_more_of_it(office: Office) -> None:
    queued(office, 25, None)
    office.carrier.script = ["accept"] * 8 + ["timeout_before_accept"] * 15
    assert office.deliver().sent == {"accepted": 8, "unknown": FAILURES_THAT_OPEN, "returned": 2}


def test_a_dead_carrier_is_left_alone_then_tried_with_a_few_and_nothing_unknown_goes_twice(office: Office) -> None:
    ids = queued(office, 20, None)
    office.carrier.script = ["timeout_before_accept"] * (FAILURES_THAT_OPEN + PROBES)
    report = office.deliver()
    assert report.sent == {"unknown": FAILURES_THAT_OPEN}
    with office.sessions.read() as session:
        assert breakers(session)["twilio"].state is BreakerState.OPEN
    office.wait(FIRST_REST - SECOND)
    assert not office.deliver()
    office.wait(2 * SECOND)
    assert office.deliver().sent == {"unknown": PROBES}
    office.wait(2 * FIRST_REST + SECOND)
    assert office.deliver().sent == {"accepted": PROBES}
    with office.sessions.read() as session:
        assert breakers(session) == {"twilio": INTACT}
    office.deliver()
    states = [office.state(contact_id) for contact_id in ids]
    assert states.count(ContactState.UNKNOWN) == FAILURES_THAT_OPEN + PROBES
    assert sorted(office.carrier.contact_ids()) == [i for i in ids if office.state(i) is ContactState.ACCEPTED]
    told = [facts["state"] for facts in office.events() if "carrier" in facts]
    assert told == ["open", "half_open", "open", "half_open", "closed"]


def test_a_refused_text_is_no_failure_of_the_carrier(office: Office) -> None:
    office.carrier.script = ["landline"] * 10
    queued(office, 10, None)
    office.deliver()
    with office.sessions.read() as session:
        assert breakers(session) == {}
