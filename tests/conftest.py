"""What every test may ask for: programs of the machine, and the database engine it runs on.

A test marked `browser`, `java`, `postgres` or `rasa` is "not run" where its program is missing, with the remedy; under
CI=true that is a failure.

Tests in folders that use a database are run once for each engine. The PostgreSQL half of that is exhaustive, but for
modules marked `engines`, whose SQL locks, skips or races; `--postgres` runs that half alone, all of it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import settings

from setup import programs
from setup.steps import STEPS
from setup.words import Text
from tests.engines import Engine, databases
from tests.postgres import Cluster

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NOT_RUN = "not run: "
BROWSER_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TESTS = Path(__file__).parent
# The API's tests share one database a module: its SQL is that of the features, which are tested on both engines.
FOLDERS_WITHOUT_DATABASE = {"api", "bot", "policies", "proof", "roster", "rules", "sandbox", "setup"}


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
# Each worker has a PostgreSQL of its own: starting one takes a second.
SHARED_BY_ALL = MISSING.keys() - {"postgres"}
_answers: dict[str, str | None] = {}

# A code is good once, and most tests sign in more than once while their clock stands still: there only administrators
# need one. That everybody does otherwise is tests/web/test_two_factors.py's to hold.
os.environ.setdefault("OUTREACH_SECOND_FACTOR_FOR", '["administrator"]')

# A busy machine must not make a slow example of a good one.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres", action="store_true", help="every database on PostgreSQL, none on SQLite")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    only_postgres = metafunc.config.getoption("--postgres")
    folder = metafunc.definition.path.relative_to(TESTS).parts[0]
    reads_the_file = metafunc.definition.get_closest_marker("sqlite_file")
    if folder in FOLDERS_WITHOUT_DATABASE or reads_the_file or _uses_a_program(metafunc.definition):
        return
    always = only_postgres or metafunc.definition.get_closest_marker("engines")
    marks = [pytest.mark.postgres] if always else [pytest.mark.postgres, pytest.mark.exhaustive]
    on_sqlite = [] if only_postgres else [Engine.SQLITE]
    engines = [*on_sqlite, pytest.param(Engine.POSTGRES, marks=marks)]
    metafunc.parametrize("engine", engines, indirect=True, ids=str)


def _uses_a_program(definition: pytest.Item) -> bool:
    """Such a test is dear, and runs on one engine; one marked `postgres` brings its own database."""
    return any(definition.get_closest_marker(marker) for marker in MISSING)


def missing_for(marker: str) -> str | None:
    """Why tests with this marker can't run here, asked once a run."""
    if marker not in _answers:
        _answers[marker] = MISSING[marker]()
    return _answers[marker]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a costly program run in one worker."""
    for item in items:
        for marker in SHARED_BY_ALL:
            if item.get_closest_marker(marker) and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group(marker))


@pytest.hookimpl(tryfirst=True)
@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """A command under test sends the log to its own standard error, which is closed afterwards."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in MISSING:
        reason = item.get_closest_marker(marker) and missing_for(marker)
        if reason and os.environ.get("CI") == "true":
            pytest.fail(NOT_RUN + reason, pytrace=False)
        if reason:
            pytest.skip(NOT_RUN + reason)
    # Before any fixture, those of wider scope too.
    callspec = getattr(item, "callspec", None)
    databases.in_use = callspec.params.get("engine", Engine.SQLITE) if callspec else Engine.SQLITE


def pytest_unconfigure() -> None:
    databases.close()


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


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    from playwright.sync_api import expect, sync_playwright

    # Longer than any page takes beside a machine's other work: what never comes still fails.
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of: errors in scripts, breaches of the content policy."""
    return []


@pytest.fixture(scope="session")
def java() -> Path:
    """The Java of this machine; for tests marked `java`."""
    found = programs.find_java()
    assert found, missing_for("java")
    return found


@pytest.fixture(autouse=True)
def engine() -> Iterator[Engine]:
    """The engine this test's databases are on; they are taken back when it ends."""
    with databases.scope():
        yield databases.in_use


@pytest.fixture(scope="session")
def postgres_cluster() -> Cluster:
    """A throw-away PostgreSQL server; for tests marked `postgres`."""
    return databases.cluster()


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """SQLAlchemy address of an empty database of this test's own."""
    name = postgres_cluster.create_database()
    yield postgres_cluster.url(name)
    postgres_cluster.drop_database(name)
