"""A report for who may not see single people.

A count of 1 to 9 is withheld, and so much beside it that no sum tells; the rest is in whole tens, so that no other
report, date or breakdown tells either (`outreach_api/privacy/small_cells.py`). Shares are those of what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from outreach_api.privacy.small_cells import SMALLEST_SHOWN, in_tens, is_small
from outreach_api.reports.definitions import COLUMNS, FIGURES, Unit
from outreach_api.reports.report import Cell, Report, Table

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
# Whose share a rate is.
BASE_OF = {
    "told_rate": "newly_matched", "arrived_rate": "told", "answer_rate": "arrived", "interest_rate": "told",
    "done_rate": "newly_matched", "uptake_before": "eligible", "uptake_now": "eligible", "satisfied_rate": "surveyed",
    "cases_on_time": "cases_settled", "fallback_rate": "inbound", "handover_rate": "inbound",
    "contacts_per_done": "done",
    "rate": "newly_matched", "missing_rate": "newly_matched", "settled_rate": "opened", "on_time_rate": "settled",
    "response_rate": "invited", "treated_rate": "treated", "waiting_rate": "waiting_group", "before": "people",
    "after": "people",
}  # fmt: skip
# Columns that are shares of a column's sum, over all rows or over those of one group.
SHARE_OF_SUM: dict[str, tuple[str, str | None]] = {"share": ("count", None), "weighted": ("count", "question")}
# How wide an interval is tells of how many it is.
INTERVALS = frozenset({"share_low", "share_high", "uplift", "uplift_low", "uplift_high"})
# A part and its rest: when one is withheld, so is the other.
RESTS = (("told", "not_told"), ("open", "done"))
COSTS = frozenset({"texts", "text_cost", "calls", "call_cost", "surveys"})

Grid = list[list[Cell]]


def suppress(report: Report) -> Report:
    """The report for a reader who may not see single people."""
    figures = {name: _withheld(name, value) for name, value in report.figures.items()}
    for one, other in RESTS:
        if None in (figures.get(one, 0), figures.get(other, 0)):
            figures |= {name: None for name in (one, other) if name in figures}
    for rate, count in RATE_OF.items():
        if rate in figures and figures.get(count, 0) is None:
            figures[rate] = None
    shown = {name: _figure(name, value, report.figures) for name, value in figures.items()}
    tables = {
        name: table_in_tens(table, suppress_table(_without_facts(table, figures)))
        for name, table in report.tables.items()
        if name not in NEVER_SHOWN
    }
    # To the second it would tell of the last thing that somebody did.
    as_of = report.as_of.replace(minute=0, second=0, microsecond=0)
    return replace(report, as_of=as_of, figures=shown, tables=tables, suppressed=True)


def _withheld(name: str, value: float | None) -> float | None:
    return None if FIGURES[name].unit is Unit.COUNT and is_small(value) else value


def _figure(name: str, value: float | None, exact: Mapping[str, float | None]) -> float | None:
    if value is None:
        return None
    if FIGURES[name].unit is Unit.COUNT:
        return in_tens(value)
    return _share(value, exact.get(BASE_OF[name])) if name in BASE_OF else float(value // 1)


def _share(share: float, base: Cell) -> float | None:
    """The share as it follows from counts in tens."""
    if not isinstance(base, int | float):
        return None
    part, whole = in_tens(round(share * base)), in_tens(base)
    return part / whole if part is not None and whole else None


def table_in_tens(exact: Table, shown: Table) -> Table:
    """What is left of a table in whole tens; its shares as they follow from those."""
    rows = tuple(
        tuple(_cell(exact, r, name, cell) for name, cell in zip(shown.columns, row, strict=True))
        for r, row in enumerate(shown.rows)
    )
    sums = shown.sums and tuple(in_tens(cell) if isinstance(cell, int | float) else cell for cell in shown.sums)
    return replace(shown, rows=rows, sums=sums)


def _cell(exact: Table, r: int, name: str, cell: Cell) -> Cell:
    if not isinstance(cell, int | float) or COLUMNS[name][2] is None:
        return cell
    if name in INTERVALS:
        return None
    row = dict(zip(exact.columns, exact.rows[r], strict=True))
    if name in SHARE_OF_SUM:
        count, group = SHARE_OF_SUM[name]
        alike = [one for one in exact.dicts() if group is None or one[group] == row[group]]
        return _share(cell, sum(int(one[count] or 0) for one in alike))
    return _share(cell, row[BASE_OF[name]]) if name in BASE_OF else in_tens(cell)


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
    """As it is shown: which cells go must not depend on what is withheld, or it would tell of it."""
    value = table.rows[cell[0]][cell[1]]
    return (in_tens(value) or 0) if isinstance(value, int | float) else 0


def _row(table: Table, r: int, hidden: set[tuple[int, int]], counts: Sequence[int]) -> tuple[Cell, ...]:
    """A row with a hidden cell keeps no rate: the rate would give the cell back."""
    gone = any((r, c) in hidden for c in counts)
    return tuple(
        None if (r, c) in hidden or (gone and isinstance(cell, float)) else cell for c, cell in enumerate(table.rows[r])
    )
