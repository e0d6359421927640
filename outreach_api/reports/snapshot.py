"""One consistent picture of the operational database, read set-wise into DuckDB: the columns that reports need.

No encrypted column is among them: a report knows groups, never people.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import duckdb
import pyarrow
import sqlalchemy as sa
from pyarrow import ipc

from models.case import Case
from models.conversation import Conversation
from models.match import Match
from models.report_views import VIEWS
from models.resident import Resident
from models.session import Sessions
from models.survey import SurveyInvitation
from models.tables import metadata
from outreach_api.privacy.sight import current_sight
from outreach_api.reports import sqlite_reader

Snapshot = duckdb.DuckDBPyConnection
Cells = list[sa.Column[object]]
Reader = subprocess.Popen[bytes]

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
    "chat_link": ("id", "resident_id"),
    "chat_visit": ("link_id", "opened_at"),
    "conversation": ("id", "resident_id", "outcome"),
    "message": ("conversation_id", "at", "direction", "reading"),
    "case": (
        "id", "kind", "reason", "state", "urgency", "policy_id", "match_id", "resident_id", "team_id", "opened_at",
        "due_at", "kept_at", "accepted_at", "first_feedback_at", "resolved_at", "confirmed_at",
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
# Named by the views and counted by no report: there, but empty.
UNREAD: dict[str, frozenset[str]] = {
    "match": frozenset({"policy_version", "episode"}),
    "contact": frozenset({"refusal", "ladder_step"}),
    "refused_contact": frozenset({"on"}),
    "case": frozenset({"reason", "urgency", "team_id", "first_feedback_at", "confirmed_at"}),
}
# A column read into what is counted of it: the assistant's reading of a message is long, and looked at often.
_RANKING = """json_extract_string({cell}, ['$.ranking[0].intent', '$.ranking[1].intent', '$.ranking[0].confidence',
          '$.ranking[1].confidence'])"""
_DONE = "json_extract_string({cell}, '$.directives[*].do')"
_WHY = "json_extract_string({cell}, '$.directives[*].reason')"
# The same expression again costs nothing: each is worked out once a row.
TAKEN_APART: dict[tuple[str, str], str] = {
    ("message", "reading"): f"""
        {_RANKING}[1] AS intent, {_RANKING}[2] AS rival, {_RANKING}[1] IS NOT NULL AS was_read,
        CAST({_RANKING}[3] AS DOUBLE) - CAST({_RANKING}[4] AS DOUBLE) AS lead,
        COALESCE(list_contains({_DONE}, 'clarify') OR list_contains({_WHY}, 'not_understood'), FALSE)
          AS was_lost"""
}
SEALED: dict[str, tuple[str, ...]] = {
    "resident": ("id", "name"),
    "phone": ("id", "number"),
    "resident_phone": ("resident_id", "phone_id", "rank"),
}
SEEN: Mapping[str, type[Any]] = {
    "match_id": Match,
    "case_id": Case,
    "conversation_id": Conversation,
    "invitation_id": SurveyInvitation,
    "resident_id": Resident,
}
"""Whose number a column of a list holds."""
ROWS_A_BATCH = 65_536
READERS = 2
LONG = frozenset({"contact", "message", "match", "match_change", "resident", "phone"})
LARGEST_COPY_BYTES = 64 * 2**20
FAULT_TAIL = 2000
CSV = """header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', new_line = '\\n'"""


class SnapshotFault(RuntimeError):  # noqa: N818
    """The database could not be read for a report; says why."""


@contextlib.contextmanager
def take_snapshot(sessions: Sessions) -> Iterator[Snapshot]:
    """Copy what reports need, as of one instant, and put the views over it.

    SQLite is read through Arrow, PostgreSQL by COPY; either way in one read transaction that holds nobody up.

    Raises:
        SnapshotFault: the file could not be read.
    """
    con = duckdb.connect()
    try:
        con.execute("SET TimeZone = 'UTC'")
        _copy(con, sessions, _tables(COLUMNS))
        for name, query in VIEWS.items():
            con.execute(f"CREATE VIEW {name} AS {query}")
        if not current_sight().is_whole:
            _lay_seen(con, sessions)
        yield con
    finally:
        con.close()


def _lay_seen(con: Snapshot, sessions: Sessions) -> None:
    """Beside the snapshot, the numbers of what is there for who looks: lists hold nothing else."""
    with sessions.read() as session:
        for noun in set(SEEN.values()):
            rows = pyarrow.table({"id": pyarrow.array(session.scalars(sa.select(noun.id)), pyarrow.int64())})
            con.register("seen_rows", rows)
            con.execute(f"CREATE TABLE seen_{noun.__tablename__} AS SELECT * FROM seen_rows")
            con.unregister("seen_rows")


def take_sealed(con: Snapshot, sessions: Sessions) -> None:
    """Beside the snapshot, what a masked list is made from: names and numbers, sealed as they are stored."""
    _copy(con, sessions, _tables(SEALED), prefix="sealed_")
    con.execute("ALTER TABLE sealed_resident_phone RENAME TO resident_phone")


def _copy(con: Snapshot, sessions: Sessions, tables: list[Cells], *, prefix: str = "") -> None:
    if sessions.engine.dialect.name != "sqlite":
        _copy_postgres(con, sessions.engine, tables, prefix)
        return
    file = Path(sessions.engine.url.database or "")
    if file.is_file() and file.stat().st_size > LARGEST_COPY_BYTES:
        _copy_apart(con, sessions, file, tables, prefix)
        return
    # A small file is copied first, which takes less time than a process.
    with _set_aside(sessions.engine) as path, sqlite_reader.opened(path) as connection:
        queries = [_query(table) for table in tables]
        for table, rows in zip(tables, sqlite_reader.rows_of(connection, queries, ROWS_A_BATCH), strict=True):
            _take(con, table, rows, prefix)


def _query(table: Cells) -> str:
    # The driver takes a column's type from its first rows: a text column must not begin with nulls only.
    return f'SELECT {", ".join(map(_never_null, _read(table)))} FROM "{table[0].table.name}"'


def _copy_apart(con: Snapshot, sessions: Sessions, file: Path, tables: list[Cells], prefix: str) -> None:
    """Read by two processes, as reading is what takes the time; neither is a second SQLite library in this one."""
    waiting = deque(sorted(tables, key=_is_short))
    with tempfile.TemporaryFile() as said, _readers(file, said) as readers:
        try:
            # Nothing is written for the moment in which they begin: they see the same.
            with sessions.write():
                for reader in readers:
                    _tell(reader, "begin")
                for reader in readers:
                    _hear(reader)
            with ThreadPoolExecutor(len(readers)) as threads:
                for done in [threads.submit(_take_turns, con.cursor(), reader, waiting, prefix) for reader in readers]:
                    done.result()
        except (pyarrow.ArrowInvalid, OSError) as fault:
            said.seek(0)
            message = said.read().decode(errors="replace")[-FAULT_TAIL:]
            raise SnapshotFault(f"{file} could not be read: {message}") from fault


def _is_short(table: Cells) -> bool:
    """Long tables are read first: the two readers then end at about the same time."""
    return table[0].table.name not in LONG


@contextlib.contextmanager
def _readers(file: Path, said: IO[bytes]) -> Iterator[list[Reader]]:
    command = [sys.executable, "-P", sqlite_reader.__file__, str(file), str(ROWS_A_BATCH)]
    with contextlib.ExitStack() as ending:
        readers = [
            ending.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said))
            for _ in range(READERS)
        ]
        try:
            for reader in readers:
                _hear(reader)
            yield readers
        finally:
            for reader in readers:
                reader.terminate()


def _take_turns(con: Snapshot, reader: Reader, waiting: deque[Cells], prefix: str) -> None:
    """Table by table, whichever is next."""
    with con, contextlib.suppress(IndexError):
        while True:
            table = waiting.popleft()
            _tell(reader, _query(table))
            with ipc.open_stream(reader.stdout) as rows:
                _take(con, table, rows, prefix)


def _tell(reader: Reader, order: str) -> None:
    assert reader.stdin is not None  # noqa: S101 - for the type checker
    reader.stdin.write(json.dumps(order).encode() + b"\n")
    reader.stdin.flush()


def _hear(reader: Reader) -> None:
    assert reader.stdout is not None  # noqa: S101 - for the type checker
    if reader.stdout.read(len(sqlite_reader.SIGN)) != sqlite_reader.SIGN:
        raise OSError("the reader ended")


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


def _take(con: Snapshot, table: Cells, rows: object, prefix: str) -> None:
    con.register("rows", rows)
    con.execute(f'CREATE TABLE "{prefix}{table[0].table.name}" AS SELECT {_taken(table)} FROM rows')
    con.unregister("rows")


def _copy_postgres(con: Snapshot, engine: sa.Engine, tables: list[Cells], prefix: str) -> None:
    with tempfile.TemporaryDirectory() as folder, engine.connect() as connection:
        connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        connection.execute(sa.text("SET LOCAL TIME ZONE 'UTC'"))
        driver = connection.connection.driver_connection
        for table in tables:
            name = table[0].table.name
            file = Path(folder) / f"{name}.csv"
            cells = ", ".join(f'"{c.name}"' for c in _read(table))
            order = f'COPY (SELECT {cells} FROM "{name}") TO STDOUT (FORMAT csv)'
            with driver.cursor() as cursor, cursor.copy(order) as rows, file.open("wb") as target:  # type: ignore[union-attr]
                for part in rows:
                    target.write(part)
            columns = ", ".join(f"'{c.name}': 'VARCHAR'" for c in _read(table))
            source = f"read_csv(?, {CSV}, columns = {{{columns}}})"
            con.execute(f'CREATE TABLE "{prefix}{name}" AS SELECT {_taken(table)} FROM {source}', [str(file)])


def _tables(wanted: Mapping[str, tuple[str, ...]]) -> list[Cells]:
    return [[metadata.tables[name].c[column] for column in columns] for name, columns in wanted.items()]


def _read(table: Cells) -> Cells:
    unread = UNREAD.get(table[0].table.name, frozenset())
    return [column for column in table if column.name not in unread]


def _taken(table: Cells) -> str:
    """The cells of a row in DuckDB's own types."""
    name = table[0].table.name
    read = {column.name for column in _read(table)}
    parts = []
    for column in table:
        apart = TAKEN_APART.get((name, column.name))
        if apart is not None:
            parts.append(apart.format(cell=f"""NULLIF(CAST("{column.name}" AS VARCHAR), '')"""))
        else:
            parts.append(_cast(column, f'"{column.name}"' if column.name in read else "NULL"))
    return ", ".join(parts)


def _is_text(column: sa.Column[object]) -> bool:
    return not isinstance(_plain(column), sa.Integer | sa.Boolean)


def _never_null(column: sa.Column[object]) -> str:
    bare = f'"{column.name}"'
    return f"COALESCE({bare}, '') AS {bare}" if _is_text(column) and column.nullable else bare


def _plain(column: sa.Column[object]) -> object:
    kind = column.type
    return kind.impl_instance if isinstance(kind, sa.types.TypeDecorator) else kind


def _cast(column: sa.Column[object], cell: str) -> str:
    """The cell in DuckDB's own type; an instant is UTC without saying so, as in SQLite."""
    kind = _plain(column)
    whole = f"NULLIF(CAST({cell} AS VARCHAR), '')"
    if isinstance(kind, sa.Integer):
        typed = f"TRY_CAST({whole} AS BIGINT)" if column.nullable or cell == "NULL" else f"CAST({cell} AS BIGINT)"
    elif isinstance(kind, sa.DateTime):
        typed = f"CAST({whole} AS TIMESTAMP)"
    elif isinstance(kind, sa.Date):
        typed = f"CAST({whole} AS DATE)"
    else:
        typed = whole
    return f'{typed} AS "{column.name}"'
