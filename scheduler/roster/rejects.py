"""The rejects file: every row or cell that could not be taken, why, and what to do.

Identifiers are in it only as a blind index (to find the person again) and inside the sealed original row.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from models.crypto import KeyRing
from scheduler.roster.faults import IN_WORDS, RowFault

COLUMNS = ("source", "row", "column", "code", "reason", "what_to_do", "outcome", "id_index", "sealed_row")
ROW_CONTEXT = "reject.row"
# A spreadsheet runs a cell that starts like this; file names and headings come from outside.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Outcome(StrEnum):
    """What became of the row."""

    ROW_REJECTED = "row_rejected"
    VALUE_DROPPED = "value_dropped"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Reject:
    source: str
    row: int
    column: str
    fault: RowFault
    outcome: Outcome
    cells: Sequence[str] = field(default=(), repr=False)
    id_number: str | None = field(default=None, repr=False)


class RejectSink(Protocol):
    def add(self, reject: Reject) -> None: ...


@dataclass
class RejectList:
    """Keeps rejects in memory, for small feeds."""

    kept: list[Reject] = field(default_factory=list)

    def add(self, reject: Reject) -> None:
        self.kept.append(reject)


def write_rejects(rejects: Iterable[Reject], path: Path, keyring: KeyRing) -> None:
    with Rejects(path, keyring) as file:
        for reject in rejects:
            file.add(reject)


@dataclass
class Rejects:
    """Writes rejects as they come and counts them by source and outcome."""

    path: Path
    keyring: KeyRing
    counts: Counter[tuple[str, Outcome]] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        self._file = self.path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, reject: Reject) -> None:
        self.counts[reject.source, reject.outcome] += 1
        reason, remedy = IN_WORDS[reject.fault]
        index = self.keyring.blind_index(reject.id_number, kind="id_number") if reject.id_number else ""
        sealed = self.keyring.seal(json.dumps(list(reject.cells), ensure_ascii=False), context=ROW_CONTEXT)
        row = (reject.source, reject.row, reject.column, reject.fault, reason, remedy, reject.outcome, index, sealed)
        self._writer.writerow([_as_text(cell) for cell in row])

    def of(self, source: str, outcome: Outcome) -> int:
        return self.counts[source, outcome]


def _as_text(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
