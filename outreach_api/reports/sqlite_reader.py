"""Reads a SQLite file for a report, in a process of its own: `python sqlite_reader.py FILE ROWS`.

It says on standard output that it is there, and, once it is told to begin, that it has; from then on it sees the file
as of that instant. Each query that it is handed on standard input, as a line of JSON, is answered by one Arrow stream.
The driver brings its own SQLite library; two of them on one file in one process undo each other's locks, in two
processes they keep to them. It is run as a script: it needs nothing of ours, and starts in a fraction of a second.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from typing import IO

import adbc_driver_manager
import adbc_driver_sqlite
import pyarrow
from pyarrow import ipc

BUSY_TIMEOUT_MS = 30_000
"""For the moments in which another process puts the write-ahead log away, or sets it up."""
SIGN = b"."
"""That the reader got so far."""


@contextlib.contextmanager
def opened(path: str) -> Iterator[adbc_driver_manager.AdbcConnection]:
    """The file, in one read transaction. (The driver's DB-API layer would import pandas for nothing.)"""
    database = adbc_driver_sqlite.connect(path)
    try:
        with adbc_driver_manager.AdbcConnection(database) as connection:
            with adbc_driver_manager.AdbcStatement(connection) as statement:
                statement.set_sql_query(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
                statement.execute_update()
            connection.set_autocommit(False)
            yield connection
            connection.rollback()
    finally:
        database.close()


def rows_of(
    connection: adbc_driver_manager.AdbcConnection, queries: Iterable[str], rows_a_batch: int
) -> Iterator[pyarrow.RecordBatchReader]:
    """The rows of each query; a reader is done with before the next is asked for."""
    for query in queries:
        with adbc_driver_manager.AdbcStatement(connection) as statement:
            statement.set_options(**{"adbc.sqlite.query.batch_rows": str(rows_a_batch)})
            statement.set_sql_query(query)
            stream, _ = statement.execute_query()
            yield pyarrow.RecordBatchReader._import_from_c(stream.address)


def serve(path: str, rows_a_batch: int, orders: IO[str], target: IO[bytes]) -> None:
    with opened(path) as connection:
        _say(target)
        orders.readline()
        # A deferred transaction begins with its first read.
        for rows in rows_of(connection, ["SELECT COUNT(*) FROM sqlite_master"], rows_a_batch):
            rows.read_all()
        _say(target)
        for rows in rows_of(connection, (json.loads(line) for line in orders), rows_a_batch):
            with ipc.new_stream(target, rows.schema) as stream:
                for batch in rows:
                    stream.write_batch(batch)
            target.flush()


def _say(target: IO[bytes]) -> None:
    target.write(SIGN)
    target.flush()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.stdin, sys.stdout.buffer)
