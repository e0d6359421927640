"""The list behind a figure, masked: one row a match, with the same filters as the tables of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlalchemy import select

from models.column_types import key_ring
from models.resident import Phone, Resident, ResidentPhone
from models.session import Sessions
from outreach_api.privacy.masking import mask_name, mask_phone
from outreach_api.reports.phases import PHASE_OF, Phase
from outreach_api.reports.snapshot import Snapshot, take_sealed

COLUMNS = (
    "match_id", "policy", "name", "phone", "street", "community", "age_band", "sex", "state", "contacts", "channel",
    "opened_on", "closed_on", "applied_on",
)  # fmt: skip
HEADINGS = {
    "match_id": ("编号", "Match"),
    "policy": ("事项", "Policy"),
    "name": ("姓名", "Name"),
    "phone": ("电话", "Phone"),
    "street": ("街道", "Street"),
    "community": ("社区", "Community"),
    "age_band": ("年龄段", "Age band"),
    "sex": ("性别", "Sex"),
    "state": ("结果", "Outcome"),
    "contacts": ("触达次数", "Contacts"),
    "channel": ("最近渠道", "Last channel"),
    "opened_on": ("发现", "Found on"),
    "closed_on": ("了结", "Closed on"),
    "applied_on": ("申请", "Applied on"),
}
# A figure of a report → the condition that counts it. What is not here has no list of matches behind it.
FIGURE_FILTERS = {
    "newly_matched": "TRUE",
    "told": "contacts > 0",
    "not_told": "contacts = 0",
    "arrived": "arrived = 1",
    "answered": "answered = 1",
    "interested": "interested = 1",
    "done": "done = 1",
    "attended": "state = 'attended'",
    "open": "closed_at IS NULL",
}
GROUPS = ("street", "community", "age_band", "sex", "state", "dialect")


@dataclass(frozen=True)
class Filters:
    """Which matches: a policy, a figure, groups, a phase. Nothing chosen is everything."""

    policy: str | None = None
    figure: str | None = None
    phase: Phase | None = None
    groups: Mapping[str, str] | None = None

    def condition(self) -> tuple[str, dict[str, Any]]:
        """SQL and its parameters; names are of our own, values are never in the text."""
        parts, values = ["TRUE"], {}
        if self.policy:
            parts.append("policy_id = $policy")
            values["policy"] = self.policy
        if self.figure:
            parts.append(FIGURE_FILTERS[self.figure])
        if self.phase:
            states = ", ".join(f"'{state}'" for state, of in PHASE_OF.items() if of is self.phase)
            parts.append(f"state IN ({states})")
        for name, value in (self.groups or {}).items():
            if name in GROUPS:
                parts.append(f"{name} = ${name}")
                values[name] = value
        return " AND ".join(parts), values

    def stored(self) -> dict[str, Any]:
        chosen = {"policy": self.policy, "figure": self.figure, "phase": self.phase and self.phase.value}
        return {name: value for name, value in chosen.items() if value} | dict(self.groups or {})


_SELECT = """
SELECT m.match_id, m.policy_id AS policy, {names}, m.street, m.community, m.age_band, m.sex, m.state, m.contacts,
  m.channel, strftime(m.opened_at, '%Y-%m-%d') AS opened_on, strftime(m.closed_at, '%Y-%m-%d') AS closed_on,
  strftime(m.applied_on, '%Y-%m-%d') AS applied_on
FROM report_match m {joins} WHERE {condition} ORDER BY m.match_id {page}"""


def count_rows(con: Snapshot, filters: Filters) -> int:
    condition, values = filters.condition()
    found = con.execute(f"SELECT COUNT(*) FROM report_match WHERE {condition}", values or None).fetchone()
    return int(found[0]) if found else 0


def page_of(con: Snapshot, sessions: Sessions, filters: Filters, *, start: int, rows: int) -> list[dict[str, Any]]:
    """One page of the list; only the people on it are opened, and masked at once."""
    condition, values = filters.condition()
    query = _SELECT.format(
        names="m.resident_id AS name, '' AS phone", joins="", condition=condition, page=f"LIMIT {rows} OFFSET {start}"
    )
    found = [dict(zip(COLUMNS, row, strict=True)) for row in con.execute(query, values or None).fetchall()]
    people = _masked(sessions, {row["name"] for row in found})
    return [{**row, **people.get(row["name"], {"name": "", "phone": ""})} for row in found]


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


def put_list(con: Snapshot, sessions: Sessions, filters: Filters) -> int:
    """Lay the whole masked list out as the table `listed`, for a file; how many rows."""
    take_sealed(con, sessions)
    _mask_column(con, "resident", "name", mask_name)
    _mask_column(con, "phone", "number", mask_phone)
    condition, values = filters.condition()
    query = _SELECT.format(
        names="n.masked AS name, COALESCE(p.masked, '') AS phone",
        joins="""LEFT JOIN masked_resident n ON n.id = m.resident_id
  LEFT JOIN (SELECT resident_id, arg_min(phone_id, rank) AS phone_id FROM resident_phone GROUP BY 1) r
    ON r.resident_id = m.resident_id
  LEFT JOIN masked_phone p ON p.id = r.phone_id""",
        condition=condition,
        page="",
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE listed AS {query}", values or None)
    found = con.execute("SELECT COUNT(*) FROM listed").fetchone()
    return int(found[0]) if found else 0


def _mask_column(con: Snapshot, table: str, column: str, mask: Callable[[str], str]) -> None:
    """Open each sealed value and keep only its masked form; what is written down never holds more."""
    ring, context = key_ring(), f"{table}.{column}"
    sealed = con.sql(f'SELECT id, "{column}" FROM sealed_{table}').to_arrow_table()
    shown = [mask(ring.open(value, context=context)) for value in sealed.column(1).to_pylist()]
    masked = pa.table({"id": sealed.column(0), "masked": pa.array(shown, pa.string())})
    con.register("masked_rows", masked)
    con.execute(f"CREATE OR REPLACE TEMP TABLE masked_{table} AS SELECT * FROM masked_rows")
    con.unregister("masked_rows")
    con.execute(f"DROP TABLE sealed_{table}")
