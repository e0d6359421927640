"""The demo in seven processes on PostgreSQL: whichever does what, the promises are the same."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from outreach_api.rehearsal.demo import DemoPlan, DemoResult
from outreach_api.rehearsal.together import TogetherDemo
from tests.bot.conftest import Bot
from tests.postgres import Cluster

pytestmark = [pytest.mark.rasa, pytest.mark.postgres, pytest.mark.exhaustive, pytest.mark.timeout(1800)]
DAYS = 2
SLOTS_A_DAY = 12
"""The planner's hours, 08:00 to 19:00."""


@pytest.fixture(scope="module")
def result(assistant: Bot, postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    home: Path = tmp_path_factory.mktemp("together") / "home"

    url = postgres_cluster.url(postgres_cluster.create_database())
    bot = (str(assistant.client.base_url), assistant.secret)
    plan = DemoPlan(days=DAYS, residents=1500, headless=True, home=home, bot=bot)
    return TogetherDemo(plan, Console(file=io.StringIO()), url).run()


def test_no_rule_is_broken_and_nothing_is_lost_or_doubled(result: DemoResult) -> None:
    assert all(result.figures["ledger"].values())
    assert not result.breached


def test_every_slot_runs_once(result: DemoResult) -> None:
    slots = result.figures["slots"]
    assert (slots["ran_twice"], slots["not_run"]) == (0, 0)
    assert slots["due"] == slots["ran"] >= DAYS * SLOTS_A_DAY


def test_every_match_is_accounted_for(result: DemoResult) -> None:
    for policy, found in result.figures["newly_matched"].items():
        assert sum(result.figures["match_states"][policy].values()) == found
