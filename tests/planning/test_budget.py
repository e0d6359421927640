from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocabulary import Channel, ContactPurpose, Refusal
from scheduler.planning.budget import (
    ContactBudget,
    Spent,
    budget_refusal,
    is_proactive,
    next_within_budget,
    read_limits,
)
from scheduler.planning.rules import ContactRules

SHENZHEN = ZoneInfo("Asia/Shanghai")
BUDGET = ContactBudget(SHENZHEN)
TEN = datetime(2026, 9, 1, 10, tzinfo=SHENZHEN)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTES = st.integers(0, 14 * 24 * 60)


def texts(*times: datetime) -> list[Spent]:
    return [Spent(Channel.SMS, at) for at in times]


def test_a_second_text_on_one_calendar_day_is_refused() -> None:
    assert budget_refusal(texts(TEN), Channel.SMS, BUDGET, at=TEN + 9 * HOUR) is Refusal.DAILY_CAP


def test_the_day_is_the_residents_own() -> None:
    late = datetime(2026, 9, 1, 23, 30, tzinfo=SHENZHEN)
    assert late.astimezone(UTC).date() == (late + HOUR).astimezone(UTC).date()
    assert budget_refusal(texts(late), Channel.SMS, BUDGET, at=late + HOUR) is None


def test_a_fourth_text_in_seven_days_is_refused_until_the_first_is_seven_days_old() -> None:
    three = texts(TEN, TEN + DAY, TEN + 2 * DAY)
    week_later = TEN + 7 * DAY
    assert budget_refusal(three, Channel.SMS, BUDGET, at=week_later - HOUR) is Refusal.WEEKLY_CAP
    assert budget_refusal(three, Channel.SMS, BUDGET, at=week_later) is None
    assert next_within_budget(three, Channel.SMS, BUDGET, at=TEN + 3 * DAY) == week_later


def test_calls_and_texts_have_each_their_own_limit() -> None:
    assert budget_refusal(texts(TEN), Channel.VOICE, BUDGET, at=TEN) is None


def test_what_is_planned_for_later_counts_too() -> None:
    assert budget_refusal(texts(TEN + 2 * HOUR), Channel.SMS, BUDGET, at=TEN) is Refusal.DAILY_CAP


@given(st.lists(MINUTES, max_size=12))
def test_whatever_is_asked_for_no_day_and_no_week_gets_too_much(wishes: list[int]) -> None:
    rules = ContactRules()
    sent: list[Spent] = []
    for wish in sorted(wishes):
        wished_at = TEN + timedelta(minutes=wish)
        at = rules.next_slot(sent, Channel.SMS, at=wished_at)
        assert at >= wished_at
        sent.append(Spent(Channel.SMS, at))
    days = [one.at.astimezone(SHENZHEN).date() for one in sent]
    assert len(set(days)) == len(days)
    for one in sent:
        assert sum(one.at - 7 * DAY < other.at <= one.at for other in sent) <= 3


@pytest.mark.parametrize(
    ("purpose", "answers", "counts"),
    [
        (ContactPurpose.OFFER, None, True),
        (ContactPurpose.OFFER, TEN, True),
        (ContactPurpose.REPLY, TEN - timedelta(minutes=26), False),
        (ContactPurpose.REPLY, TEN - timedelta(minutes=28), True),
        (ContactPurpose.REPLY, None, True),
        (ContactPurpose.ACKNOWLEDGEMENT, TEN, False),
    ],
)
def test_an_answer_is_free_while_the_resident_waits_for_it(
    purpose: ContactPurpose, answers: datetime | None, counts: bool
) -> None:
    assert is_proactive(purpose, at=TEN, answers=answers) is counts


@pytest.mark.parametrize(
    ("limits", "complaint"),
    [
        ({"sms": {"per_day": 0, "per_week": 3}}, "at least 1"),
        ({"sms": {"per_day": 4, "per_week": 3}}, "no fewer"),
        ({"sms": {"daily": 1}}, "write per_day"),
        ({"pigeon": {}}, "no channel pigeon"),
        (3, "table"),
    ],
)
def test_an_unsound_budget_is_refused(limits: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_limits(limits)
