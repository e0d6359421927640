"""A report as a PDF that a leader can print: typeset by Typst, with the Chinese font embedded."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typst

from outreach_api.reports.definitions import COLUMNS, FIGURES
from outreach_api.reports.report import Report, Table
from outreach_api.reports.terminal import FUNNEL, HEADLINES, title
from outreach_api.reports.words import WITHHELD, Words

TEMPLATE = Path(__file__).with_name("print.typ")
FONTS = Path(__file__).parent.parent / "web" / "static" / "vendor" / "@embedpdf" / "fonts-sc"
# Enough for a desk; the whole is in the spreadsheet.
LONGEST = 24
STACKED = ("by_policy", "by_street", "by_community", "by_age_band", "by_channel")
PHASE_COLUMNS = ("waiting", "reaching", "willing", "queued", "done", "closed")


class FontMissing(RuntimeError):  # noqa: N818
    """The font for printing was not fetched; says what to do."""


def write_pdf(report: Report, path: Path, *, zh: bool, zone: ZoneInfo) -> None:
    """Typeset the report. The same report gives the same file.

    Raises:
        FontMissing: set-up has not brought the font yet.
    """
    if not any(FONTS.glob("*.otf")):
        raise FontMissing(
            f"{FONTS}: 缺少打印用的中文字体，请运行 ./outreach setup / no font to print with: run ./outreach setup"
        )
    content = json.dumps(_content(report, Words(report, zh=zh), zone), ensure_ascii=False)
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
    compiler = typst.Compiler(str(TEMPLATE), font_paths=fonts, ignore_system_fonts=True, sys_inputs={"report": content})
    compiler.compile(output=str(path), format="pdf", timestamp=report.as_of.astimezone(UTC))


def _content(report: Report, words: Words, zone: ZoneInfo) -> dict[str, Any]:
    as_of = report.as_of.astimezone(zone)
    return {
        "zh": words.zh,
        "title": title(report, words),
        "as_of": f"{as_of:%Y-%m-%d %H:%M}",
        "withheld": report.suppressed,
        "figures": [
            {"name": words.figure(name), "value": words.value(name, report.figures[name])}
            for name in HEADLINES[report.kind]
            if name in report.figures
        ],
        "funnel": [
            {
                "name": words.figure(name),
                "value": words.value(name, report.figures.get(name)),
                "size": report.figures.get(name),
            }
            for name in FUNNEL
        ],
        "phases": [words.column(name) for name in PHASE_COLUMNS],
        "curve": _curve(report, words),
        "tables": [_table(table, words) for name, table in report.tables.items() if table.rows and name != "curve"],
        "definitions": [
            {"name": words.figure(name), "formula": words.formula(name), "source": FIGURES[name].source}
            for name in report.figures
        ],
    }


def _table(table: Table, words: Words) -> dict[str, Any]:
    rows = [[words.cell(c, cell) for c, cell in zip(table.columns, row, strict=True)] for row in table.rows[:LONGEST]]
    sums = table.sums and [
        "" if cell is None else words.cell(c, cell) for c, cell in zip(table.columns, table.sums, strict=True)
    ]
    stacks = None
    if table.name in STACKED:
        places = [table.columns.index(name) for name in PHASE_COLUMNS]
        stacks = [
            {"name": shown[0], "parts": [row[place] or 0 for place in places]}
            for row, shown in zip(table.rows[:LONGEST], rows, strict=True)
        ]
    return {
        "name": words.table(table.name),
        "note": words.note(table.name),
        "columns": [words.column(column) for column in table.columns],
        "right": [COLUMNS[column][2] is not None for column in table.columns],
        "rows": rows,
        "sums": sums,
        "more": max(0, len(table.rows) - LONGEST),
        "stacks": stacks,
    }


def _curve(report: Report, words: Words) -> dict[str, Any] | None:
    table = report.tables.get("curve")
    if table is None or len(table.rows) < 2:
        return None
    return {
        "name": words.table("curve"),
        "first": table.rows[0][0],
        "last": table.rows[-1][0],
        "told": table.column("told"),
        "cumulative": table.column("cumulative"),
        "words": [words.column("told"), words.column("cumulative")],
        "missing": WITHHELD,
    }
