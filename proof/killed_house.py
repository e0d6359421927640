"""`python -m proof.killed_house serve|api|worker`: a part of the house to be killed; it never ends by itself."""

from __future__ import annotations

import os
import sys
import threading
import time

import uvicorn

from outreach_api.bootstrap import ANSWERS_FOR_SECONDS, House, open_house
from outreach_api.loops import Passes, work_until, working_beside
from outreach_api.settings import Settings
from outreach_api.web.app import create_app

SERVE, API, WORKER = "serve", "api", "worker"
IDLE_SECONDS = 0.02
SETTLE_SECONDS = 2.0
"""Shorter than in service: it is killed again soon."""


class _Briefly:
    """Waits no longer than a worker that is woken would."""

    def wait(self, _: float) -> bool:
        time.sleep(IDLE_SECONDS)
        return True


def _work(house: House) -> None:
    stop = threading.Event()
    work_until(stop, Passes(house, house.work_off, stop, settle_seconds=SETTLE_SECONDS), _Briefly())


def main(part: str) -> None:
    settings = Settings(_env_file=None)
    with open_house(settings, answers_for=ANSWERS_FOR_SECONDS) as house:
        if part == WORKER:
            _work(house)
            return
        if part == SERVE:
            threading.Thread(target=_work, args=(house,), name="worker", daemon=True).start()
        with working_beside(threading.Event(), house.drain_spool, "spool"):
            uvicorn.run(create_app(house), host="127.0.0.1", port=settings.port, log_level="error", access_log=False)


if __name__ == "__main__":
    os.environ.setdefault("OUTREACH_BOT_SECRET", "unused")
    main(sys.argv[1])
