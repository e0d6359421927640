"""`firms.parquet`, one row a firm in the columns that a person has, and its own beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.crypto import KeyRing
from scheduler.roster.cleaned import CleanBatch
from scheduler.roster.feed import CREDIT_CODE, feeds
from scheduler.roster.people import CONTEXTS, PEOPLE
from scheduler.roster.registers import ARROW, row_keys
from scheduler.rules.fields import FIELDS

FIRMS_FILE = "firms.parquet"
FEED = "enterprises"
CLERK_CONTEXT = "enterprise.clerk"
# The words of the registrar, in those that hold for people: nobody is told of anything who is not `present`.
_REGISTRATION = {"present": "present", "moved": "moved", "closed": "deceased"}
_FACTS = [name for name in feeds()[FEED].fields if name in FIELDS and name not in PEOPLE.names]
FIRMS = pa.schema(
    [
        *PEOPLE,
        pa.field(CREDIT_CODE, pa.string(), nullable=False),
        pa.field("clerk_sealed", pa.string()),
        pa.field("size", pa.string()),
        pa.field("industry", pa.string()),
        *(pa.field(name, ARROW[FIELDS[name].type]) for name in _FACTS),
    ]
)

Row = dict[str, Any]


@dataclass(slots=True)
class _Firm:
    """What the records so far say of a firm. Of two that disagree the newer is believed, then the later one."""

    values: Row
    records: int = 1

    def take(self, row: Row) -> None:
        newer = _age_of(row) >= _age_of(self.values)
        first, second = (row, self.values) if newer else (self.values, row)
        merged = {name: second.get(name) if first.get(name) is None else first[name] for name in {*first, *second}}
        if first.get("phone") is not None:
            # A number without a name is not the clerk's of an older record.
            merged["clerk"] = first.get("clerk")
        self.values = merged
        self.records += 1


class Firms:
    """Records of firms, put together by credit code."""

    def __init__(self, keyring: KeyRing) -> None:
        self._keyring = keyring
        self._firms: dict[str, _Firm] = {}

    def __len__(self) -> int:
        return len(self._firms)

    def take(self, batch: CleanBatch) -> None:
        columns = zip(*batch.fields.values(), strict=True)
        for key, cells in zip(row_keys(batch, self._keyring), columns, strict=True):
            row: Row = dict(zip(batch.fields, cells, strict=True))
            if key in self._firms:
                self._firms[key].take(row)
            else:
                self._firms[key] = _Firm(row)

    def write(self, out_dir: Path) -> Path:
        path = out_dir / FIRMS_FILE
        rows = [self._row(key, firm) for key, firm in sorted(self._firms.items())]
        pq.write_table(pa.Table.from_pylist(rows, schema=FIRMS), path, compression="zstd")
        return path

    def _row(self, key: str, firm: _Firm) -> Row:
        values = firm.values
        sealed = {f"{name}_sealed": self._sealed(values.get(name), context) for name, context in _contexts()}
        phone = values.get("phone")
        plain = {name: values.get(name) for name in ("street", "community", "size", "industry", CREDIT_CODE, *_FACTS)}
        return {
            **sealed,
            **plain,
            "person_key": key,
            "phone_index": None if phone is None else self._keyring.blind_index(phone, kind="phone"),
            "registration": _REGISTRATION.get(str(values.get("operating_state"))),
            "records": firm.records,
            "source_of": {"phone": FEED},
        }

    def _sealed(self, value: str | None, context: str) -> str | None:
        return None if value is None else self._keyring.seal(value, context=context)


def _contexts() -> Iterable[tuple[str, str]]:
    yield from ((name, context) for name, context in CONTEXTS.items() if name != "id_number")
    yield "clerk", CLERK_CONTEXT


def _age_of(row: Mapping[str, Any]) -> date:
    updated: date | None = row.get("updated_on")
    return updated or date.min
