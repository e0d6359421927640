"""Find the Python 3.10 the bot needs."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SYSTEM_PLACES = (
    "/opt/homebrew/opt/python@3.10/bin/python3.10",
    "/usr/local/opt/python@3.10/bin/python3.10",
    "/home/linuxbrew/.linuxbrew/opt/python@3.10/bin/python3.10",
    "/usr/local/bin/python3.10",
    "/usr/bin/python3.10",
)


def candidates() -> Iterator[Path]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield Path(folder) / "python3.10"
    for versions in pyenv_versions():
        yield from sorted(versions.glob("3.10*/bin/python3.10"), key=_by_version, reverse=True)
    yield from map(Path, SYSTEM_PLACES)


def pyenv_versions() -> Iterator[Path]:
    """Where pyenv keeps its versions: as told, beside its shims, in HOME, in the account's
    own home, beside the Python this runs on.

    The last ones find it where HOME is not the home of the person who installed pyenv.
    """
    if os.environ.get("PYENV_ROOT"):
        yield Path(os.environ["PYENV_ROOT"]) / "versions"
    folders = map(Path, os.environ.get("PATH", "").split(os.pathsep))
    yield from (folder.parent / "versions" for folder in folders if folder.name == "shims")
    yield Path(os.environ.get("HOME", "/nonexistent")) / ".pyenv" / "versions"
    yield Path(pwd.getpwuid(os.getuid()).pw_dir) / ".pyenv" / "versions"
    yield Path(sys.base_prefix).parent


def _by_version(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.parts[-3])]


def really_runs(python: Path) -> bool:
    """Whether this is a Python 3.10. pyenv's shims exist for versions that aren't selected: only running one tells."""
    check = "import sys, venv, ssl, sqlite3; sys.exit(sys.version_info[:2] != (3, 10))"
    try:
        return subprocess.run([python, "-I", "-c", check], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find_python310() -> Path | None:
    return next((path for path in candidates() if path.is_file() and really_runs(path)), None)
