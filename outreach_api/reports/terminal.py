"""A report in the terminal: figures, tables, and plots made of block characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table as Grid
from rich.text import Text

from outreach_api.reports.definitions import COLUMNS
from outreach_api.reports.report import Cell, Kind, Report, Table
from outreach_api.reports.words import Words

BAR_WIDTH = 36
SPARKS = "▁▂▃▄▅▆▇█"
HEADLINES = {
    Kind.CAMPAIGN: (
        "newly_matched", "told", "arrived", "answered", "interested", "done", "uptake_before", "uptake_now",
        "person_times", "persons_told", "days_to_application", "minutes_per_done", "labour_ratio", "fallback_rate",
    ),
    Kind.DAILY: ("sent", "delivered", "inbound", "cases_opened", "cases_settled", "cases_on_time", "opt_outs", "done"),
    Kind.WEEKLY: ("sent", "delivered", "inbound", "cases_opened", "cases_settled", "cases_on_time", "opt_outs", "done"),
}  # fmt: skip
FUNNEL = ("newly_matched", "told", "arrived", "answered", "interested", "done")
LONGEST = 15


def shown(report: Report, words: Words) -> Iterator[RenderableType]:
    """The parts of the report from top to bottom."""
    yield Panel(_figures(report, words), title=title(report, words), title_align="left")
    yield _funnel(report, words)
    if "curve" in report.tables and report.tables["curve"].rows:
        yield _curve(report.tables["curve"], words)
    for name, table in report.tables.items():
        if table.rows and name != "curve":
            yield _table(table, words)


def title(report: Report, words: Words) -> str:
    what = report.names.get(report.policy_id or "", report.policy_id or "")
    kinds = {
        Kind.CAMPAIGN: (f"活动报告 · {what}", f"Campaign report · {report.policy_id}"),
        Kind.DAILY: ("日报", "Daily report"),
        Kind.WEEKLY: ("周报", "Weekly report"),
    }
    span = f"{report.since} – {report.until}" if report.since != report.until else f"{report.until}"
    return f"{kinds[report.kind][words.place]}  {span}"


def _figures(report: Report, words: Words) -> RenderableType:
    grid = Grid.grid(padding=(0, 3))
    cells = [
        Text.assemble((words.value(name, report.figures[name]), "bold"), " ", (words.figure(name), "dim"))
        for name in HEADLINES[report.kind]
        if name in report.figures
    ]
    for start in range(0, len(cells), 3):
        grid.add_row(*cells[start : start + 3])
    return grid


def _funnel(report: Report, words: Words) -> RenderableType:
    whole = report.figures.get("newly_matched") or 1
    grid = Grid.grid(padding=(0, 1))
    for name in FUNNEL:
        value = report.figures.get(name)
        bar = Bar(whole, 0, value or 0, width=BAR_WIDTH, color="cyan")
        grid.add_row(words.figure(name), bar, words.value(name, value))
    return grid


def _curve(table: Table, words: Words) -> RenderableType:
    days = table.column("day")
    lines: list[RenderableType] = [Text(f"{words.table('curve')}  {days[0]} – {days[-1]}", style="bold")]
    for name in ("told", "done", "cumulative"):
        values = [float(value) if isinstance(value, int | float) else 0 for value in table.column(name)]
        lines.append(Text(f"{words.column(name):　<6} {sparkline(values)}  max {max(values):,.0f}"))
    return Group(*lines)


def sparkline(values: Sequence[float]) -> str:
    """One sign a value, its height by its size."""
    top = max(values, default=0) or 1
    return "".join(" " if value <= 0 else SPARKS[min(7, int(value / top * 7.999))] for value in values)


def _table(table: Table, words: Words) -> RenderableType:
    grid = Grid(
        title=words.table(table.name), title_justify="left", caption=words.note(table.name) or None, pad_edge=False
    )
    grid.caption_justify = "left"
    for column in table.columns:
        grid.add_column(words.column(column), justify="right" if COLUMNS[column][2] else "left")
    for row in table.rows[:LONGEST]:
        grid.add_row(*_cells(table.columns, row, words))
    if len(table.rows) > LONGEST:
        grid.add_row(f"… +{len(table.rows) - LONGEST}")
    if table.sums is not None:
        grid.add_section()
        sums = [
            words.cell(c, cell) if cell is not None else "" for c, cell in zip(table.columns, table.sums, strict=True)
        ]
        grid.add_row("∑", *sums[1:])
    return grid


def _cells(columns: Sequence[str], row: Sequence[Cell], words: Words) -> list[str]:
    return [words.cell(column, cell) for column, cell in zip(columns, row, strict=True)]
