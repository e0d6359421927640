"""Files to work on: one street as the sandbox makes it up, messy rows, workbooks, GBK and all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from outreach_api.processes import ProcessFault
from outreach_api.settings import ROOT

FOLDER = ROOT / "var" / "bench"
START = "2026-03-02"
# Sources overlap: so many rows come of a resident, and a few less in a small street.
ROWS_A_RESIDENT = 1.715


@contextmanager
def working_folder() -> Iterator[Path]:
    """A folder on the disk of the installation, which goes away again."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=FOLDER) as folder:
        yield Path(folder)


def write_street(folder: Path, *, residents: int, seed: int) -> int:
    """Write a street's files; how many rows they hold together.

    Raises:
        ProcessFault: the generator failed.
    """
    command = [sys.executable, "-P", "-m", "sandbox.street", "--out", str(folder)]
    command += ["--residents", str(residents), "--seed", str(seed), "--start", START]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise ProcessFault(f"the street could not be written\n{done.stderr}")
    rows: dict[str, int] = json.loads((folder / "expected.json").read_text("utf-8"))["rows"]
    return sum(rows.values())
