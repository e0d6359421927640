from __future__ import annotations

from pathlib import Path

import pytest

from setup import stamps
from setup.steps import STEPS


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "bot" / "rules").mkdir(parents=True)
    (tmp_path / "bot" / "rules" / "stop.yml").write_text("stop", "utf-8")
    (tmp_path / "lock").write_text("1", "utf-8")
    return tmp_path


def test_the_same_inputs_give_the_same_digest(tree: Path) -> None:
    assert stamps.digest(tree, ["lock", "bot"]) == stamps.digest(tree, ["lock", "bot"])


@pytest.mark.parametrize("name", ["bot/rules/stop.yml", "lock", "bot/rules/new.yml"])
def test_a_changed_or_added_input_changes_the_digest(tree: Path, name: str) -> None:
    before = stamps.digest(tree, ["lock", "bot"])
    (tree / name).write_text("changed", "utf-8")

    assert stamps.digest(tree, ["lock", "bot"]) != before


def test_a_renamed_input_changes_the_digest(tree: Path) -> None:
    before = stamps.digest(tree, ["bot"])
    (tree / "bot/rules/stop.yml").rename(tree / "bot/rules/halt.yml")

    assert stamps.digest(tree, ["bot"]) != before


@pytest.mark.parametrize("name", [".venv/lib.py", "__pycache__/x.pyc", "README.md", "rules/stop.pyc"])
def test_environments_caches_and_notes_do_not_count(tree: Path, name: str) -> None:
    before = stamps.digest(tree, ["bot"])
    (tree / "bot" / name).parent.mkdir(exist_ok=True)
    (tree / "bot" / name).write_text("x", "utf-8")

    assert stamps.digest(tree, ["bot"]) == before


def test_a_stamp_is_current_only_for_what_it_was_left_for(tmp_path: Path) -> None:
    stamp = tmp_path / "train"
    assert not stamps.is_current(stamp, "abc")

    stamps.leave(stamp, "abc")

    assert stamps.is_current(stamp, "abc")
    assert not stamps.is_current(stamp, "abd")
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_a_damaged_stamp_is_no_stamp(tmp_path: Path) -> None:
    stamp = tmp_path / "train"
    stamp.write_bytes(b"\xff\x00")

    assert not stamps.is_current(stamp, "abc")


def test_steps_have_names_of_their_own() -> None:
    assert len({step.name for step in STEPS} | {"main", "uv", "lock"}) == len(STEPS) + 3
