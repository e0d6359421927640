"""Small cells: a count of 1 to 9 could be a neighbour. It is withheld, and so much beside it that no sum tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from outreach_api.reports.definitions import COLUMNS, FIGURES, Unit
from outreach_api.reports.report import Cell, Report, Table

SMALLEST_SHOWN = 10
# Day by day and word by word everything is small; sums over them would tell the rest.
NEVER_SHOWN = frozenset({"curve", "confused", "deliverability", "labour", "year_on_year", "forecast_days"})
# Rates that would give a withheld count back.
RATE_OF = {
    "told_rate": "told", "arrived_rate": "arrived", "answer_rate": "answered", "interest_rate": "interested",
    "done_rate": "done", "satisfied_rate": "surveyed", "contacts_per_done": "done", "uptake_now": "done",
    "minutes_per_done": "done",
    "manual_minutes_per_done": "done", "days_to_application": "done", "cases_on_time": "cases_settled",
    "labour_ratio": "done",
}  # fmt: skip
# A part and its rest: when one is withheld, so is the other.
RESTS = (("told", "not_told"), ("open", "done"))
COSTS = frozenset({"texts", "text_cost", "calls", "call_cost", "surveys"})

Grid = list[list[Cell]]


def is_small(cell: Cell) -> bool:
    return isinstance(cell, int | float) and 0 < cell < SMALLEST_SHOWN


def suppress(report: Report) -> Report:
    """The report for a reader who may not see single people."""
    figures = {name: _figure(name, value) for name, value in report.figures.items()}
    for one, other in RESTS:
        if None in (figures.get(one, 0), figures.get(other, 0)):
            figures |= {name: None for name in (one, other) if name in figures}
    for rate, count in RATE_OF.items():
        if rate in figures and figures.get(count, 0) is None:
            figures[rate] = None
    tables = {
        name: suppress_table(_without_facts(table, figures))
        for name, table in report.tables.items()
        if name not in NEVER_SHOWN
    }
    return replace(report, figures=figures, tables=tables, suppressed=True)


def _figure(name: str, value: float | None) -> float | None:
    return None if FIGURES[name].unit is Unit.COUNT and is_small(value) else value


def _without_facts(table: Table, figures: Mapping[str, float | None]) -> Table:
    """A forecast keeps what was expected; facts go where they are small, or where the like of them was withheld."""
    if table.name != "forecast":
        return table
    gone = any(figures.get(name, 0) is None for name in ("done", "answered", "told", "person_times"))
    fact, within = table.columns.index("fact"), table.columns.index("within")
    withheld = {fact: None, within: None}
    # What all of it cost would give away the part that is withheld.
    parts = [row[fact] for row in table.rows if row[0] in COSTS]
    sum_tells = any(map(is_small, parts))
    return replace(
        table,
        rows=tuple(
            tuple(withheld.get(c, cell) for c, cell in enumerate(row))
            if gone or is_small(row[fact]) or (sum_tells and row[0] == "cost")
            else row
            for row in table.rows
        ),
    )


def suppress_table(table: Table) -> Table:
    """Withhold small counts, then more until in every line that sums to something shown at least ten are hidden."""
    counts = [place for place, name in enumerate(table.columns) if COLUMNS[name][2] is Unit.COUNT]
    hidden = {(r, c) for r, row in enumerate(table.rows) for c in counts if is_small(row[c])}
    lines = list(_lines(table, counts))
    while more := next((cell for line in lines if (cell := _one_more(table, line, hidden))), None):
        hidden.add(more)
    rows = tuple(_row(table, r, hidden, counts) for r in range(len(table.rows)))
    small_sums = tuple(None if is_small(cell) else cell for cell in table.sums) if table.sums else None
    return replace(table, rows=rows, sums=small_sums)


def _lines(table: Table, counts: Sequence[int]) -> Iterable[list[tuple[int, int]]]:
    """Sets of cells whose sum is known: a column of a table with sums, and the additive cells of a row."""
    if table.sums is not None:
        for column in counts:
            yield [(row, column) for row in range(len(table.rows))]
    if table.grouped is not None:
        kinds = table.column(table.grouped)
        for column in counts:
            for kind in dict.fromkeys(kinds):
                yield [(row, column) for row, own in enumerate(kinds) if own == kind]
    if table.additive:
        places = [table.columns.index(name) for name in ("newly_matched", *table.additive)]
        for row in range(len(table.rows)):
            yield [(row, column) for column in places]


def _one_more(table: Table, line: Sequence[tuple[int, int]], hidden: set[tuple[int, int]]) -> tuple[int, int] | None:
    """The next cell to hide so that what is hidden in this line is not given away by its sum."""
    gone = [cell for cell in line if cell in hidden]
    if not gone:
        return None
    amount = sum(_value(table, cell) for cell in gone)
    if len(gone) > 1 and amount >= SMALLEST_SHOWN:
        return None
    left = [cell for cell in line if cell not in hidden and _value(table, cell) > 0]
    left = left or [cell for cell in line if cell not in hidden]
    return min(left, key=lambda cell: _value(table, cell), default=None)


def _value(table: Table, cell: tuple[int, int]) -> int:
    value = table.rows[cell[0]][cell[1]]
    return int(value) if isinstance(value, int | float) else 0


def _row(table: Table, r: int, hidden: set[tuple[int, int]], counts: Sequence[int]) -> tuple[Cell, ...]:
    """A row with a hidden cell keeps no rate: the rate would give the cell back."""
    gone = any((r, c) in hidden for c in counts)
    return tuple(
        None if (r, c) in hidden or (gone and isinstance(cell, float)) else cell for c, cell in enumerate(table.rows[r])
    )
