"""An uplift that was put in is found, none that was not, and the interval says how surely."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median

from models.contact import Campaign
from models.report import CampaignPhase
from models.report_views import renew_views
from models.vocabulary import MatchState
from outreach_api.reports.build import build_report
from outreach_api.reports.listing import count_rows
from outreach_api.reports.report import Kind
from outreach_api.reports.snapshot import take_snapshot
from outreach_api.reports.uplift import Step, Uplift, pooled
from scheduler.planning.phases import phase_number
from tests.builders import NOON, a_database, a_match
from tests.reports.conftest import ZONE, followed

MATCHES = 2000
PHASES = 4
ALONE = 0.06
"""Share that applies within a phase's days without being contacted."""
SEEDS = 100


def lived_through(seed: int, effect: float) -> Uplift:
    """2,000 matches in four phases; who is contacted in a phase applies in it more often by `effect`."""
    dice = Random(seed)
    waiting = {resident: phase_number(resident, seed, PHASES) for resident in range(1, MATCHES + 1)}
    steps = []
    for number in range(1, PHASES):
        done = {r for r, own in waiting.items() if dice.random() < ALONE + (effect if own == number else 0)}
        treated = {r for r, own in waiting.items() if own == number}
        later = {r for r, own in waiting.items() if own > number}
        steps.append(Step(number, len(treated), len(treated & done), len(later), len(later & done)))
        waiting = {r: own for r, own in waiting.items() if r not in done}
    found = pooled(steps)
    assert found is not None
    return found


def test_twelve_points_are_inside_the_interval_in_ninety_of_a_hundred() -> None:
    found = [lived_through(seed, 0.12) for seed in range(SEEDS)]
    assert sum(one.low <= 0.12 <= one.high for one in found) >= 90
    assert median(one.half_width for one in found) <= 0.05


def test_without_an_effect_zero_is_inside_in_ninety_of_a_hundred() -> None:
    found = [lived_through(seed, 0.0) for seed in range(SEEDS)]
    assert sum(one.low <= 0 <= one.high for one in found) >= 90


def test_nobody_left_to_compare_with_is_no_uplift() -> None:
    assert pooled([Step(1, 10, 3, 0, 0)]) is None


def test_the_report_draws_the_same_lots_as_the_planner(tmp_path: Path) -> None:
    sessions = a_database(f"sqlite:///{tmp_path}/phases.db")
    day = NOON.date()
    with sessions.write() as session:
        renew_views(session.connection())
        campaign = Campaign(policy_id="elderly-allowance", name="高龄津贴", daily_cap=100, starts_on=day)
        session.add(campaign)
        session.flush()
        for number in (1, 2):
            starts = day + timedelta(days=7 * (number - 1))
            session.add(CampaignPhase(campaign_id=campaign.id, number=number, starts_on=starts))
        matches = [a_match(session, opened_at=NOON - timedelta(days=2)) for _ in range(40)]
        early = [match for match in matches if phase_number(match.resident_id, campaign.id, 2) == 1]
        for match in early[:5]:
            match.state = MatchState.APPLIED_ONLINE
            match.closed_at = match.state_changed_at = NOON + timedelta(days=3)
    report = build_report(sessions, Kind.CAMPAIGN, zone=ZONE, policy_id="elderly-allowance")
    table = report.tables["uplift"]
    with take_snapshot(sessions) as con:
        behind = [count_rows(con, followed(report, table, 0, place)) for place in range(1, 5)]
    sessions.engine.dispose()
    assert behind == [len(early), 5, len(matches) - len(early), 0]
    first = table.dicts()[0]
    assert (first["treated"], first["waiting_group"]) == (len(early), len(matches) - len(early))
    assert first["treated_rate"] == 5 / len(early)
    assert table.dicts()[-1]["uplift"] == 5 / len(early)
