from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocabulary import Cause, ContactState, Refusal
from scheduler.planning.cadence import (
    DEFAULT_CADENCE,
    Action,
    Attempt,
    ContactHistory,
    Never,
    NotYet,
    PlannedAt,
    next_contact,
    read_cadence,
)
from scheduler.planning.retry import RETRY_BY_CAUSE, NoPhone, choose_phone

SHENZHEN = ZoneInfo("Asia/Shanghai")
TEN = datetime(2026, 9, 1, 10, tzinfo=SHENZHEN)
DAY = timedelta(days=1)
PHONE, OTHER_PHONE = 1, 2


def an_attempt(
    at: datetime = TEN,
    *,
    step: int = 0,
    state: ContactState = ContactState.DELIVERED,
    phone_id: int = PHONE,
    cause: Cause | None = None,
) -> Attempt:
    return Attempt(step, phone_id, state, cause, at)


def history(*attempts: Attempt, callback_at: datetime | None = None) -> ContactHistory:
    return ContactHistory(attempts, SHENZHEN, callback_at)


def test_the_first_text_is_due_at_once() -> None:
    assert next_contact(history(), DEFAULT_CADENCE, now=TEN) == PlannedAt(0, DEFAULT_CADENCE.rungs[0], TEN)


def test_the_reminder_is_due_from_the_first_minute_of_the_fourth_day_after() -> None:
    midnight = datetime(2026, 9, 5, tzinfo=SHENZHEN)
    before = next_contact(history(an_attempt()), DEFAULT_CADENCE, now=midnight - timedelta(seconds=1))
    then = next_contact(history(an_attempt()), DEFAULT_CADENCE, now=midnight)
    assert before == NotYet(midnight, "cadence")
    assert isinstance(then, PlannedAt)
    assert then.rung.action is Action.TEXT_REMINDER


def test_home_help_follows_six_days_after_the_reminder() -> None:
    both = history(an_attempt(), an_attempt(TEN + 4 * DAY, step=1))
    assert isinstance(next_contact(both, DEFAULT_CADENCE, now=TEN + 9 * DAY), NotYet)
    then = next_contact(both, DEFAULT_CADENCE, now=TEN + 10 * DAY)
    assert isinstance(then, PlannedAt)
    assert then.rung.action is Action.HOME_HELP


@pytest.mark.parametrize("state", [ContactState.REJECTED, ContactState.UNDELIVERED, ContactState.NOT_SENT])
def test_an_attempt_that_did_not_reach_takes_no_rung(state: ContactState) -> None:
    then = next_contact(history(an_attempt(state=state)), DEFAULT_CADENCE, now=TEN + DAY)
    assert isinstance(then, PlannedAt)
    assert then.step == 0


def test_an_unknown_attempt_takes_its_rung_since_it_may_have_reached() -> None:
    assert isinstance(next_contact(history(an_attempt(state=ContactState.UNKNOWN)), DEFAULT_CADENCE, now=TEN), NotYet)


def test_a_callback_outranks_the_waiting_and_keeps_its_hour() -> None:
    asked_for = TEN + timedelta(hours=5)
    then = next_contact(history(an_attempt(), callback_at=asked_for), DEFAULT_CADENCE, now=TEN)
    assert isinstance(then, PlannedAt)
    assert (then.at, then.rung.action) == (asked_for, Action.TEXT_REMINDER)


def test_a_callback_never_becomes_home_help() -> None:
    both = history(an_attempt(), an_attempt(TEN + 4 * DAY, step=1), callback_at=TEN + 9 * DAY)
    then = next_contact(both, DEFAULT_CADENCE, now=TEN + 9 * DAY)
    assert isinstance(then, PlannedAt)
    assert then.rung.action is Action.TEXT_REMINDER


def test_a_ladder_that_was_shortened_meanwhile_is_exhausted() -> None:
    beyond = history(an_attempt(step=5))
    assert next_contact(beyond, DEFAULT_CADENCE, now=TEN) == Never(Refusal.LADDER_EXHAUSTED)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        next_contact(history(), DEFAULT_CADENCE, now=datetime(2026, 9, 1))  # noqa: DTZ001


@given(st.lists(st.integers(0, 30), max_size=4), st.integers(0, 60))
def test_the_next_rung_never_comes_before_its_wait(gaps: list[int], later: int) -> None:
    at, attempts = TEN, []
    for step, gap in enumerate(gaps[: len(DEFAULT_CADENCE.rungs) - 1]):
        at += gap * DAY
        attempts.append(an_attempt(at, step=step))
    now = at + later * DAY
    then = next_contact(history(*attempts), DEFAULT_CADENCE, now=now)
    if isinstance(then, PlannedAt):
        assert then.at <= now
        if attempts:
            assert later >= then.rung.after_days
    else:
        assert isinstance(then, NotYet)
        assert then.until > now


@pytest.mark.parametrize(
    ("ladder", "complaint"),
    [
        ([], "list of rungs"),
        ([{"do": "fax", "after_days": 0}], "rung 1.*text_offer"),
        ([{"do": "text_offer", "after_days": -1}], "rung 1.*after_days"),
        ([{"do": "text_offer", "after_days": 0}, {"do": "call", "after_days": 0}], "rung 2.*after_days"),
        ([{"do": "text_offer", "after_days": 0}], "home_help"),
        ("often", "list of rungs"),
    ],
)
def test_an_unsound_ladder_is_refused_with_the_rung_named(ladder: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_cadence(ladder)


def test_a_ladder_reads_as_it_is_written() -> None:
    written = [
        {"do": "text_offer", "after_days": 0},
        {"do": "text_reminder", "after_days": 4},
        {"do": "home_help", "after_days": 6},
    ]
    assert read_cadence(written) == DEFAULT_CADENCE


def test_every_cause_has_its_remedy() -> None:
    assert set(RETRY_BY_CAUSE) == set(Cause)


def failed(cause: Cause, at: datetime = TEN, phone_id: int = PHONE) -> Attempt:
    return an_attempt(at, state=ContactState.UNDELIVERED, cause=cause, phone_id=phone_id)


def test_a_landline_gives_way_to_the_next_phone_at_once() -> None:
    assert choose_phone([PHONE, OTHER_PHONE], [failed(Cause.LANDLINE)], now=TEN) == OTHER_PHONE
    assert choose_phone([PHONE], [failed(Cause.LANDLINE)], now=TEN) == NoPhone()


def test_an_unreachable_phone_is_tried_once_more_a_day_later_and_then_left() -> None:
    once = [failed(Cause.UNREACHABLE)]
    twice = [*once, failed(Cause.UNREACHABLE, TEN + DAY)]
    assert choose_phone([PHONE, OTHER_PHONE], once, now=TEN + DAY / 2) == NotYet(TEN + DAY, "retry_after_unreachable")
    assert choose_phone([PHONE, OTHER_PHONE], once, now=TEN + DAY) == PHONE
    assert choose_phone([PHONE, OTHER_PHONE], twice, now=TEN + 2 * DAY) == OTHER_PHONE


def test_a_delivery_wipes_out_the_failures_before_it() -> None:
    attempts = [failed(Cause.UNREACHABLE), failed(Cause.UNREACHABLE, TEN + DAY), an_attempt(TEN + 2 * DAY)]
    assert choose_phone([PHONE], attempts, now=TEN + 3 * DAY) == PHONE


def test_what_was_never_sent_is_no_failure_of_the_phone() -> None:
    assert choose_phone([PHONE], [an_attempt(state=ContactState.NOT_SENT)], now=TEN) == PHONE
