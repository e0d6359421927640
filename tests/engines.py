"""The database engine that the running test's databases live on: SQLite, or databases of a throw-away PostgreSQL.

On PostgreSQL a database is a copy of a migrated template. One that a test is done with is emptied and given to the
next test: that is ten times as fast as another copy.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Engine as DatabaseEngine
from sqlalchemy import text

from models.migrate import upgrade
from models.session import Sessions, make_engine
from models.tables import metadata
from outreach_api.rehearsal.cluster import Cluster, running_cluster
from setup import programs

MEMORY = "sqlite://"

# Rows only: truncating writes new files for every table and index.
EMPTY = """
DO $$
DECLARE one record; found boolean;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT quote_ident(relname) AS name FROM pg_stat_user_tables WHERE relname <> 'alembic_version' LOOP
    EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || one.name || ')' INTO found;
    IF found THEN EXECUTE 'DELETE FROM ' || one.name; END IF;
  END LOOP;
  PERFORM setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


class Engine(StrEnum):
    SQLITE = "sqlite"
    POSTGRES = "postgres"


@dataclass
class Opened:
    """A database in use, and the connection pools on it."""

    url: str
    engines: list[DatabaseEngine] = field(default_factory=list)


class Databases:
    """Gives out databases on the engine in use; `scope()` takes back those opened within it."""

    def __init__(self) -> None:
        self.in_use = Engine.SQLITE
        self._cluster: Cluster | None = None
        self._template = ""
        self._programs = contextlib.ExitStack()
        self._idle: list[str] = []
        self._opened: dict[str, Opened] = {}
        self._nameless = iter(range(10**9))

    def sessions(self, url: str) -> Sessions:
        """A database with all tables. The same file's address within one test is the same database."""
        if url.startswith("postgresql") or self.in_use is Engine.SQLITE:
            engine = make_engine(url)
            metadata.create_all(engine)
            return Sessions(engine)
        name = f"{url}#{next(self._nameless)}" if url == MEMORY else url
        opened = self._opened.setdefault(name, Opened(""))
        opened.url = opened.url or self._empty_database()
        opened.engines.append(make_engine(opened.url))
        return Sessions(opened.engines[-1])

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        before = set(self._opened)
        try:
            yield
        finally:
            for name in set(self._opened) - before:
                self._take_back(self._opened.pop(name))

    def cluster(self) -> Cluster:
        """The server, started when the first test needs one."""
        if self._cluster is None:
            folder = programs.find_postgres()
            assert folder, "no PostgreSQL: a test that needs one is marked `postgres`"
            self._cluster = self._programs.enter_context(running_cluster(folder))
        return self._cluster

    def close(self) -> None:
        for opened in self._opened.values():
            _dispose(opened)
        self._opened.clear()
        self._programs.close()

    def _empty_database(self) -> str:
        cluster = self.cluster()
        if not self._template:
            self._template = cluster.create_database()
            engine = make_engine(cluster.url(self._template))
            upgrade(engine)
            engine.dispose()
        return self._idle.pop() if self._idle else cluster.url(cluster.create_database(template=self._template))

    def _take_back(self, opened: Opened) -> None:
        with opened.engines[0].begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(text(EMPTY))
        _dispose(opened)
        self._idle.append(opened.url)


def _dispose(opened: Opened) -> None:
    for engine in opened.engines:
        engine.dispose()


databases = Databases()
