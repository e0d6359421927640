"""Reads a SQLite file for a report, in a process of its own: `python sqlite_reader.py FILE QUERIES ROWS`.

Each query's rows come as an Arrow stream on standard output, one after the other, all as of one instant. The driver
brings its own SQLite library; two of them on one file in one process undo each other's locks, in two processes they
keep to them. It is run as a script: it needs nothing of ours, and starts in a fraction of a second.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from typing import IO

import adbc_driver_manager
import adbc_driver_sqlite
import pyarrow
from pyarrow import ipc


@contextlib.contextmanager
def opened(path: str) -> Iterator[adbc_driver_manager.AdbcConnection]:
    """The file, in one read transaction. (The driver's DB-API layer would import pandas for nothing.)"""
    database = adbc_driver_sqlite.connect(path)
    try:
        with adbc_driver_manager.AdbcConnection(database) as connection:
            connection.set_autocommit(False)
            yield connection
            connection.rollback()
    finally:
        database.close()


def rows_of(
    connection: adbc_driver_manager.AdbcConnection, queries: Sequence[str], rows_a_batch: int
) -> Iterator[pyarrow.RecordBatchReader]:
    """The rows of each query; a reader is done with before the next is asked for."""
    for query in queries:
        with adbc_driver_manager.AdbcStatement(connection) as statement:
            statement.set_options(**{"adbc.sqlite.query.batch_rows": str(rows_a_batch)})
            statement.set_sql_query(query)
            stream, _ = statement.execute_query()
            yield pyarrow.RecordBatchReader._import_from_c(stream.address)


def write(path: str, queries: Sequence[str], rows_a_batch: int, target: IO[bytes]) -> None:
    with opened(path) as connection:
        for rows in rows_of(connection, queries, rows_a_batch):
            with ipc.new_stream(target, rows.schema) as stream:
                for batch in rows:
                    stream.write_batch(batch)


if __name__ == "__main__":
    write(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), sys.stdout.buffer)
