"""Lives by seed: nothing is lost or doubled, and a house that lacks one of its promises is found out."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Generator, Iterator

import pytest
import structlog

from proof.bugs import BUGS
from proof.crew import be_quiet, run_seeds, troupe
from proof.life import Run
from proof.stage import Stage, build_stage
from tests.bot.conftest import Bot

pytestmark = pytest.mark.rasa

FOUND_BY = {
    "audit_entry_edited": (1, "audit_breaks"),
    "deaf_after_start": (9, "lost"),
    "receipt_rank_ignored": (1, "invalid_transitions"),
    "resend_from_unknown": (1, "duplicates"),
    "send_before_commit": (5, "unknown_unlisted"),
    "slot_run_by_both": (2, "invalid_transitions"),
    "stop_not_rechecked": (15, "after_stop"),
}
"""A seed that meets the bug, and what it is then found as."""
IN_EVERY_RUN = {"audit_entry_edited", "resend_from_unknown", "slot_run_by_both", "stop_not_rechecked"}
MANY, TOGETHER = 1000, 250


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    before = structlog.get_config()
    be_quiet()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="module")
def stage(assistant: Bot, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return build_stage(
        tmp_path_factory.mktemp("stage") / "home", bot=(str(assistant.client.base_url), assistant.secret)
    )


def lives(stage: Stage, seeds: range, bug: str | None = None) -> Generator[Run]:
    with troupe(stage, bug=bug) as players:
        for seed in seeds:
            yield players.live_through(seed)


def test_crashes_lose_and_double_nothing(stage: Stage) -> None:
    runs = list(lives(stage, range(2, 6)))
    assert [run.findings for run in runs if run.findings] == []
    assert sum(run.crashes.total() for run in runs) > 20
    assert sum(run.overlaps for run in runs) > 20
    assert all(run.sends for run in runs)
    assert sum(run.heard for run in runs) > 5


def test_a_seed_is_lived_through_alike_again(stage: Stage) -> None:
    once, again = (next(lives(stage, range(3, 4))) for _ in range(2))
    assert once.overlaps
    assert once == again


def test_ended_early_no_more_are_begun(stage: Stage) -> None:
    with contextlib.closing(run_seeds(stage, range(1, 10_000), processes=1)) as runs:
        assert not next(runs).findings
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    "bug", [name if name in IN_EVERY_RUN else pytest.param(name, marks=pytest.mark.exhaustive) for name in sorted(BUGS)]
)
def test_a_planted_bug_is_found(stage: Stage, bug: str) -> None:
    seed, kind = FOUND_BY[bug]
    (run,) = lives(stage, range(seed, seed + 1), bug)
    assert getattr(run.findings, kind)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", range(100, 100 + MANY, TOGETHER))
def test_many_seeds(stage: Stage, first: int) -> None:
    assert [(run.seed, run.findings) for run in lives(stage, range(first, first + TOGETHER)) if run.findings] == []
