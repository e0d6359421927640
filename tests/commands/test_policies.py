"""Items from the terminal: where their facts come from, and two people for a change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from outreach_api.cli import app
from scheduler.roster.freshness import REPORT_FILE

RUNNER = CliRunner()
CARDS = Path(__file__).parents[2] / "policies"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OUTREACH_HOME", str(tmp_path))
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    return tmp_path


def test_coverage_tells_every_field_of_every_item(home: Path) -> None:
    given = RUNNER.invoke(app, ["policies", "coverage", "--json"])
    told = {item["policy"]: item for item in json.loads(given.stdout)}
    assert set(told) == {path.stem for path in CARDS.glob("*.yaml")}
    assert told["elderly-allowance"]["can_match"]
    assert told["elderly-allowance"]["derived"] == {"age_years": ["birth_date"]}
    assert told["temporary-relief"] == {
        "policy": "temporary-relief",
        "can_match": False,
        "feed": {},
        "derived": {},
        "ask": ["sudden_hardship", "months_since_hardship"],
    }


def test_coverage_names_what_is_stale(home: Path) -> None:
    folder = home / "population" / "20200101T000000"
    folder.mkdir(parents=True)
    files = [{"file": "低保20200101.csv", "feed": "subsistence", "dated": "2020-01-01"}]
    (folder / REPORT_FILE).write_text(json.dumps({"files": files}), encoding="utf-8")
    given = RUNNER.invoke(app, ["policies", "coverage"])
    assert "低保等困难家庭名册过期：低保20200101.csv" in given.stdout


def test_a_change_takes_two_people(home: Path) -> None:
    card = home / "change.yaml"
    text = (CARDS / "severe-disability-care-subsidy.yaml").read_text(encoding="utf-8")
    text = text.replace("version: 1", "version: 2").replace(
        "effective_from: 2023-05-01", "effective_from: 2027-04-01", 1
    )
    card.write_text(text, encoding="utf-8")
    assert RUNNER.invoke(app, ["policies", "submit", str(card), "--by", "王芳"]).exit_code == 0
    refused = RUNNER.invoke(app, ["policies", "approve", "1", "--by", "王芳"])
    assert refused.exit_code == 1
    assert "second person" in refused.output
    approved = RUNNER.invoke(app, ["policies", "approve", "1", "--by", "李强"])
    assert "2027-04-01 起用" in approved.stdout
    assert "李强" in RUNNER.invoke(app, ["policies", "submitted"]).stdout
