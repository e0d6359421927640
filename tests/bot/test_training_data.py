"""What the assistant learns from: one meaning a text, every meaning learnt, nothing that validation would object to."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from functools import cache

import pytest

from scheduler.plain_yaml import read_yaml
from tests.bot.conftest import ROOT

DATA = ROOT / "bot" / "data"
STAGES = {"offer", "open", "survey"}


@cache
def _examples() -> list[tuple[str, str, str]]:
    """Text, intent and stage of every training line."""
    return [
        (line.removeprefix("- ").strip(), block["intent"], block["metadata"]["stage"])
        for path in sorted((DATA / "nlu").glob("*.yml"))
        for block in read_yaml(path.read_text("utf-8"))["nlu"]
        for line in block["examples"].splitlines()
    ]


def test_a_text_has_one_meaning_and_a_known_stage() -> None:
    meanings: dict[str, set[str]] = defaultdict(set)
    stages = set()
    for text, intent, stage in _examples():
        meanings[text].add(intent)
        stages.add(stage)
    assert {text: found for text, found in meanings.items() if len(found) > 1} == {}
    assert stages == STAGES


def test_every_intent_of_the_domain_is_learnt() -> None:
    domain = read_yaml((ROOT / "domain.yml").read_text("utf-8"))
    assert {intent for _, intent, _ in _examples()} == set(domain["intents"])


@pytest.mark.exhaustive
@pytest.mark.rasa
def test_rasa_finds_nothing_to_object_to() -> None:
    command = [
        ROOT / "bot" / ".venv" / "bin" / "rasa",
        "data",
        "validate",
        "--data",
        "bot/data",
        "--config",
        "config.yml",
    ]
    done = subprocess.run(
        [*command, "--domain", "domain.yml", "--fail-on-warnings"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
