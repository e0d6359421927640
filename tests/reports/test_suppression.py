"""What a reader without access to cases cannot find out, neither directly nor by subtraction."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from outreach_api.privacy.small_cells import SMALLEST_SHOWN
from outreach_api.reports.report import Report, Table
from outreach_api.reports.suppression import suppress, suppress_table

CELLS = st.integers(0, 40)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    rows = draw(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8))
    made = tuple((f"社区{n}", sum(row), *row) for n, row in enumerate(rows))
    sums = (None, sum(map(sum, rows)), *(sum(row[place] for row in rows) for place in range(3)))
    return Table("by_community", ("community", "newly_matched", "waiting", "done", "closed"), made, sums, ADDITIVE)


ADDITIVE = ("waiting", "done", "closed")


@settings(max_examples=150, deadline=None)
@given(tables())
def test_no_small_cell_is_shown_or_follows_from_a_sum(table: Table) -> None:
    shown = suppress_table(table)
    for row in shown.rows:
        assert not any(isinstance(cell, int) and 0 < cell < SMALLEST_SHOWN for cell in row)
    for column in range(1, 5):
        assert shown.sums is not None
        if shown.sums[column] is not None:
            _is_not_given_away([row[column] for row in table.rows], [row[column] for row in shown.rows])
    for before, after in zip(table.rows, shown.rows, strict=True):
        _is_not_given_away(list(before[1:]), list(after[1:]))


def _is_not_given_away(before: list[object], after: list[object]) -> None:
    hidden = [int(str(was)) for was, now in zip(before, after, strict=True) if now is None]
    if hidden and len(hidden) < len(before):
        assert len(hidden) > 1
    left = [now for now in after if now]
    if hidden and left:
        assert sum(hidden) >= SMALLEST_SHOWN


def test_rates_of_withheld_counts_go_with_them(report: Report) -> None:
    shown = suppress(report)
    assert shown.suppressed
    for row, hidden in zip(report.tables["equity"].rows, shown.tables["equity"].rows, strict=True):
        if any(cell is None for cell in hidden):
            assert not any(isinstance(cell, float) for cell in hidden), row


def test_day_by_day_figures_are_left_out(report: Report) -> None:
    assert "curve" in report.tables
    assert not {"curve", "confused", "deliverability"} & set(suppress(report).tables)
