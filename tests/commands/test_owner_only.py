"""What a command writes is its owner's alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from outreach_api.settings import ROOT


def run(home: Path, *arguments: str) -> None:
    """A command, from a shell that would leave everything open."""
    environment = {**os.environ, "OUTREACH_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-m", "outreach_api.cli", *arguments]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, umask=0)


def test_nothing_of_an_installation_is_open_to_others(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(home, "keys", "new")
    run(home, "staff", "add", "li", "--role", "agent")
    run(home, "audit", "anchor")
    found = [home, *home.rglob("*")]
    assert {"keys.json", "outreach.db", "audit-anchors.jsonl"} <= {path.name for path in found}
    assert {path.name: oct(path.stat().st_mode & 0o077) for path in found if path.stat().st_mode & 0o077} == {}
