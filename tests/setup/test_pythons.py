from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from setup import pythons


def a_program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pythons, "SYSTEM_PLACES", ())
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "nothing/here"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_dir=str(tmp_path)))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / '.pyenv/shims'}{os.pathsep}{tmp_path / 'bin'}")
    return tmp_path


def test_pyenv_is_found_beside_its_shims_when_home_is_elsewhere(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = a_program(machine / "elsewhere/versions/3.10.1/bin/python3.10", "exit 0")
    monkeypatch.setenv("PATH", str(machine / "elsewhere/shims"))

    assert pythons.find_python310() == real


def test_a_shim_of_an_unselected_version_is_passed_over(machine: Path) -> None:
    a_program(machine / ".pyenv/shims/python3.10", "echo 'pyenv: python3.10: command not found' >&2; exit 127")
    real = a_program(machine / ".pyenv/versions/3.10.13/bin/python3.10", "exit 0")

    assert pythons.find_python310() == real


def test_the_newest_of_pyenvs_versions_is_taken(machine: Path) -> None:
    a_program(machine / ".pyenv/versions/3.10.9/bin/python3.10", "exit 0")
    newest = a_program(machine / ".pyenv/versions/3.10.13/bin/python3.10", "exit 0")

    assert pythons.find_python310() == newest


def test_a_machine_without_one_has_none(machine: Path) -> None:
    assert pythons.find_python310() is None


def test_another_version_under_that_name_is_not_taken(machine: Path) -> None:
    a_program(machine / "bin/python3.10", f"exec '{sys.executable}' \"$@\"")

    assert pythons.find_python310() is None
