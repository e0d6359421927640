"""A report as XLSX: a sheet of figures, one for each table with a chart where it helps, and the definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from outreach_api.reports.definitions import COLUMNS, FIGURES, Unit
from outreach_api.reports.plain_cells import harmless
from outreach_api.reports.report import Cell, Report, Table
from outreach_api.reports.terminal import title
from outreach_api.reports.words import WITHHELD, Words

FORMATS: dict[Unit, str] = {
    Unit.COUNT: "#,##0",
    Unit.SHARE: "0.0%",
    Unit.NUMBER: "#,##0.0",
    Unit.DAYS: "#,##0.0",
    Unit.MINUTES: "#,##0.0",
    Unit.POINTS: "+0.0%;-0.0%",
}
HEAD = PatternFill("solid", fgColor="E3EEEB")
BOLD = Font(bold=True)
# Table → first and last column of its bars; a line chart for days.
CHARTED = {
    "outcomes": ("count", "count"),
    "by_community": ("waiting", "closed"),
    "by_age_band": ("waiting", "closed"),
    "attribution": ("count", "count"),
}


def write_xlsx(report: Report, path: Path, *, zh: bool) -> None:
    words = Words(report, zh=zh)
    book = Workbook()
    _figures(book.active, report, words)
    for table in report.tables.values():
        if table.rows:
            _table(book.create_sheet(words.table(table.name)[:31]), table, words)
    _definitions(book.create_sheet("口径" if zh else "Definitions"), report, words)
    book.save(path)


def _figures(sheet: Worksheet, report: Report, words: Words) -> None:
    sheet.title = "指标" if words.zh else "Figures"
    sheet.append([title(report, words)])
    sheet["A1"].font = Font(bold=True, size=14)
    _heading(sheet, ["指标", "数值"] if words.zh else ["Figure", "Value"])
    for name, value in report.figures.items():
        sheet.append([words.figure(name), WITHHELD if value is None else value])
        _format(sheet.cell(sheet.max_row, 2), FIGURES[name].unit)
    _widths(sheet, [34, 16])


def _table(sheet: Worksheet, table: Table, words: Words) -> None:
    _heading(sheet, [words.column(column) for column in table.columns])
    for row in table.rows:
        sheet.append([_cell(column, cell, words) for column, cell in zip(table.columns, row, strict=True)])
    if table.sums is not None:
        sums = zip(table.columns, table.sums, strict=True)
        sheet.append(["∑", *[cell for _, cell in list(sums)[1:]]])
        for cell in sheet[sheet.max_row]:
            cell.font = BOLD
    for place, column in enumerate(table.columns, start=1):
        unit = COLUMNS[column][2]
        if unit is not None:
            for cell in sheet.iter_cols(min_col=place, max_col=place, min_row=2):
                for one in cell:
                    _format(one, unit)
    _widths(sheet, [24 if COLUMNS[column][2] is None else 13 for column in table.columns])
    sheet.freeze_panes = "B2"
    if words.note(table.name):
        sheet.append([])
        sheet.append([words.note(table.name)])
    _chart(sheet, table, words)


def _chart(sheet: Worksheet, table: Table, words: Words) -> None:
    rows = len(table.rows)
    if table.name == "curve":
        chart: Any = LineChart()
        chart.add_data(Reference(sheet, min_col=2, max_col=4, min_row=1, max_row=rows + 1), titles_from_data=True)
    elif table.name in CHARTED:
        first, last = (table.columns.index(name) + 1 for name in CHARTED[table.name])
        chart = BarChart()
        chart.type, chart.grouping, chart.overlap = "bar", "stacked", 100
        chart.add_data(
            Reference(sheet, min_col=first, max_col=last, min_row=1, max_row=rows + 1), titles_from_data=True
        )
    else:
        return
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=rows + 1))
    chart.title, chart.height, chart.width = words.table(table.name), 9, 18
    sheet.add_chart(chart, f"{get_column_letter(len(table.columns) + 2)}2")


def _definitions(sheet: Worksheet, report: Report, words: Words) -> None:
    _heading(sheet, ["指标", "口径", "数据来源"] if words.zh else ["Figure", "Formula", "Source"])
    for name in report.figures:
        sheet.append([words.figure(name), words.formula(name), FIGURES[name].source])
        for cell in sheet[sheet.max_row]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    _widths(sheet, [30, 70, 30])


def _heading(sheet: Worksheet, words: list[str]) -> None:
    sheet.append(words)
    for cell in sheet[sheet.max_row]:
        cell.font, cell.fill = BOLD, HEAD


def _cell(column: str, cell: Cell, words: Words) -> Cell:
    if COLUMNS[column][2] is None or isinstance(cell, str):
        return harmless(words.code(column, cell) if COLUMNS[column][2] is None else str(cell))
    return WITHHELD if cell is None else cell


def _format(cell: Any, unit: Unit) -> None:
    cell.number_format = FORMATS[unit]
    cell.alignment = Alignment(horizontal="right")


def _widths(sheet: Worksheet, widths: list[int]) -> None:
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
