"""The loops of the house's processes: working off what waits, and ticking. Both go on until told to stop."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from outreach_api.waking import Waiting

IDLE_SECONDS = 1.0
TICK_SECONDS = 1.0
log = structlog.get_logger(__name__)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set: what was begun is finished, then the process ends."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def work_until(stop: threading.Event, work: Callable[[], int], waiting: Waiting) -> None:
    """Work, over and over; after a pass that found nothing, wait for a moment or to be woken.

    A pass that fails is logged and tried again: all that waits is in the database, and another pass finds it there.
    """
    while not stop.is_set():
        try:
            done = work()
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
        except Exception:
            log.exception("tick_failed")

    return ticked
