"""Engines and sessions: SQLite with immediate writes for one machine, PostgreSQL beyond it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator
from copy import copy
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, select, text
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker

from models.asking import locks_rows
from models.audit_chain import seal_on_commit
from models.resident import Resident

BUSY_TIMEOUT_SECONDS = 30
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError, NoConnectionFree)
"""It is stopped, refuses, is full or read-only: what is to be written has to wait, and nothing is wrong with it."""
_FOR_LOOKS = "for_looks"
PATIENCE = {"connect_timeout": 4, "tcp_user_timeout": 10_000}
"""With a PostgreSQL that does not answer at all: seconds to connect, milliseconds until a silent line is given up.

A webhook's sender gives up after five seconds, WeChat, or fifteen, Twilio.
"""


class Durability(StrEnum):
    """What a committed row survives on SQLite. A rehearsal can be run again: it need not wait for the disk."""

    POWER_LOSS = "full"
    PROCESS_LOSS = "off"


def make_engine(url: str, *, durability: Durability = Durability.POWER_LOSS) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`.

    On SQLite every transaction begins IMMEDIATE: a deferred one that reads and then writes fails under concurrency, and
    no timeout helps it. The journal is WAL with synchronous=FULL, so that a committed row survives power loss.
    """
    # A statement that fails is logged with its text; its values may be personal.
    if not url.startswith("sqlite"):
        pool = {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}
        return create_engine(url, connect_args=PATIENCE, hide_parameters=True, **pool)
    _make_folder(url)
    connect_args = {"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    engine = create_engine(url, connect_args=connect_args, hide_parameters=True)
    event.listen(engine, "connect", partial(_prepare_sqlite, durability))
    begin_by(engine, "BEGIN IMMEDIATE")
    return engine


def _make_folder(url: str) -> None:
    path = url.removeprefix("sqlite:///")
    if path and not path.startswith(":"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(durability: Durability, connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    synchronous = f"synchronous={durability.value}"
    for pragma in ("journal_mode=WAL", synchronous, "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-65536"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin_by(engine: Engine, statement: str) -> None:
    """Begin each transaction so.

    Not by an event: with one listener, an engine looks for listeners at every statement, a fifth of a small look. And
    by the driver: as a statement of SQLAlchemy's it takes ten times as long.
    """

    def begin(connection: Any) -> None:
        connection.driver_connection.execute(statement)

    engine.dialect.do_begin = begin  # type: ignore[method-assign, assignment]


def _for_looks(engine: Engine) -> Engine:
    """The same database by an engine that never writes: on SQLite it waits for nobody who does.

    One for each engine, as long as that lasts: what it has compiled is kept with it.
    """
    if engine.dialect.name != "sqlite":
        return engine
    kept: dict[str, Any] = vars(engine)
    if _FOR_LOOKS not in kept:
        looking = kept[_FOR_LOOKS] = engine.execution_options()
        looking.dialect = copy(engine.dialect)
        begin_by(looking, "BEGIN")
    looks: Engine = kept[_FOR_LOOKS]
    return looks


class Sessions:
    """Opens sessions on one database: `write()` commits at the end of the block, `read()` never writes.

    Never call a carrier or the bot inside either block.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._turns = threading.Lock() if engine.dialect.name == "sqlite" else None
        self._write = sessionmaker(engine, expire_on_commit=False)
        seal_on_commit(self._write)
        self._read = sessionmaker(_for_looks(engine), expire_on_commit=False)

    def narrow(self, rule: Callable[[ORMExecuteState], None]) -> None:
        """Let `rule` look at every query before it is made; the same rule twice is there once."""
        for opened in (self._read, self._write):
            if not event.contains(opened, "do_orm_execute", rule):
                event.listen(opened, "do_orm_execute", rule)

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        with self._turn(), self._write.begin() as session:
            yield session

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        # To close rolls back: to do that first as well expires all that was read, for nothing.
        with self._read() as session:
            yield session

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Let the threads of this process write in turns: who waits in SQLite sleeps up to 100 ms between two looks.

        It saves time and promises nothing: after the time that SQLite would wait, SQLite decides.
        """
        ours = self._turns is not None and self._turns.acquire(timeout=BUSY_TIMEOUT_SECONDS)
        try:
            yield
        finally:
            if ours and self._turns is not None:
                self._turns.release()


def began_within(sessions: Sessions, seconds: float) -> bool:
    """Whether the database server itself began so lately; SQLite has none."""
    if sessions.engine.dialect.name != "postgresql":
        return False
    with sessions.read() as session:
        age = session.scalar(text("SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())"))
        return age is not None and age < seconds


def lock_resident(session: Session, resident_id: int) -> None:
    """Hold the resident's row until the transaction ends, so that two decisions about one person take turns."""
    lock_residents(session, [resident_id])


def lock_residents(session: Session, resident_ids: Collection[int]) -> None:
    """Hold their rows, taken in the order of their ids: two who lock several never wait for each other in a ring.

    SQLite's immediate transaction already holds the whole database.
    """
    if resident_ids and locks_rows(session):
        query = select(Resident.id).where(Resident.id.in_(resident_ids)).order_by(Resident.id)
        session.execute(query.with_for_update())
