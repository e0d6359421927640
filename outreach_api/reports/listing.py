"""The list behind a figure, masked, with the same filters as the tables of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import select

from models.column_types import key_ring
from models.resident import Phone, Resident, ResidentPhone
from models.session import Sessions
from outreach_api.privacy.masking import mask_name, mask_phone
from outreach_api.privacy.sight import current_sight
from outreach_api.reports.lists import LISTS, NAMED, ListKind, has_span, kind_of
from outreach_api.reports.phases import PHASE_OF, Phase
from outreach_api.reports.snapshot import SEEN, Snapshot, take_sealed


@dataclass(frozen=True)
class Filters:
    """Which rows: a policy, a figure, groups, a phase, and the report's span. Nothing chosen is every match."""

    policy: str | None = None
    figure: str | None = None
    phase: Phase | None = None
    groups: Mapping[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Instants in UTC without saying so, as the snapshot has them; only for lists of what happened."""

    @property
    def kind(self) -> ListKind:
        return kind_of(self.figure)

    def condition(self) -> tuple[str, dict[str, Any]]:
        """SQL and its parameters; names are of our own, values are never in the text."""
        kind = self.kind
        parts = ["TRUE"]
        values: dict[str, Any] = {}
        if self.policy:
            parts.append(kind.of_policy)
            values["policy"] = self.policy
        if self.figure:
            parts.append(LISTS[self.figure][1])
            given = {"policy": self.policy, **{name: (self.groups or {}).get(name) for name in NAMED}}
            values |= {name: value for name, value in given.items() if f"${name}" in parts[-1]}
        if self.phase:
            states = ", ".join(f"'{state}'" for state, of in PHASE_OF.items() if of is self.phase)
            parts.append(f"m.state IN ({states})")
        for name, value in (self.groups or {}).items():
            if name in kind.groups:
                parts.append(f"COALESCE({kind.groups[name]}, '') = ${name}")
                values[name] = value
            elif name == "answer" and "answer" in kind.columns:
                # An answer to a multi question holds several codes.
                parts.append("list_contains(string_split(m.answer, ','), $answer)")
                values[name] = value
        if kind.spans:
            parts.append("($since IS NULL OR m.at >= $since) AND ($until IS NULL OR m.at < $until)")
        if has_span(self.figure):
            values |= {"since": self.since, "until": self.until}
        return " AND ".join(parts + self._seen()), values

    def _seen(self) -> list[str]:
        """Only what is there for who looks; the snapshot knows it by number."""
        if current_sight().is_whole:
            return []
        named = ["resident_id", *(name for name in self.kind.columns if name in SEEN and name != "resident_id")]
        return [f"m.{name} IN (SELECT id FROM seen_{SEEN[name].__tablename__})" for name in named]

    def stored(self) -> dict[str, Any]:
        chosen: dict[str, str | None] = {
            "policy": self.policy,
            "figure": self.figure,
            "phase": self.phase.value if self.phase else None,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }
        return {name: value for name, value in chosen.items() if value} | dict(self.groups or {})


def count_rows(con: Snapshot, filters: Filters) -> int:
    condition, values = filters.condition()
    found = con.execute(f"SELECT COUNT(*) FROM ({filters.kind.source}) m WHERE {condition}", values or None).fetchone()
    return int(found[0]) if found else 0


def page_of(con: Snapshot, sessions: Sessions, filters: Filters, *, start: int, rows: int) -> list[dict[str, Any]]:
    """One page of the list; only the people on it are opened, and masked at once."""
    columns = filters.kind.columns
    query, values = _select(filters, {"name": "m.resident_id", "phone": "''"}, page=f"LIMIT {rows} OFFSET {start}")
    found = [dict(zip(columns, row, strict=True)) for row in con.execute(query, values or None).fetchall()]
    people = _masked(sessions, {row["name"] for row in found if row["name"] is not None})
    return [{**row, **people.get(row["name"], {"name": "", "phone": ""})} for row in found]


def _select(
    filters: Filters, who: Mapping[str, str], *, columns: Sequence[str] = (), joins: str = "", page: str = ""
) -> tuple[str, dict[str, Any]]:
    condition, values = filters.condition()
    chosen = columns or filters.kind.columns
    cells = ", ".join(f"{who[name]} AS {name}" if name in who else f"m.{name}" for name in chosen)
    order = f"m.{filters.kind.columns[0]}, m.at"
    query = f"SELECT {cells} FROM ({filters.kind.source}) m {joins} WHERE {condition} ORDER BY {order} {page}"
    return query, values


def _masked(sessions: Sessions, resident_ids: set[int]) -> dict[int, dict[str, str]]:
    with sessions.read() as session:
        names = session.execute(select(Resident.id, Resident.name).where(Resident.id.in_(resident_ids))).all()
        phones = session.execute(
            select(ResidentPhone.resident_id, Phone.number)
            .join(Phone, Phone.id == ResidentPhone.phone_id)
            .where(ResidentPhone.resident_id.in_(resident_ids))
            .order_by(ResidentPhone.rank.desc())
        )
        numbers = dict(phones.all())
    return {key: {"name": mask_name(name), "phone": mask_phone(numbers.get(key))} for key, name in names}


def put_list(con: Snapshot, sessions: Sessions, filters: Filters, columns: Sequence[str] = ()) -> int:
    """Lay the whole masked list out as the table `listed`, for a file; how many rows. Without `columns` it has all."""
    take_sealed(con, sessions)
    _mask_column(con, "resident", "name", mask_name)
    _mask_column(con, "phone", "number", mask_phone)
    query, values = _select(
        filters,
        {"name": "COALESCE(n.masked, '')", "phone": "COALESCE(p.masked, '')"},
        columns=columns,
        joins="""LEFT JOIN masked_resident n ON n.id = m.resident_id
  LEFT JOIN (SELECT resident_id, arg_min(phone_id, rank) AS phone_id FROM resident_phone GROUP BY 1) r
    ON r.resident_id = m.resident_id
  LEFT JOIN masked_phone p ON p.id = r.phone_id""",
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE listed AS {query}", values or None)
    found = con.execute("SELECT COUNT(*) FROM listed").fetchone()
    return int(found[0]) if found else 0


def _mask_column(con: Snapshot, table: str, column: str, mask: Callable[[str], str]) -> None:
    """Open each sealed value and keep only its masked form; what is written down never holds more."""
    ring, context = key_ring(), f"{table}.{column}"
    sealed = con.sql(f'SELECT id, "{column}" FROM sealed_{table}').to_arrow_table()
    shown = pa.chunked_array(
        [
            [mask(value) for value in ring.open_many(part.to_pylist(), context=context)]
            for part in sealed.column(1).chunks
        ],
        pa.string(),
    )
    masked = pa.table({"id": sealed.column(0), "masked": shown})
    con.register("masked_rows", masked)
    con.execute(f"CREATE OR REPLACE TEMP TABLE masked_{table} AS SELECT * FROM masked_rows")
    con.unregister("masked_rows")
    con.execute(f"DROP TABLE sealed_{table}")
