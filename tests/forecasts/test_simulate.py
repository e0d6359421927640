"""A course keeps the planner's rules, and follows from its seed and its assumptions alone."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest

from models.session import Sessions
from models.vocabulary import Channel
from outreach_api.forecasts.assumptions import assumed, read_assumptions
from outreach_api.forecasts.audience import Audience, read_audience
from outreach_api.forecasts.simulate import Course, live_through
from tests.forecasts.conftest import CAP, CARDS, MORNING, POLICY, RESIDENTS

DAYS = 30


@pytest.fixture
def audience(street: Sessions) -> Audience:
    with street.read() as session:
        return read_audience(session, now=MORNING, cards=CARDS, channels=[Channel.SMS])


def _course(audience: Audience, seed: int = 1, days: int = DAYS, **replaced: Any) -> Course:
    assumptions = read_assumptions(replaced) if replaced else assumed()
    return live_through(audience, assumptions, takes_replies=[POLICY], starts_on=MORNING.date(), days=days, seed=seed)


def _certain(**shares: float) -> dict[str, Any]:
    return {"worth": 1e9, "shares": shares}


ALL_SILENT: dict[str, Any] = {
    "people": _certain(says_yes=0, goes_to_hall=0, goes_online=0, wants_visit=0, declines=0, stops=0, silent=1),
    "silent_but_writes": _certain(yes=0, no=1),
    "undelivered": _certain(yes=0, no=1),
}


def test_one_seed_gives_one_course(audience: Audience) -> None:
    assert _course(audience) == _course(audience)
    assert _course(audience) != _course(audience, seed=2)


def test_the_daily_cap_holds(audience: Audience) -> None:
    texts = _course(audience)[POLICY]["texts"]
    assert max(texts) == CAP
    assert sum(texts) >= RESIDENTS - 2  # four behind two phones share their first text


def test_the_silent_get_the_whole_ladder_and_then_a_visit(audience: Audience) -> None:
    mine = _course(audience, days=60, **ALL_SILENT)[POLICY]
    assert sum(mine["contacts"]) == 2 * RESIDENTS
    assert sum(mine["home_visits"]) == RESIDENTS
    assert sum(mine["answered"]) == 0


def test_done_is_never_more_than_there_are(audience: Audience) -> None:
    for seed in range(5):
        assert sum(_course(audience, seed=seed, days=60)[POLICY]["done"]) <= RESIDENTS


def test_without_teams_every_promise_is_missed_and_with_many_none(audience: Audience) -> None:
    nobody = _course(audience, **ALL_SILENT, visits_per_workday=0)[POLICY]
    assert sum(nobody["late"]) == sum(nobody["due"]) > 0
    at_home = _certain(done=1, not_home=0, other=0)
    many = _course(audience, **ALL_SILENT, visits_per_workday=100, at_the_door=at_home)[POLICY]
    assert sum(many["late"]) == 0
    assert sum(many["done"]) > 0


def test_nobody_is_asked_again_who_stopped(audience: Audience) -> None:
    stops = _certain(says_yes=0, goes_to_hall=0, goes_online=0, wants_visit=0, declines=0, stops=1, silent=0)
    mine = _course(
        audience,
        people=stops,
        undelivered=_certain(yes=0, no=1),
        unnoticed=_certain(yes=0, no=1),
        answers_after_days=[0, 0],
    )[POLICY]
    assert sum(mine["contacts"]) == sum(mine["answered"]) == RESIDENTS
    assert sum(mine["home_visits"]) == 0
    assert list(accumulate(mine["contacts"]))[-1] == RESIDENTS
