"""Several sources' records merged to one person each, in DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from models.id_number import IdNumber
from scheduler.roster.cleaned import CleanBatch
from scheduler.roster.feed import RosterFile, precedence

MEMORY_LIMIT = "1GB"
PERSON_BATCH = 25_000
PEOPLE_A_PART = 100_000
"""People are put together so many at a time: choosing among the records of all at once would not fit in memory."""

PLAIN_FIELDS: dict[str, pa.DataType] = {
    "birth_date": pa.date32(),
    "sex": pa.string(),
    "hukou": pa.string(),
    "street": pa.string(),
    "community": pa.string(),
    "living_alone": pa.bool_(),
    "resident_since": pa.date32(),
    "marital_status": pa.string(),
    "registration": pa.string(),
}
SEALED_FIELDS = ("name", "phone", "address")
MERGED_FIELDS = {name: pa.string() for name in SEALED_FIELDS} | PLAIN_FIELDS

_STAGED = pa.schema(
    {
        "id_number": pa.string(),
        **MERGED_FIELDS,
        "updated_on": pa.date32(),
        "source": pa.string(),
        "file": pa.string(),
        "row": pa.int64(),
        "merge_key": pa.string(),
        "found_by_name": pa.bool_(),
        "tie": pa.bool_(),
    }
)
_SQL_TYPES = {pa.string(): "VARCHAR", pa.date32(): "DATE", pa.bool_(): "BOOLEAN", pa.int64(): "BIGINT"}

# A record without a number is the person's who shares name, birth date and phone, if that is one person and no more.
_RESOLVE = """
CREATE TABLE resolved AS
WITH nameless AS (SELECT * FROM staged WHERE id_number IS NULL),
known AS (
    SELECT name, birth_date, phone, min(id_number) AS id_number, count(DISTINCT id_number) AS people
    FROM staged
    WHERE id_number IS NOT NULL AND phone IS NOT NULL
      AND (name, birth_date, phone) IN (SELECT (name, birth_date, phone) FROM nameless)
    GROUP BY name, birth_date, phone
)
SELECT nameless.* REPLACE (
    CASE WHEN known.people = 1 THEN known.id_number END AS id_number,
    coalesce(known.people = 1, false) AS found_by_name,
    coalesce(known.people > 1, false) AS tie,
    CASE WHEN known.people = 1 THEN NULL
         ELSE concat_ws('|', nameless.name, nameless.birth_date::VARCHAR, nameless.phone) END AS merge_key)
FROM nameless LEFT JOIN known
  ON known.name = nameless.name AND known.birth_date = nameless.birth_date AND known.phone = nameless.phone;
DELETE FROM staged WHERE id_number IS NULL;
INSERT INTO staged SELECT * FROM resolved;
DROP TABLE resolved;
"""
_PERSON = "coalesce(id_number, merge_key)"


@dataclass(frozen=True, slots=True)
class MergeCounts:
    people: int
    records: int
    found_by_name: int
    ties: int


@dataclass(frozen=True, slots=True)
class Tie:
    file: str
    row: int


class Merge:
    """Take records in, resolve them once, give people out. Spilled data is encrypted and removed."""

    def __init__(self, spill_dir: Path) -> None:
        self._people = 0
        self._connection = duckdb.connect(":memory:")
        self._connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        self._connection.execute("SET temp_file_encryption = true")
        self._connection.execute(f"SET temp_directory = '{str(spill_dir).replace(chr(39), chr(39) * 2)}'")
        self._connection.execute("SET preserve_insertion_order = false")
        columns = ", ".join(f'"{field.name}" {_SQL_TYPES[field.type]}' for field in _STAGED)
        self._connection.execute(f"CREATE TABLE staged ({columns})")

    def close(self) -> None:
        self._connection.close()

    def take(self, batch: CleanBatch, file: RosterFile) -> None:
        records = _records(batch, file)
        self._connection.register("records", records)
        self._connection.execute("INSERT INTO staged SELECT * FROM records")
        self._connection.unregister("records")

    def resolve(self) -> MergeCounts:
        self._connection.execute(_RESOLVE)
        counts = self._one(
            f"SELECT count(DISTINCT {_PERSON}), count(*), "  # noqa: S608 - our own names
            "count(*) FILTER (found_by_name), count(*) FILTER (tie) FROM staged"
        )
        self._people = counts[0]
        return MergeCounts(*counts)

    def ties(self) -> Iterator[Tie]:
        rows = self._connection.execute("SELECT file, row FROM staged WHERE tie ORDER BY file, row").fetchall()
        return (Tie(*row) for row in rows)

    def people(self) -> Iterator[pa.RecordBatch]:
        """Everybody; each field is from the first source in its order of precedence that has it, with its name."""
        values = ", ".join(f"arg_min({name}, {_rank(name)}) AS {name}" for name in MERGED_FIELDS)
        sources = ", ".join(
            f"arg_min(source, {_rank(name)}) FILTER ({name} IS NOT NULL) AS {name}_source" for name in MERGED_FIELDS
        )
        parts = -(-self._people // PEOPLE_A_PART)
        for part in range(parts):
            query = (
                f"SELECT id_number, merge_key, count(*)::INTEGER AS records, {values}, {sources} "  # noqa: S608
                f"FROM staged WHERE hash({_PERSON}) % {parts} = {part} GROUP BY id_number, merge_key"
            )
            yield from self._connection.sql(query).to_arrow_reader(PERSON_BATCH)

    def _one(self, query: str) -> Any:
        return self._connection.execute(query).fetchall()[0]


def _rank(name: str) -> str:
    """Sorts a field's records: source by precedence, then the newest, then the later row."""
    order = precedence().get(name, precedence()["default"])
    ranks = " ".join(f"WHEN '{source}' THEN {rank}" for rank, source in enumerate(order))
    age = "99999 - coalesce(date_diff('day', DATE '1900-01-01', updated_on), 0)"
    return f"((CASE source {ranks} ELSE 9 END) * 1000000000000000 + ({age}) * 10000000000 + (9999999999 - row))"


def _records(batch: CleanBatch, file: RosterFile) -> pa.Table:
    count = len(batch.numbers)
    same_throughout = {"source": file.feed.id, "file": file.path.name}
    columns = []
    for field in _STAGED:
        if field.name == "row":
            columns.append(pa.array(batch.numbers, field.type))
        elif field.name in same_throughout:
            columns.append(pa.repeat(pa.scalar(same_throughout[field.name], field.type), count))
        elif field.name == "id_number":
            numbers = batch.fields.get("id_number", ())
            columns.append(pa.array([n.text if isinstance(n, IdNumber) else None for n in numbers], field.type))
        elif field.name in batch.fields:
            columns.append(pa.array(batch.fields[field.name], field.type))
        else:
            columns.append(pa.nulls(count, field.type))
    return pa.Table.from_arrays(columns, schema=_STAGED)
