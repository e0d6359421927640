"""One consistent picture of the operational database, read set-wise into DuckDB: the columns that reports need.

No encrypted column is among them: a report knows groups, never people.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import adbc_driver_manager
import adbc_driver_sqlite
import duckdb
import pyarrow
import sqlalchemy as sa

from models.report_views import VIEWS
from models.session import Sessions
from models.tables import metadata

Snapshot = duckdb.DuckDBPyConnection
Cells = list[sa.Column[object]]

COLUMNS: dict[str, tuple[str, ...]] = {
    "resident": ("id", "birth_date", "sex", "street", "community"),
    "preference": ("resident_id", "name"),
    "match": (
        "id", "resident_id", "policy_id", "policy_version", "episode", "state", "opened_at", "closed_at",
        "state_changed_at",
    ),
    "match_change": ("match_id", "at", "new"),
    "application": ("id", "status", "resident_id", "policy_id", "channel", "occurred_on"),
    "campaign": ("id", "policy_id", "name", "state", "starts_on", "ends_on"),
    "campaign_phase": ("campaign_id", "number", "starts_on"),
    "campaign_forecast": ("id", "policy_id", "made_at", "starts_on", "days", "matches", "assumptions", "expected"),
    "contact": (
        "id", "resident_id", "campaign_id", "channel", "purpose", "ladder_step", "state", "cause", "refusal",
        "provider", "due_at", "sent_at",
    ),
    "contact_match": ("contact_id", "match_id"),
    "refused_contact": ("id", "match_id", "resident_id", "reason", "on", "at"),
    "conversation": ("id", "resident_id", "outcome"),
    "message": ("conversation_id", "at", "direction", "reading"),
    "case": (
        "id", "kind", "reason", "state", "urgency", "policy_id", "match_id", "resident_id", "team_id", "opened_at",
        "due_at", "accepted_at", "first_feedback_at", "resolved_at", "confirmed_at",
    ),
    "case_change": ("case_id", "at", "change"),
    "visit": ("id", "case_id", "visit_on", "policy_id", "outcome"),
    "contact_stop": ("reason", "resident_id", "placed_at", "released_at"),
    "snapshot": ("id", "as_of", "counts", "created_at"),
    "survey": ("id", "name", "questionnaire", "version"),
    "survey_invitation": (
        "id", "survey_id", "resident_id", "match_id", "policy_id", "stratum", "channel", "state", "invited_at",
        "finished_at",
    ),
    "survey_answer": ("invitation_id", "question", "value", "themes", "at", "superseded_at"),
}  # fmt: skip
SEALED: dict[str, tuple[str, ...]] = {
    "resident": ("id", "name"),
    "phone": ("id", "number"),
    "resident_phone": ("resident_id", "phone_id", "rank"),
}
ROWS_A_BATCH = 65_536
CSV = """header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', new_line = '\\n'"""


@contextlib.contextmanager
def take_snapshot(sessions: Sessions) -> Iterator[Snapshot]:
    """Copy what reports need, as of one instant, and put the views over it.

    SQLite is read through Arrow, PostgreSQL by COPY; either way in one read transaction that holds nobody up.
    """
    con = duckdb.connect()
    try:
        con.execute("SET TimeZone = 'UTC'")
        _copy(con, sessions, _tables(COLUMNS))
        for name, query in VIEWS.items():
            con.execute(f"CREATE VIEW {name} AS {query}")
        yield con
    finally:
        con.close()


def take_sealed(con: Snapshot, sessions: Sessions) -> None:
    """Beside the snapshot, what a masked list is made from: names and numbers, sealed as they are stored."""
    _copy(con, sessions, _tables(SEALED), prefix="sealed_")
    con.execute("ALTER TABLE sealed_resident_phone RENAME TO resident_phone")


def _copy(con: Snapshot, sessions: Sessions, tables: list[Cells], *, prefix: str = "") -> None:
    if sessions.engine.dialect.name == "sqlite":
        with _set_aside(sessions.engine) as path:
            _copy_sqlite(con, path, tables, prefix)
    else:
        _copy_postgres(con, sessions.engine, tables, prefix)


def _copy_sqlite(con: Snapshot, path: str, tables: list[Cells], prefix: str) -> None:
    # The driver's DB-API layer would import pandas for nothing.
    with _opened(path) as connection:
        connection.set_autocommit(False)
        for table in tables:
            # The driver takes a column's type from its first rows: a text column must not begin with nulls only.
            cells = ", ".join(_never_null(c) for c in table)
            with adbc_driver_manager.AdbcStatement(connection) as statement:
                statement.set_options(**{"adbc.sqlite.query.batch_rows": str(ROWS_A_BATCH)})
                statement.set_sql_query(f'SELECT {cells} FROM "{table[0].table.name}"')
                stream, _ = statement.execute_query()
                rows = pyarrow.RecordBatchReader._import_from_c(stream.address)
                taken = ", ".join(_cast(c, f'"{c.name}"') for c in table)
                _take(con, prefix + table[0].table.name, f"SELECT {taken} FROM rows", rows)
        connection.rollback()


@contextlib.contextmanager
def _set_aside(engine: sa.Engine) -> Iterator[str]:
    """A private copy of the database file, as of one instant, made by the SQLite library that has it open already.

    The Arrow driver brings a library of its own. Two of them on one file in one process undo each other's locks: the
    second to close would take the write-ahead log away from under the house.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "set_aside.db")
        pooled = engine.raw_connection()
        try:
            with contextlib.closing(sqlite3.connect(path)) as copy:
                copy.execute("PRAGMA synchronous=OFF")
                live = pooled.driver_connection
                assert isinstance(live, sqlite3.Connection)  # noqa: S101 - the dialect says so
                live.backup(copy)
        finally:
            pooled.close()
        yield path


@contextlib.contextmanager
def _opened(path: str) -> Iterator[adbc_driver_manager.AdbcConnection]:
    database = adbc_driver_sqlite.connect(path)
    try:
        with adbc_driver_manager.AdbcConnection(database) as connection:
            yield connection
    finally:
        database.close()


def _take(con: Snapshot, name: str, query: str, rows: object) -> None:
    con.register("rows", rows)
    con.execute(f'CREATE TABLE "{name}" AS {query}')
    con.unregister("rows")


def _copy_postgres(con: Snapshot, engine: sa.Engine, tables: list[Cells], prefix: str) -> None:
    with tempfile.TemporaryDirectory() as folder, engine.connect() as connection:
        connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        connection.execute(sa.text("SET LOCAL TIME ZONE 'UTC'"))
        driver = connection.connection.driver_connection
        for table in tables:
            name = table[0].table.name
            file = Path(folder) / f"{name}.csv"
            cells = ", ".join(f'"{c.name}"' for c in table)
            order = f'COPY (SELECT {cells} FROM "{name}") TO STDOUT (FORMAT csv)'
            with driver.cursor() as cursor, cursor.copy(order) as rows, file.open("wb") as target:  # type: ignore[union-attr]
                for part in rows:
                    target.write(part)
            columns = ", ".join(f"'{c.name}': 'VARCHAR'" for c in table)
            taken = ", ".join(_cast(c, f'"{c.name}"') for c in table)
            con.execute(
                f'CREATE TABLE "{prefix}{name}" AS SELECT {taken} FROM read_csv(?, {CSV}, columns = {{{columns}}})',
                [str(file)],
            )


def _tables(wanted: Mapping[str, tuple[str, ...]]) -> list[Cells]:
    return [[metadata.tables[name].c[column] for column in columns] for name, columns in wanted.items()]


def _is_text(column: sa.Column[object]) -> bool:
    return not isinstance(_plain(column), sa.Integer | sa.Boolean)


def _never_null(column: sa.Column[object]) -> str:
    return f'COALESCE("{column.name}", \'\') AS "{column.name}"' if _is_text(column) else f'"{column.name}"'


def _plain(column: sa.Column[object]) -> object:
    kind = column.type
    return kind.impl_instance if isinstance(kind, sa.types.TypeDecorator) else kind


def _cast(column: sa.Column[object], cell: str) -> str:
    """The cell in DuckDB's own type; an instant is UTC without saying so, as in SQLite."""
    kind = _plain(column)
    whole = f"NULLIF(CAST({cell} AS VARCHAR), '')"
    if isinstance(kind, sa.Integer):
        typed = f"TRY_CAST({whole} AS BIGINT)" if column.nullable else f"CAST({cell} AS BIGINT)"
    elif isinstance(kind, sa.DateTime):
        typed = f"CAST({whole} AS TIMESTAMP)"
    elif isinstance(kind, sa.Date):
        typed = f"CAST({whole} AS DATE)"
    else:
        typed = whole
    return f'{typed} AS "{column.name}"'
