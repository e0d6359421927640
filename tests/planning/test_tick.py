from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import select

from models.event import JobSlot
from models.session import Sessions
from scheduler.tick import Job, Missed, Ran, forget_old_slots, next_due, tick
from tests.builders import a_database

pytestmark = pytest.mark.engines

EIGHT = datetime(2026, 9, 1, 0, tzinfo=UTC)
"""08:00 in Shenzhen."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Diary:
    """A job that writes down its slots."""

    def __init__(self, **values: Any) -> None:
        self.slots: list[datetime] = []
        trigger = CronTrigger(hour=8, timezone="Asia/Shanghai")
        self.job = Job("plan", **({"trigger": trigger, "run": self.run} | values))

    def run(self, slot: datetime, now: datetime) -> dict[str, Any]:
        self.slots.append(slot)
        return {"contacts": 3}


@pytest.fixture
def sessions() -> Sessions:
    return a_database()


def test_a_job_runs_at_its_nominal_time_and_once(sessions: Sessions) -> None:
    diary = Diary()
    for minutes in (-60, 0, 0, 1, 60):
        tick(sessions, [diary.job], EIGHT + timedelta(minutes=minutes))
    assert diary.slots == [EIGHT]
    with sessions.read() as session:
        row = session.scalars(select(JobSlot).where(JobSlot.slot == EIGHT)).one()
        session.expunge(row)
    assert (row.finished_at, row.result) == (EIGHT, {"contacts": 3})


def test_a_slot_that_falls_on_the_very_first_tick_runs(sessions: Sessions) -> None:
    diary = Diary()
    tick(sessions, [diary.job], EIGHT)
    assert diary.slots == [EIGHT]


def test_a_late_tick_runs_the_slot_under_its_nominal_time(sessions: Sessions) -> None:
    diary = Diary()
    tick(sessions, [diary.job], EIGHT - HOUR)
    (ran,) = tick(sessions, [diary.job], EIGHT + timedelta(hours=5))
    assert (ran.slot, diary.slots) == (EIGHT, [EIGHT])


def test_of_several_missed_slots_the_newest_runs(sessions: Sessions) -> None:
    diary = Diary()
    tick(sessions, [diary.job], EIGHT - HOUR)
    tick(sessions, [diary.job], EIGHT + 100 * DAY + HOUR)
    assert diary.slots == [EIGHT + 100 * DAY]


def test_where_each_slot_counts_all_of_them_run_in_order(sessions: Sessions) -> None:
    diary = Diary(missed=Missed.EACH)
    tick(sessions, [diary.job], EIGHT - HOUR)
    tick(sessions, [diary.job], EIGHT + 2 * DAY)
    assert diary.slots == [EIGHT, EIGHT + DAY, EIGHT + 2 * DAY]


def test_jobs_run_in_the_order_of_their_slots(sessions: Sessions) -> None:
    order: list[str] = []

    def note(name: str) -> Callable[[datetime, datetime], dict[str, Any]]:
        def run(slot: datetime, now: datetime) -> dict[str, Any]:
            order.append(name)
            return {}

        return run

    jobs = [
        Job(name, CronTrigger(hour=hour, timezone="Asia/Shanghai"), note(name))
        for name, hour in (("late", 11), ("early", 9))
    ]
    tick(sessions, jobs, EIGHT)
    tick(sessions, jobs, EIGHT + 5 * HOUR)
    assert order == ["early", "late"]


def test_a_failing_job_keeps_no_other_from_running(sessions: Sessions) -> None:
    diary = Diary()

    def fail(slot: datetime, now: datetime) -> dict[str, Any]:
        raise OSError("disk full")

    broken = Job("broken", diary.job.trigger, fail)
    first, second = tick(sessions, [broken, diary.job], EIGHT)
    assert isinstance(first.failed, OSError)
    assert (first.result, second.result) == ({"failed": "OSError"}, {"contacts": 3})


def test_a_slot_whose_scheduler_died_is_taken_over_after_a_while_and_once(sessions: Sessions) -> None:
    class PowerCut(BaseException):
        pass

    def die(slot: datetime, now: datetime) -> dict[str, Any]:
        raise PowerCut

    with pytest.raises(PowerCut):
        tick(sessions, [Diary(run=die).job], EIGHT)
    diary = Diary()
    for minutes in (1, 59, 60, 61, 180):
        tick(sessions, [diary.job], EIGHT + timedelta(minutes=minutes))
    assert diary.slots == [EIGHT]


def test_next_due_leads_from_slot_to_slot(sessions: Sessions) -> None:
    diary = Diary()
    assert next_due([diary.job], sessions, EIGHT - HOUR) == EIGHT
    tick(sessions, [diary.job], EIGHT - HOUR)
    assert next_due([diary.job], sessions, EIGHT - HOUR) == EIGHT
    assert next_due([diary.job], sessions, EIGHT + HOUR) == EIGHT + HOUR, "overdue is now"
    tick(sessions, [diary.job], EIGHT)
    assert next_due([diary.job], sessions, EIGHT) == EIGHT + DAY
    assert next_due([], sessions, EIGHT) is None


def test_old_slots_are_forgotten_but_each_jobs_newest(sessions: Sessions) -> None:
    diary = Diary()
    for day in range(3):
        tick(sessions, [diary.job], EIGHT + day * DAY)
    assert forget_old_slots(sessions, EIGHT + 100 * DAY) == 3
    with sessions.read() as session:
        assert session.scalars(select(JobSlot.slot)).all() == [EIGHT + 2 * DAY]


def race(sessions: Sessions) -> list[Ran]:
    """Two schedulers, one slot."""
    start = Barrier(2)
    ran: list[Ran] = []

    def schedule() -> None:
        start.wait()
        ran.extend(tick(sessions, [Diary().job], EIGHT))

    schedulers = [Thread(target=schedule) for _ in range(2)]
    for scheduler in schedulers:
        scheduler.start()
    for scheduler in schedulers:
        scheduler.join()
    return ran


def test_of_two_schedulers_one_runs_the_slot(tmp_path: Path) -> None:
    sessions = a_database(f"sqlite:///{tmp_path / 'tick.db'}")
    assert len(race(sessions)) == 1
    assert forget_old_slots(sessions, EIGHT + 100 * DAY) == 1
    sessions.engine.dispose()
