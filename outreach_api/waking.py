"""Waiting for work: a moment, or until somebody says that there is some. Being woken is a hint; the work is in rows."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Protocol

import psycopg
import structlog
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from models.session import Sessions

CHANNEL = "outreach_work"
CONNECT_SECONDS = 4
log = structlog.get_logger(__name__)


class Waiting(Protocol):
    def wait(self, seconds: float) -> bool:
        """Wait no longer than so; whether somebody woke us."""


class Pause:
    """A pause that `wake` in this process cuts short, as it does where the database is one process's."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def wait(self, seconds: float) -> bool:
        if self._stop.is_set():
            return True
        woken = _NUDGED.wait(seconds)
        _NUDGED.clear()
        return woken


_NUDGED = threading.Event()


class Listening:
    """Woken by `wake` of any process on the same PostgreSQL. A lost connection only makes it as slow as a pause."""

    def __init__(self, address: str, stop: threading.Event) -> None:
        self._address = address
        self._stop = stop
        self._connection = self._listen()

    def wait(self, seconds: float) -> bool:
        try:
            if self._connection.closed:
                self._connection = self._listen()
            return any(True for _ in self._connection.notifies(timeout=seconds, stop_after=1))
        except psycopg.OperationalError:
            log.warning("listening_lost")
            self._connection.close()
            return self._stop.wait(seconds)

    def close(self) -> None:
        self._connection.close()

    def _listen(self) -> psycopg.Connection:
        connection = psycopg.connect(self._address, autocommit=True, connect_timeout=CONNECT_SECONDS)
        connection.execute(f"LISTEN {CHANNEL}".encode())
        return connection


def wake(session: Session) -> None:
    """Tell waiting workers, once this transaction commits, that there is work."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_notify(CHANNEL, "")))
    else:
        event.listen(session, "after_commit", lambda _: _NUDGED.set(), once=True)


@contextlib.contextmanager
def waiting_on(sessions: Sessions, stop: threading.Event) -> Iterator[Waiting]:
    """How to wait for work on this database."""
    url = sessions.engine.url
    if url.get_backend_name() != "postgresql":
        yield Pause(stop)
        return
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with contextlib.closing(Listening(address, stop)) as listening:
        yield listening
