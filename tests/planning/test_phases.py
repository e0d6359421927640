from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contact import Campaign
from scheduler.planning.phases import DAYS_NEEDED, phase_number, plan_phases, start_in_phases
from tests.planning.street import DAY, EIGHT, Street

STARTS = date(2026, 9, 1)


@given(st.integers(1, 8), st.integers(1, 30), st.integers(0, 200))
def test_the_last_phase_still_has_its_time_before_the_window_closes(phases: int, days: int, open_days: int) -> None:
    closes = STARTS + timedelta(days=open_days)
    planned = plan_phases(STARTS, phases=phases, days_between=days, closes_on=closes)
    assert planned[0] == STARTS
    assert len(planned) == 1 or (closes - planned[-1]).days >= DAYS_NEEDED
    assert planned == sorted(set(planned))


def test_without_an_end_phases_are_as_far_apart_as_wished() -> None:
    assert plan_phases(STARTS, phases=3, days_between=7) == [STARTS, date(2026, 9, 8), date(2026, 9, 15)]


@pytest.mark.parametrize(("phases", "days"), [(0, 7), (2, 0)])
def test_no_phases_and_no_days_between_are_refused(phases: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        plan_phases(STARTS, phases=phases, days_between=days)


def test_the_lot_is_steady_and_about_even() -> None:
    lots = [phase_number(resident, 3, 4) for resident in range(1, 4001)]
    assert lots == [phase_number(resident, 3, 4) for resident in range(1, 4001)]
    assert all(900 < lots.count(phase) < 1100 for phase in (1, 2, 3, 4))


def test_whose_phase_has_not_begun_is_contacted_when_it_has(street: Street) -> None:
    residents = [street.matched() for _ in range(12)]
    with street.sessions.write() as session:
        campaign = session.get_one(Campaign, 1)
        campaign.starts_on = EIGHT.date()
        start_in_phases(session, campaign, phases=2, days_between=7)
    first = {resident for resident in residents if phase_number(resident, 1, 2) == 1}
    assert 0 < len(first) < len(residents)
    street.plan(EIGHT)
    assert {contact.resident_id for contact in street.contacts()} == first
    street.settle()
    street.plan(EIGHT + 7 * DAY)
    assert {contact.resident_id for contact in street.contacts()} == set(residents)
