"""Long work in parts that any worker takes, on PostgreSQL: the same functions as in one process, a part a job.

procrastinate keeps the jobs as rows, in a schema of their own beside our tables. A job says what to do by names and
counts alone; values stay where they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import psycopg
import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.schema import SchemaManager
from procrastinate.types import JSONValue
from psycopg.conninfo import make_conninfo

from models.crypto import KeyRing
from models.reseal import BATCH, reseal_part, sealed_otherwise
from models.session import Sessions

SCHEMA = "chunks"
QUEUE = "chunks"
SCHEMA_LOCK = 4_403_002
"""Any number of ours; it keeps processes that start together from making the schema together."""
TRIES = 5
log = structlog.get_logger(__name__)


class Chunks:
    """The jobs on one database, and what they do."""

    def __init__(self, sessions: Sessions, ring: KeyRing) -> None:
        self._sessions = sessions
        self._ring = ring
        url = sessions.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._address = make_conninfo(url, options=f"-c search_path={SCHEMA}")
        self.app = App(connector=PsycopgConnector(conninfo=self._address, min_size=1, max_size=4))
        self._reseal = self.app.task(name="reseal", queue=QUEUE, retry=TRIES)(self._reseal_part)
        self._prepare()

    def reseal(self, *, part: int = BATCH) -> int:
        """Hand the sealing of old values with the ring's active key to the workers; how many jobs that are."""
        jobs: list[dict[str, JSONValue]] = [
            {"column": name, "key_id": self._ring.active, "part": part}
            for name, count in sealed_otherwise(self._sessions, self._ring).items()
            for _ in range(-(-count // part))
        ]
        if jobs:
            with self.app.open():
                self._reseal.batch_defer(*jobs)
        return len(jobs)

    def work(self) -> None:
        """Do what waits, then return."""
        asyncio.run(self._work(waiting=False))

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Do what comes, in a thread, until the end of the block; a job that was begun is finished."""
        loop = asyncio.new_event_loop()
        task = loop.create_task(self._work(waiting=True))
        thread = threading.Thread(target=_run, args=(loop, task), name="chunks")
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(task.cancel)
            thread.join()

    async def _work(self, *, waiting: bool) -> None:
        async with self.app.open_async():
            await self.app.run_worker_async(
                queues=[QUEUE], wait=waiting, install_signal_handlers=False, delete_jobs="successful"
            )

    def _reseal_part(self, column: str, key_id: str, part: int) -> None:
        ring = self._ring.with_keys(self._ring.keys, active=key_id)
        done = reseal_part(self._sessions, ring, column, part)
        log.info("resealed", column=column, values=done)

    def _prepare(self) -> None:
        with psycopg.connect(self._address) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [SCHEMA_LOCK])
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            found = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
            if found is None or found[0] is None:
                connection.execute(SchemaManager.get_schema())


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    try:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
    except Exception:
        # The rest of the worker goes on; the jobs wait for another one.
        log.exception("chunks_failed")
    finally:
        loop.close()
