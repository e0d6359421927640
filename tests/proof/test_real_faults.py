"""Real processes whose database, disk or carrier fails: a few seconds of each, with the figures of the command."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proof import __main__ as prove

pytestmark = [pytest.mark.exhaustive, pytest.mark.postgres]


def figures(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert prove.main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bench"] == "prove"
    return {figure["name"]: figure["value"] for figure in told["figures"]}


def test_what_arrives_while_postgresql_is_away_is_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(capsys, "--outage", "4")
    assert found["acknowledged"] >= 20
    assert found["spooled"] >= found["acknowledged"]
    assert found["lost"] == found["duplicates"] == found["after_stop"] == 0


def test_a_full_disk_a_hanging_carrier_two_schedulers_and_a_slow_assistant(capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(capsys, "--faults")
    assert found["disk_spooled"] > 0
    assert found["hang_calls_sent"] == 10
    assert found["schedulers_due"] > 20
