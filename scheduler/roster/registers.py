"""Department registers and enrolment lists: tables keyed by the person, written as Parquet beside the people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.crypto import KeyRing
from models.id_number import IdNumber
from scheduler.roster.cleaned import CleanBatch, clean_file
from scheduler.roster.cleaning import Cleaned
from scheduler.roster.feed import CREDIT_CODE, FeedKind, RosterFile
from scheduler.roster.rejects import Rejects
from scheduler.rules.fields import FIELDS, FieldType

FEEDS_FOLDER = "feeds"
ENROLMENTS_FOLDER = "enrolments"

_KEYS = ("id_number", CREDIT_CODE)

ARROW = {
    FieldType.INT: pa.int64(),
    FieldType.NUMBER: pa.float64(),
    FieldType.BOOL: pa.bool_(),
    FieldType.DATE: pa.date32(),
    FieldType.CODE: pa.string(),
}
ENROLMENTS = pa.schema({"person_key": pa.string(), "enrolled_on": pa.date32(), "until": pa.date32()})

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Imported:
    """One register or list as it was written."""

    rows_read: int
    people: int
    path: Path


def import_register(
    file: RosterFile, out_dir: Path, keyring: KeyRing, rejects: Rejects, *, today: date, done: Callable[[int], None]
) -> Imported:
    """One row a person or firm: of several, the one that is latest by the feed's own date, else the last."""
    rows, read = _rows_by_person(file, keyring, rejects, today, done)
    feed = file.feed
    if feed.kind is FeedKind.ENROLMENT:
        listed = {key: {"enrolled_on": row.get("enrolled_on"), "until": None} for key, row in rows.items()}
        return Imported(read, len(rows), _write_enrolments(listed, out_dir, file.policy or feed.id))
    if feed.enrols is not None:
        since, until = feed.enrols.since, feed.enrols.until
        had = {key: row.get(since) for key, row in rows.items()}
        listed = {key: {"enrolled_on": day, "until": _until(day, until)} for key, day in had.items()}
        _write_enrolments(listed, out_dir, feed.enrols.policy)
    return Imported(read, len(rows), _write_register(rows, file, out_dir))


def _rows_by_person(
    file: RosterFile, keyring: KeyRing, rejects: Rejects, today: date, done: Callable[[int], None]
) -> tuple[dict[str, Row], int]:
    rows: dict[str, Row] = {}
    read = 0
    for batch in clean_file(file, rejects, today=today):
        read += batch.read
        for key, row in _keyed(batch, keyring):
            if key not in rows or _supersedes(row, rows[key], file.feed.latest_by):
                rows[key] = row
        done(read)
    return rows, read


def _keyed(batch: CleanBatch, keyring: KeyRing) -> list[tuple[str, Row]]:
    names = [name for name in batch.fields if name not in _KEYS]
    keys = row_keys(batch, keyring)
    columns: list[list[Cleaned]] = [batch.fields[name] for name in names]
    values = zip(*columns, strict=True) if columns else ((),) * len(keys)
    return [(key, dict(zip(names, row, strict=True))) for key, row in zip(keys, values, strict=True)]


def row_keys(batch: CleanBatch, keyring: KeyRing) -> list[str]:
    """Whom each row is about: the blind index of the identity number, or of the firm's credit code."""
    absent: list[Cleaned] = [None] * len(batch.numbers)
    numbers = [n.text if isinstance(n, IdNumber) else None for n in batch.fields.get("id_number", absent)]
    keys = keyring.blind_index_many(numbers, kind="id_number")
    if CREDIT_CODE in batch.fields:
        codes = [None if code is None else str(code) for code in batch.fields[CREDIT_CODE]]
        firms = keyring.blind_index_many(codes, kind=CREDIT_CODE)
        keys = [key or firm for key, firm in zip(keys, firms, strict=True)]
    return [key for key in keys if key is not None]


def _supersedes(row: Row, known: Row, latest_by: str | None) -> bool:
    if latest_by is None:
        return True
    mine, theirs = row.get(latest_by), known.get(latest_by)
    return theirs is None or (mine is not None and mine >= theirs)


def _until(since: object, rule: str | None) -> date | None:
    return date(since.year, 12, 31) if rule == "end_of_year" and isinstance(since, date) else None


def _write_register(rows: Mapping[str, Row], file: RosterFile, out_dir: Path) -> Path:
    names = [name for name in file.feed.fields if name in FIELDS]
    schema = pa.schema({"person_key": pa.string(), **{name: ARROW[FIELDS[name].type] for name in names}})
    columns = {"person_key": list(rows), **{name: [row.get(name) for row in rows.values()] for name in names}}
    return _write(pa.table(columns, schema=schema), out_dir / FEEDS_FOLDER / f"{file.feed.id}.parquet")


def _write_enrolments(rows: Mapping[str, Row], out_dir: Path, policy: str) -> Path:
    columns = {
        "person_key": list(rows),
        "enrolled_on": [row["enrolled_on"] for row in rows.values()],
        "until": [row["until"] for row in rows.values()],
    }
    return _write(pa.table(columns, schema=ENROLMENTS), out_dir / ENROLMENTS_FOLDER / f"{policy}.parquet")


def _write(table: pa.Table, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")
    return path
