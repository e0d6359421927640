"""Holding contacts back from the terminal, on an installation of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from outreach_api.cli import app

RUNNER = CliRunner()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OUTREACH_HOME", str(tmp_path))
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    return tmp_path


def audited(home: Path) -> list[tuple[str, str, str | None]]:
    engine = create_engine(f"sqlite:///{home / 'outreach.db'}")
    try:
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT action, subject, purpose FROM audit_entry ORDER BY id"))
            return [(row.action, row.subject, row.purpose) for row in rows]
    finally:
        engine.dispose()


def test_a_policy_and_everything_are_held_and_let_go_on_with_a_reason(home: Path) -> None:
    for call in (
        ["pause", "elderly-allowance", "--because", "窗口搬迁"],
        ["pause", "--because", "台风"],
        ["resume", "elderly-allowance"],
        ["resume"],
    ):
        assert RUNNER.invoke(app, call).exit_code == 0
    assert [(action, subject) for action, subject, _ in audited(home)] == [
        ("pause", "policy:elderly-allowance"),
        ("pause", "everything"),
        ("resume", "policy:elderly-allowance"),
        ("resume", "everything"),
    ]
    assert audited(home)[0][2] == "窗口搬迁"


@pytest.mark.parametrize(
    ("call", "said"), [(["pause"], "--because"), (["pause", "no-such", "--because", "x"], "elderly-allowance")]
)
def test_a_call_without_reason_or_of_an_unknown_policy_is_wrong(home: Path, call: list[str], said: str) -> None:
    result = RUNNER.invoke(app, call)
    assert (result.exit_code, said in result.output) == (2, True)
