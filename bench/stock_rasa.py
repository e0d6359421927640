"""Rasa as its documentation sets it up: Jieba, DIET and TED, trackers in SQL, asked over REST.

It learns from our messages and rules. Its epochs are few: they change what it understands, not how fast it answers.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import subprocess
from pathlib import Path
from time import perf_counter

from bench.frame import Progress
from outreach_api.processes import ProcessFault, Program
from outreach_api.settings import ROOT

DIET_EPOCHS = 1
TED_EPOCHS = 1
STORIES = 60
SEED = 7
# TensorFlow and the tracing of two networks; minutes where the machine is busy.
READY_SECONDS = 480.0
RASA = ROOT / "bot" / ".venv" / "bin" / "rasa"

_CONFIG = f"""\
recipe: default.v1
assistant_id: stock
language: zh
pipeline:
  - name: JiebaTokenizer
  - name: CountVectorsFeaturizer
  - name: CountVectorsFeaturizer
    analyzer: char_wb
    min_ngram: 1
    max_ngram: 4
  - name: DIETClassifier
    epochs: {DIET_EPOCHS}
    batch_size: 256
    entity_recognition: false
    constrain_similarities: true
    random_seed: {SEED}
policies:
  - name: MemoizationPolicy
  - name: RulePolicy
  - name: TEDPolicy
    max_history: 5
    epochs: {TED_EPOCHS}
    constrain_similarities: true
    random_seed: {SEED}
"""
_ENDPOINTS = """\
tracker_store:
  type: SQL
  dialect: sqlite
  db: {database}
"""
_ANSWER = re.compile(r"- intent: (\w+)\s+- action: (\w+)")
_ENVIRONMENT = {"RASA_TELEMETRY_ENABLED": "false", "SQLALCHEMY_SILENCE_UBER_WARNING": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


class StockRasa:
    """A project of its own in `folder`, trained once for the data it was made from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def train(self, progress: Progress) -> float:
        """Train unless it was trained from the same; the seconds it took, then or now."""
        trained = self._folder / "trained.txt"
        made_from = _fingerprint()
        if trained.is_file() and trained.read_text("utf-8").split()[0] == made_from:
            return float(trained.read_text("utf-8").split()[1])
        progress("training stock Rasa; this is done once and takes some minutes")
        self._write_project()
        began = perf_counter()
        self._rasa_train()
        seconds = perf_counter() - began
        trained.write_text(f"{made_from} {seconds:.1f}\n", "utf-8")
        return seconds

    def program(self, port: int) -> Program:
        command: list[str | Path] = [RASA, "run", "--model", self._folder / "models" / "stock.tar.gz"]
        command += ["--interface", "127.0.0.1", "--port", str(port)]
        command += ["--credentials", self._folder / "credentials.yml", "--endpoints", self._folder / "endpoints.yml"]
        return Program(
            "stock Rasa",
            command,
            log=ROOT / "var" / "log" / "bench-stock-rasa.log",
            ready_url=f"http://127.0.0.1:{port}/webhooks/rest/",
            env=_ENVIRONMENT,
            ready_seconds=READY_SECONDS,
        )

    def _write_project(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        data = self._folder / "data"
        shutil.copytree(ROOT / "bot" / "data", data)
        shutil.copy(ROOT / "domain.yml", self._folder / "domain.yml")
        (data / "stories.yml").write_text(_stories((data / "rules.yml").read_text("utf-8")), "utf-8")
        (self._folder / "config.yml").write_text(_CONFIG, "utf-8")
        (self._folder / "credentials.yml").write_text("rest:\n", "utf-8")
        (self._folder / "endpoints.yml").write_text(
            _ENDPOINTS.format(database=self._folder / "trackers.sqlite"), "utf-8"
        )

    def _rasa_train(self) -> None:
        log = ROOT / "var" / "log" / "bench-stock-rasa.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [str(RASA), "train", "--skip-validation", "--config", "config.yml", "--domain", "domain.yml"]
        with log.open("wb") as written:
            done = subprocess.run(
                [*command, "--data", "data", "--out", "models", "--fixed-model-name", "stock"],
                cwd=self._folder,
                env={**os.environ, **_ENVIRONMENT},
                stdout=written,
                stderr=written,
                check=False,
            )
        if done.returncode:
            raise ProcessFault(f"stock Rasa did not train; see {log}")


def _fingerprint() -> str:
    digest = hashlib.sha256(_CONFIG.encode())
    for path in (ROOT / "domain.yml", *sorted((ROOT / "bot" / "data").rglob("*.yml"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _stories(rules: str) -> str:
    """TED learns from stories only: three things said one after the other, each answered as its rule says."""
    answers = sorted(set(_ANSWER.findall(rules)))
    chance = random.Random(SEED)
    lines = ['version: "3.1"', "", "stories:"]
    for number in range(STORIES):
        lines += [f"  - story: three things said {number}", "    steps:"]
        for intent, action in chance.sample(_one_answer_each(answers), 3):
            lines += [f"      - intent: {intent}", f"      - action: {action}"]
    return "\n".join(lines) + "\n"


def _one_answer_each(answers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Where a rule's answer hangs on a slot, stories would contradict it."""
    intents = [intent for intent, _ in answers]
    return [answer for answer in answers if intents.count(answer[0]) == 1]
