"""Commands that only look load neither what matches, reads, migrates and serves nor what reaches people."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from models.migrate import SCRIPTS, newest_revisions
from outreach_api.bootstrap import open_house
from outreach_api.cli import COMMANDS, load
from outreach_api.settings import ROOT, Settings

FOR_WORK = ("ibis", "pandas", "pyarrow", "duckdb", "sqlglot", "fastapi", "openpyxl", "alembic", "uvicorn")
TO_REACH_OTHERS = ("twilio", "httpx", "urllib3", "apscheduler")
HEAVY = FOR_WORK + TO_REACH_OTHERS
LOOK = """
import sys
from outreach_api.cli import app
try:
    app(sys.argv[1:])
except SystemExit as ended:
    assert not ended.code, ended.code
print("loaded:", *(name for name in {heavy!r} if name in sys.modules))
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation that has been opened before."""
    monkeypatch.setenv("OUTREACH_HOME", str(tmp_path))
    with open_house(Settings(home=tmp_path)):
        pass
    return tmp_path


@pytest.mark.parametrize("call", [["--help"], ["cases"]], ids=" ".join)
def test_a_command_that_only_looks_loads_nothing_heavy(home: Path, call: list[str]) -> None:
    command = [sys.executable, "-P", "-c", LOOK.format(heavy=HEAVY), *call]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_every_command_in_the_list_is_there() -> None:
    assert {name: load(name).name for name in COMMANDS} == {name: name for name in COMMANDS}


def test_the_newest_revision_is_the_one_that_alembic_finds() -> None:
    assert newest_revisions() == set(ScriptDirectory(str(SCRIPTS)).get_heads())
