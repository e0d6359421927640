"""Running the service: all in one process, or its parts apart, any number of each."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from outreach_api.bootstrap import ANSWERS_FOR_SECONDS, RECEIPTS_WAIT_SECONDS, House, open_house
from outreach_api.chunks import Chunks
from outreach_api.commands.console import ERR, fail, tells_faults
from outreach_api.conversations.bot_process import bot_program
from outreach_api.early import EarlyDoor
from outreach_api.language import say
from outreach_api.logs import log_as_json
from outreach_api.loops import Passes, stop_on_signals, tick_until, work_until, working_beside
from outreach_api.processes import Program
from outreach_api.settings import Settings
from outreach_api.traces import tracing
from outreach_api.waking import Waiting, waiting_on
from outreach_api.web.app import create_app

GRACE_SECONDS = 5


@tells_faults
def serve(door: EarlyDoor) -> None:
    """API, console, worker and scheduler in one process, with the assistant beside it."""
    if not sys.stderr.isatty():
        log_as_json()
    settings = Settings()
    secret = settings.bot_secret.get_secret_value()
    stop = threading.Event()
    with (
        _bot(settings, secret),
        _opened(settings, "serve") as house,
        waiting_on(house.sessions, stop) as waiting,
        working_beside(stop, house.send_hooks, "hooks"),
    ):
        worker = threading.Thread(target=_work, args=(house, house.work, stop, waiting), name="worker")
        worker.start()
        try:
            _serve_api(house, door)
        finally:
            stop.set()
            worker.join()


@tells_faults
def api(settings: Settings, door: EarlyDoor) -> None:
    """Webhooks, API and console alone."""
    with _opened(on_shared_database(settings), "api") as house:
        _serve_api(house, door)


@tells_faults
def worker() -> None:
    """Answering, sending, receipts and what is unknown; parts of long work."""
    stop = stop_on_signals()
    with (
        _opened(on_shared_database(Settings()), "worker") as house,
        waiting_on(house.sessions, stop) as waiting,
        Chunks(house.sessions, house.ring).working(),
        working_beside(stop, house.send_hooks, "hooks"),
    ):
        _work(house, house.work_off, stop, waiting)


@tells_faults
def scheduler() -> None:
    """The jobs of the day, each slot by one scheduler."""
    stop = stop_on_signals()
    with _opened(on_shared_database(Settings()), "scheduler") as house, waiting_on(house.sessions, stop) as waiting:
        tick_until(stop, house.tick, waiting)


def _work(house: House, work: Callable[[], int], stop: threading.Event, waiting: Waiting) -> None:
    work_until(stop, Passes(house, work, stop), waiting)


@contextlib.contextmanager
def _opened(settings: Settings, process: str) -> Iterator[House]:
    """The house with every card read: a fault in one stops the start, not one pass after the other.

    Raises:
        CardsRefused: a card has a fault.
    """
    with (
        tracing(settings.traces_url, process=process),
        open_house(settings, receipts_wait=RECEIPTS_WAIT_SECONDS, answers_for=ANSWERS_FOR_SECONDS) as house,
    ):
        house.book.catalogue()
        yield house


def on_shared_database(settings: Settings) -> Settings:
    """The settings, if the database is one that several processes may share."""
    log_as_json()
    if settings.database.startswith("sqlite"):
        fail(
            say(
                "分开运行需要 PostgreSQL：设置 OUTREACH_DATABASE_URL，或用 ./outreach serve",
                "running the parts apart needs PostgreSQL: set OUTREACH_DATABASE_URL, or use ./outreach serve",
            ),
            status=2,
        )
    return settings


def _serve_api(house: House, door: EarlyDoor) -> None:
    """Go on with the socket of the door that answered while all this was loaded."""
    host, port = house.settings.host, house.settings.port
    ERR.print(say(f"控制台 http://{host}:{port}/", f"console http://{host}:{port}/"))
    with working_beside(threading.Event(), house.drain_spool, "spool"):
        uvicorn.Server(server_config(create_app(house), house.settings)).run(sockets=[door.hand_over()])


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Whose word on who came is taken is ours to say: limits of one address must not be those of all behind a proxy."""
    return uvicorn.Config(
        app,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        forwarded_allow_ips=settings.trusted_proxies,
    )


def _bot(settings: Settings, secret: str) -> Program:
    port = int(settings.bot_urls[0].rsplit(":", 1)[1])
    log: Path = settings.home / "log" / "bot.log"
    return bot_program(port=port, secret=secret, log=log)
