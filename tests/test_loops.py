"""The loops of the service's processes, and how they are woken."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy.exc import IntegrityError

from models.session import Sessions
from outreach_api import loops
from outreach_api.clock import SharedClock
from outreach_api.logs import log_as_json
from outreach_api.loops import tick_until, work_until
from outreach_api.waking import Pause, waiting_on, wake
from tests.builders import a_database, a_phone

SOON = 10.0


class Sleeper:
    """Waits until it is told to stop, and says who woke it."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.waits = 0

    def wait(self, seconds: float) -> bool:
        self.waits += 1
        if self.waits == 3:
            self.stop.set()
        return False


def test_a_pass_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "IDLE_SECONDS", 0.01)
    stop, passes = threading.Event(), iter([None, 4, 0, 0, 0])

    def work() -> int:
        following = next(passes)
        if following is None:
            raise ConnectionError("the database restarts")
        return following

    sleeper = Sleeper(stop)
    work_until(stop, work, sleeper)
    assert (sleeper.waits, list(passes)) == (3, [])


def test_the_scheduler_ticks_at_once_when_woken() -> None:
    stop, ticked = threading.Event(), threading.Event()

    class Alarm:
        def wait(self, seconds: float) -> bool:
            return not ticked.wait(0.01)

    def tick() -> int:
        ticked.set()
        stop.set()
        return 1

    tick_until(stop, tick, Alarm())
    assert ticked.is_set()


def test_on_sqlite_waiting_is_a_pause_that_a_stop_cuts_short() -> None:
    stop = threading.Event()
    sessions = a_database("sqlite://")
    with waiting_on(sessions, stop) as waiting:
        if isinstance(waiting, Pause):
            stop.set()
            assert waiting.wait(SOON) is True


def test_on_sqlite_a_commit_of_this_process_cuts_the_pause_short() -> None:
    sessions = a_database("sqlite://")
    with waiting_on(sessions, threading.Event()) as waiting:
        if isinstance(waiting, Pause):
            waiting.wait(0)
            with sessions.write() as session:
                wake(session)
                assert waiting.wait(0) is False
            assert waiting.wait(SOON) is True


@pytest.mark.postgres
def test_on_postgresql_a_commit_wakes_and_a_rollback_does_not(postgres_url: str) -> None:
    sessions = a_database(postgres_url)
    with waiting_on(sessions, threading.Event()) as waiting:
        with sessions.write() as session:
            wake(session)
            session.rollback()
        assert waiting.wait(0.05) is False
        later = threading.Timer(0.05, _wake, [sessions])
        later.start()
        assert waiting.wait(SOON) is True
        later.join()
    sessions.engine.dispose()


def _wake(sessions: Sessions) -> None:
    with sessions.write() as session:
        wake(session)


def test_a_shared_clock_is_the_same_to_all_who_read_it(tmp_path: Path) -> None:
    ours, theirs = SharedClock(tmp_path / "clock"), SharedClock(tmp_path / "clock")
    start = datetime(2026, 3, 2, tzinfo=UTC)
    for hours in range(3):
        ours.set(start + timedelta(hours=hours))
        assert theirs.now() == start + timedelta(hours=hours)


def test_a_service_logs_one_object_a_line_without_values(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    log_as_json()
    try:
        _fail_with(f"+86{138_0013_8000}")
    finally:
        structlog.configure(**before)
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"]) == ("work_failed", "error")
    assert "KeyError" in entry["exception"]
    assert "138" not in line


def _fail_with(number: str) -> None:
    try:
        {0: ""}[len(number)]
    except KeyError:
        structlog.get_logger().exception("work_failed")


def test_a_statement_that_fails_does_not_tell_its_values() -> None:
    with a_database().write() as session:
        a_phone(session, "+8613800138000")
        with pytest.raises(IntegrityError, match="hide_parameters") as failed:
            a_phone(session, "+8613800138000")
        session.rollback()
    assert "13800138000" not in str(failed.value)
