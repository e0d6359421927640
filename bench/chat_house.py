"""`python -m bench.chat_house`: application and worker in one process, as `serve` runs them."""

from __future__ import annotations

import threading

import uvicorn

from outreach_api.bootstrap import open_house
from outreach_api.loops import work_until
from outreach_api.settings import Settings
from outreach_api.waking import waiting_on
from outreach_api.web.app import create_app

GRACE_SECONDS = 1


def main() -> None:
    settings = Settings(_env_file=None)
    stop = threading.Event()
    with open_house(settings) as house, waiting_on(house.sessions, stop) as waiting:
        worker = threading.Thread(target=work_until, args=(stop, house.work_off, waiting), name="worker")
        worker.start()
        try:
            uvicorn.run(
                create_app(house),
                host="127.0.0.1",
                port=settings.port,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        finally:
            stop.set()
            worker.join()


if __name__ == "__main__":
    main()
