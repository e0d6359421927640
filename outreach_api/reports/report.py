"""A report as values: figures, and tables whose rows are counted from the same snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from outreach_api.reports.definitions import COLUMNS, FIGURES, Unit

Cell = str | int | float | None
"""None is a number that there is not, or that this reader is not shown."""


class Kind(StrEnum):
    CAMPAIGN = "campaign"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True)
class Table:
    """`additive` columns of a row sum to its `newly_matched`; rows of every count column sum to `sums`, and where rows
    are `grouped` by a column, those of each group sum to a figure shown elsewhere."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sums: tuple[Cell, ...] | None = None
    additive: tuple[str, ...] = ()
    grouped: str | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    """What the rows have in common beside the report's span: the days `since` and `until`, the instant `made`."""

    def column(self, name: str) -> list[Cell]:
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def dicts(self) -> list[dict[str, Cell]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def is_count(self, column: str) -> bool:
        return COLUMNS[column][2] is Unit.COUNT


@dataclass(frozen=True)
class Report:
    kind: Kind
    as_of: datetime
    since: date
    until: date
    policy_id: str | None
    figures: Mapping[str, float | None]
    tables: Mapping[str, Table]
    suppressed: bool = False
    """Small cells are withheld from this reader."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Policy id → its name in Chinese."""

    def as_json(self) -> dict[str, Any]:
        """The machine's form: the names here are those of the definitions."""
        return {
            "report": self.kind.value,
            "policy": self.policy_id,
            "as_of": self.as_of.isoformat(),
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "suppressed": self.suppressed,
            "figures": dict(self.figures),
            "tables": {
                name: {"columns": list(table.columns), "rows": [list(row) for row in table.rows], "sums": table.sums}
                for name, table in self.tables.items()
            },
            "definitions": {
                name: {"zh": FIGURES[name].zh, "en": FIGURES[name].en, "formula": FIGURES[name].formula_en}
                for name in self.figures
            },
        }
