"""`python -m proof.killed_house serve|api|worker`: a part of the house to be killed; it never ends by itself.

With `nursery` behind it: a process that has loaded everything and, for every line it reads, forks such a part and tells
its id. Python's start, most of what a kill costs, is then left out.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from outreach_api.early import EarlyDoor, early_door
from outreach_api.settings import Settings

if TYPE_CHECKING:
    from outreach_api.bootstrap import House

SERVE, API, WORKER = "serve", "api", "worker"
NURSERY = "nursery"
IDLE_SECONDS = 0.02
SETTLE_SECONDS = 2.0
"""Shorter than in service: it is killed again soon."""


class _Briefly:
    """Waits no longer than a worker that is woken would."""

    def wait(self, _: float) -> bool:
        time.sleep(IDLE_SECONDS)
        return True


def main(part: str) -> None:
    """Door first, as the commands do it; the rest is loaded behind it."""
    settings = Settings(_env_file=None)
    if part == WORKER:
        _live(part, settings, None)
        return
    with early_door(settings) as door:
        _live(part, settings, door)


def nurse(part: str) -> None:
    """Until the input ends; the last child ends with it."""
    import uvicorn  # noqa: F401

    import outreach_api.loops  # noqa: F401
    from outreach_api.bootstrap import open_house
    from outreach_api.web.app import create_app

    with open_house(Settings(_env_file=None)) as house:
        create_app(house)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    child = 0
    for _ in iter(sys.stdin.readline, ""):
        child = os.fork()
        if not child:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            main(part)
        print(child, flush=True)  # noqa: T201 - what it is for
    if child:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _live(part: str, settings: Settings, door: EarlyDoor | None) -> None:
    from outreach_api.bootstrap import ANSWERS_FOR_SECONDS, open_house

    with open_house(settings, answers_for=ANSWERS_FOR_SECONDS) as house:
        if door is None:
            _work(house)
            return
        if part == SERVE:
            threading.Thread(target=_work, args=(house,), name="worker", daemon=True).start()
        _serve(house, door)


def _work(house: House) -> None:
    from outreach_api.loops import Passes, work_until

    stop = threading.Event()
    work_until(stop, Passes(house, house.work_off, stop, settle_seconds=SETTLE_SECONDS), _Briefly())


def _serve(house: House, door: EarlyDoor) -> None:
    import uvicorn

    from outreach_api.loops import working_beside
    from outreach_api.web.app import create_app

    config = uvicorn.Config(create_app(house), log_level="error", access_log=False)
    with working_beside(threading.Event(), house.drain_spool, "spool"):
        uvicorn.Server(config).run(sockets=[door.hand_over()])


if __name__ == "__main__":
    os.environ.setdefault("OUTREACH_BOT_SECRET", "unused")
    (nurse if sys.argv[2:] == [NURSERY] else main)(sys.argv[1])
