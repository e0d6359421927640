"""The databases that are measured, both as durable as in service: a commit waits for the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outreach_api.processes import ProcessFault
from outreach_api.rehearsal.cluster import SETTINGS, running_cluster
from setup.programs import POSTGRES, find_postgres

DURABLE = SETTINGS | {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
ENGINES = ("sqlite", "postgres")


@contextmanager
def fresh_database(engine: str, folder: Path) -> Iterator[str]:
    """The address of an empty database: SQLite in a folder, or PostgreSQL on a server that ends with the block.

    Raises:
        ProcessFault: there is no PostgreSQL on this machine.
    """
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'outreach.db'}"
        return
    programs = find_postgres()
    if programs is None:
        raise ProcessFault(f"PostgreSQL is missing. {POSTGRES.remedy}")
    with running_cluster(programs, DURABLE) as cluster:
        yield cluster.url(cluster.create_database())
