"""What a forecast takes for granted is data: checked, replaceable, and overruled by what was seen."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from models.case import Visit
from models.event import Setting
from models.session import Sessions
from models.vocabulary import VisitOutcome
from outreach_api.forecasts.assumptions import SETTING, Assumptions, assumed, read_assumptions
from outreach_api.forecasts.seen import ENOUGH, assumptions_now
from tests.builders import a_case, a_match
from tests.forecasts.conftest import MORNING


def test_a_setting_replaces_single_entries() -> None:
    mine = read_assumptions({"visits_per_workday": 3})
    assert mine == assumed().model_copy(update={"visits_per_workday": 3.0})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "table"),
        ({"undelivered": {"worth": 5, "shares": {"yes": 0.5, "no": 0.6}}}, "sum to 1.1"),
        ({"undelivered": {"worth": 5, "shares": {"often": 1.0}}}, "undelivered divides into no, yes"),
        ({"applies_after_days": [9, 2]}, "applies_after_days"),
        ({"patience": 3}, "patience"),
    ],
)
def test_a_wrong_entry_is_named(value: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_assumptions(value)


def test_the_less_an_assumption_is_worth_the_more_it_varies() -> None:
    def spread(worth: float) -> float:
        shares = assumed().people.model_copy(update={"worth": worth})
        drawn = sorted(shares.drawn(Random(seed))["silent"] for seed in range(200))
        return drawn[-5] - drawn[5]

    assert spread(10) > 2 * spread(1000)
    assert sum(assumed().people.drawn(Random(1)).values()) == pytest.approx(1)


def _with_visits(sessions: Sessions, number: int) -> Assumptions:
    with sessions.write() as session:
        case = a_case(session, a_match(session))
        for serial in range(number):
            outcome = VisitOutcome.NOT_HOME if serial % 4 else VisitOutcome.APPLIED
            day = MORNING.date() - timedelta(days=serial)
            session.add(
                Visit(client_id=str(serial), case_id=case.id, visit_on=day, outcome=outcome, recorded_at=MORNING)
            )
        session.flush()
        return assumptions_now(session, now=MORNING)


def test_what_was_seen_often_enough_overrules(street: Sessions) -> None:
    found = _with_visits(street, ENOUGH)
    assert found.at_the_door.seen
    assert dict(found.at_the_door.shares) == {"done": 0.25, "not_home": 0.75, "other": 0.0}
    assert found.visits_per_workday == 1
    assert not found.people.seen


def test_a_few_cases_overrule_nothing_but_staff_do(street: Sessions) -> None:
    with street.write() as session:
        session.add(Setting(name=SETTING, value={"text_parts": 1}, changed_at=MORNING, changed_by="staff:1"))
    found = _with_visits(street, ENOUGH - 1)
    assert found == assumed().model_copy(update={"text_parts": 1.0})
