"""A district's population as an import leaves it, made by DuckDB in seconds: only matching is measured on it.

Every field that a rule asks for is there, so that no rule is cheap for lack of data. Values are drawn from what rules
and the field catalogue name; a tenth is missing. Nearly everybody who is eligible is enrolled already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from models.crypto import KeyRing
from scheduler.policies.card import PolicyCard
from scheduler.roster.people import CONTEXTS, PEOPLE_FILE
from scheduler.roster.registers import ENROLMENTS_FOLDER
from scheduler.rules.derive import DERIVED_FROM
from scheduler.rules.fields import FIELDS, Field, FieldType
from scheduler.rules.rule import clauses

MISSING_IN_A_HUNDRED = 10
OLDEST = date(1921, 1, 1)
ROW_GROUP = 122_880


def write_people(folder: Path, cards: Iterable[PolicyCard], ring: KeyRing, *, residents: int, as_of: date) -> None:
    """One row a person. The sealed values are one value for all: nobody opens more than a few of them."""
    named = {name: values for name, values in _values(cards).items() if name not in DERIVED_FROM}
    named.update({source: named.get(source, []) for sources in DERIVED_FROM.values() for source in sources})
    columns = [f"{_drawn(FIELDS[name], values, as_of)} AS {name}" for name, values in sorted(named.items())]
    sealed = [f"'{ring.seal(_plain(name), context=context)}' AS {name}_sealed" for name, context in CONTEXTS.items()]
    fixed = ["'东门街道' AS street", "'湖贝社区' AS community", "NULL::STRUCT(phone VARCHAR) AS source_of"]
    absent = [] if "sex" in named else ["NULL::VARCHAR AS sex"]
    selected = ["md5('p' || i) AS person_key", "md5('t' || i) AS phone_index", *sealed, *fixed, *absent, *columns]
    _copy(f"SELECT {', '.join(selected)} FROM range({residents}) AS r(i)", folder / PEOPLE_FILE)  # noqa: S608


def write_enrolments(folder: Path, eligible: Mapping[str, str], *, missed_in: int) -> None:
    """Everybody whom a query finds eligible is enrolled, except one of `missed_in`."""
    (folder / ENROLMENTS_FOLDER).mkdir(exist_ok=True)
    for policy_id, query in eligible.items():
        listed = f"SELECT person_key, DATE '2024-01-01' AS enrolled_on, NULL::DATE AS until FROM ({query})"  # noqa: S608
        not_missed = f"{listed} WHERE hash(person_key, '{policy_id}') % {missed_in} <> 0"
        _copy(not_missed, folder / ENROLMENTS_FOLDER / f"{policy_id}.parquet")


def change_people(old: Path, new: Path, *, one_in: int) -> None:
    """The next import: of one person in so many the birth date moved by ten years, as a corrected record would."""
    moved = f"CASE WHEN hash(person_key) % {one_in} = 0 THEN birth_date + INTERVAL 10 YEAR ELSE birth_date END::DATE"
    people = f"read_parquet('{old / PEOPLE_FILE}')"
    _copy(f"SELECT * REPLACE ({moved} AS birth_date) FROM {people}", new / PEOPLE_FILE)  # noqa: S608


def _copy(query: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # In whatever order: to keep one, twenty million people would have to wait for each other on the disk.
    given: dict[str, Any] = {
        "memory_limit": "1GB",
        "preserve_insertion_order": "false",
        "temp_directory": str(path.parent / "spill"),
    }
    with duckdb.connect(":memory:", config=given) as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})")


def _values(cards: Iterable[PolicyCard]) -> dict[str, list[object]]:
    """What rules compare each field with."""
    found: dict[str, list[object]] = {}
    for card in cards:
        for clause in clauses(card.rule):
            known = found.setdefault(clause.field, [])
            known += [value for value in clause.values if value not in known]
    return found


def _drawn(field: Field, values: list[object], as_of: date) -> str:
    dice = f"hash(i, '{field.name}')"
    drawn = _of_type(field, values, as_of, f"({dice} // 100)")
    return f"CASE WHEN {dice} % 100 < {MISSING_IN_A_HUNDRED} THEN NULL ELSE {drawn} END"


def _of_type(field: Field, values: list[object], as_of: date, dice: str) -> str:
    match field.type:
        case FieldType.BOOL:
            return f"({dice} % 2 = 0)"
        case FieldType.DATE:
            days = (as_of - OLDEST).days if field.name == "birth_date" else 3650
            return f"(DATE '{as_of}' - ({dice} % {days})::INTEGER)"
        case FieldType.CODE:
            codes = sorted(field.codes) or sorted(map(str, values)) or ["x"]
            return f"([{', '.join(repr(code) for code in codes)}])[1 + ({dice} % {len(codes)})::INTEGER]"
        case _:
            numbers = [float(value) for value in values if isinstance(value, int | float)]
            most = round(2 * max(numbers, default=50.0)) + 1
            return f"({dice} % {most})::{'BIGINT' if field.type is FieldType.INT else 'DOUBLE'}"


def _plain(name: str) -> str:
    return {"id_number": "440303195001010018", "name": "陈秀兰", "phone": "+8613800000001"}.get(name, "湖贝路1号")
