"""Many seeds at once: each process has a carrier, an application and a home of its own; the assistant is shared."""

from __future__ import annotations

import atexit
import contextlib
import gc
import logging
import multiprocessing
import tempfile
import time
import traceback
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
from pathlib import Path
from unittest.mock import patch

import structlog

from outreach_api.bootstrap import open_house
from outreach_api.channels import twilio_http
from outreach_api.conversations.rasa_bot import RasaBot
from outreach_api.processes import ProcessFault
from outreach_api.web.app import create_app
from proof.asgi import CarrierWithin
from proof.bugs import broken_by
from proof.checker import Findings
from proof.crashes import Crash
from proof.life import Life, Run, Theatre
from proof.stage import Stage
from proof.wires import Door
from sandbox.carrier.api import ShortWay
from sandbox.serve import build_app

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


class Troupe:
    """One process' means for living through seeds."""

    def __init__(self, theatre: Theatre, door: Door) -> None:
        self._theatre = theatre
        self._door = door

    def live_through(self, seed: int) -> Run:
        began = time.process_time()
        try:
            run = Life(self._theatre, self._door, seed).live()
        except (Exception, Crash):
            # The house fell over its own feet: nobody knows what it would have lost, and the other seeds go on.
            run = Run(seed, Findings(lost=[traceback.format_exc()]))
        run.cpu_seconds = time.process_time() - began
        return run


@contextlib.contextmanager
def troupe(stage: Stage, *, bug: str | None = None) -> Iterator[Troupe]:
    """Everything to live through seeds in this process."""
    with contextlib.ExitStack() as stack:
        app = build_app()
        within = CarrierWithin(ShortWay(app))
        stack.enter_context(patch.object(twilio_http, "_connections", lambda _base_url: within))
        bot = RasaBot.from_settings(stage.settings)
        stack.callback(bot.close)
        where = IN_MEMORY if IN_MEMORY.is_dir() else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outreach-proof-", dir=where)))
        guards = stack.enter_context(broken_by(bug))
        # The application is made once; each life puts its own house behind it.
        house = stack.enter_context(open_house(stage.settings))
        door = stack.enter_context(Door(create_app(house)).open())
        stack.enter_context(_collector_spared())
        yield Troupe(Theatre(stage, bot, app, folder, guards=guards), door)


def run_seeds(stage: Stage, seeds: Sequence[int], *, processes: int, bug: str | None = None) -> Generator[Run]:
    """Live through seeds, several at a time, and give each as it is done. Closed early, it begins no more of them.

    Raises:
        ProcessFault: a process of ours ended.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(stage, bug))
    try:
        for done in as_completed([pool.submit(_live_through, seed) for seed in seeds]):
            yield done.result()
    except BrokenExecutor as fault:
        raise ProcessFault("a process of the proof ended by itself") from fault
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _collector_spared() -> Iterator[None]:
    """What is there by now stays; to look through it again and again takes a tenth of a run."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


_ours: list[Troupe] = []
_stack = contextlib.ExitStack()


def _begin(stage: Stage, bug: str | None) -> None:
    be_quiet()
    atexit.register(_stack.close)
    _ours.append(_stack.enter_context(troupe(stage, bug=bug)))


def _live_through(seed: int) -> Run:
    return _ours[0].live_through(seed)


def be_quiet() -> None:
    """A run makes thousands of log lines that nobody reads; what went wrong is in its findings."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
