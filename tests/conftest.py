"""What every test may ask for: programs of the machine, and a PostgreSQL of its own.

A test marked `browser`, `java`, `postgres` or `rasa` is "not run" where its program is missing, with the remedy; under
CI=true that is a failure.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from setup import programs
from setup.steps import STEPS
from setup.words import Text
from tests.postgres import Cluster, running_cluster

NOT_RUN = "not run: "


def _missing(program: programs.Program, find: Callable[[], Path | None]) -> Callable[[], str | None]:
    return lambda: None if find() else f"{program.name.en} is missing. {program.remedy.en}"


def _missing_bot() -> str | None:
    train = next(step for step in STEPS if step.name == "train")
    return None if train.has_product() else "the bot is not trained. ./outreach setup"


MISSING: dict[str, Callable[[], str | None]] = {
    "browser": _missing(programs.CHROMIUM, programs.find_chromium),
    "java": _missing(programs.JAVA, programs.find_java),
    "postgres": _missing(programs.POSTGRES, programs.find_postgres),
    "rasa": _missing_bot,
}
_answers: dict[str, str | None] = {}


def missing_for(marker: str) -> str | None:
    """Why tests with this marker can't run here, asked once a run."""
    if marker not in _answers:
        _answers[marker] = MISSING[marker]()
    return _answers[marker]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a costly program run in one worker."""
    for item in items:
        for marker in MISSING:
            if item.get_closest_marker(marker) and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group(marker))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in MISSING:
        reason = item.get_closest_marker(marker) and missing_for(marker)
        if reason and os.environ.get("CI") == "true":
            pytest.fail(NOT_RUN + reason, pytrace=False)
        if reason:
            pytest.skip(NOT_RUN + reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple))
    for reason, count in reasons.items():
        if NOT_RUN in reason:
            terminalreporter.write_line(f"{count} tests {reason.removeprefix('Skipped: ')}", yellow=True)
    failed = os.environ.get("OUTREACH_FAILED_CHECKS")
    if failed:
        heading = Text("测试之前未通过的检查", "Checks that failed before the tests")
        terminalreporter.write_line(f"{heading}: {failed}", red=True)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The Chromium of this machine; for tests marked `browser`."""
    found = programs.find_chromium()
    assert found, missing_for("browser")
    return found


@pytest.fixture(scope="session")
def java() -> Path:
    """The Java of this machine; for tests marked `java`."""
    found = programs.find_java()
    assert found, missing_for("java")
    return found


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A throw-away PostgreSQL server; for tests marked `postgres`."""
    folder = programs.find_postgres()
    assert folder, missing_for("postgres")
    with running_cluster(folder) as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """SQLAlchemy address of an empty database of this test's own."""
    name = postgres_cluster.create_database()
    yield postgres_cluster.url(name)
    postgres_cluster.drop_database(name)
