"""The loops of the house's processes: working off what waits, and ticking. Both go on until told to stop."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import select

from models.session import DATABASE_AWAY, Sessions, began_within
from outreach_api.clock import Clock
from outreach_api.waking import Waiting

IDLE_SECONDS = 1.0
SLEPT = timedelta(minutes=2)
"""No pass takes so long."""
SETTLE_SECONDS = 10.0
"""So long nothing is sent once the database is back: webhooks on other machines write what they took meanwhile."""
TICK_SECONDS = 1.0
log = structlog.get_logger(__name__)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set: what was begun is finished, then the process ends."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


class Worked(Protocol):
    """What passes need of the house."""

    @property
    def sessions(self) -> Sessions: ...
    @property
    def clock(self) -> Clock: ...
    def catch_up(self) -> int: ...


@dataclass
class Passes:
    """Passes of work, before the first of which, and after each gap, what residents wrote meanwhile is taken in.

    A gap is a start, a pause in which the machine must have slept, and an outage of the database. After an outage, and
    on a start right after the database's own, there is time for others to write down what they took: a stop perhaps.
    """

    house: Worked
    work: Callable[[], int]
    stop: threading.Event
    settle_seconds: float = SETTLE_SECONDS
    _worked_at: datetime | None = field(init=False, default=None)
    _was_away: bool = field(init=False, default=False)

    def __call__(self) -> int:
        """One pass."""
        try:
            self._come_back()
            done = self.work()
        except DATABASE_AWAY:
            self._was_away = True
            raise
        self._worked_at = self.house.clock.now()
        return done

    def _come_back(self) -> None:
        if self._worked_at is None and began_within(self.house.sessions, self.settle_seconds):
            self._was_away = True
        if self._was_away:
            with self.house.sessions.read() as session:
                session.execute(select(1))
            self.stop.wait(self.settle_seconds)
        gap = self._worked_at is None or self.house.clock.now() - self._worked_at > SLEPT
        if gap or self._was_away:
            self.house.catch_up()
        self._was_away = False


def work_until(stop: threading.Event, work: Callable[[], int], waiting: Waiting) -> None:
    """Work, over and over; after a pass that found nothing, wait for a moment or to be woken.

    A pass that fails is logged and tried again: all that waits is in the database, and another pass finds it there.
    """
    while not stop.is_set():
        try:
            done = work()
        except DATABASE_AWAY as fault:
            log.warning("database_away", fault=type(fault).__name__)
            stop.wait(IDLE_SECONDS)
        except Exception:
            log.exception("work_failed")
            stop.wait(IDLE_SECONDS)
        else:
            if not done:
                waiting.wait(IDLE_SECONDS)


@contextlib.contextmanager
def working_beside(stop: threading.Event, work: Callable[[], int], name: str) -> Iterator[None]:
    """Work in a thread of its own, waiting a moment where nothing waits, until told to stop."""
    thread = threading.Thread(target=work_until, args=(stop, work, _Moments(stop)), name=name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _Moments:
    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def wait(self, seconds: float) -> bool:
        return self._stop.wait(seconds)


def tick_until(stop: threading.Event, tick: Callable[[], int], waiting: Waiting) -> None:
    """Let APScheduler tick once a second, and at once when woken."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone=UTC)
    ticking = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    job = scheduler.add_job(_logged(tick), "interval", seconds=TICK_SECONDS, **ticking)
    scheduler.start()
    try:
        while not stop.is_set():
            if waiting.wait(IDLE_SECONDS) and not stop.is_set():
                job.modify(next_run_time=datetime.now(UTC))
    finally:
        scheduler.shutdown()


def _logged(tick: Callable[[], int]) -> Callable[[], None]:
    def ticked() -> None:
        try:
            tick()
        except DATABASE_AWAY as fault:
            log.warning("database_away", fault=type(fault).__name__)
        except Exception:
            log.exception("tick_failed")

    return ticked
