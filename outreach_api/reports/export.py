"""A masked list as a file: CSV, XLSX or Parquet. Long ones are written set-wise, a million rows in one go."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pyarrow
from openpyxl import Workbook
from openpyxl.styles import Font

from outreach_api.reports.lists import HEADINGS, NUMBERS
from outreach_api.reports.plain_cells import STARTERS
from outreach_api.reports.snapshot import Snapshot

ROWS_A_FETCH = 50_000
# More rows than a sheet holds go into several.
ROWS_A_SHEET = 1_000_000
_STARTERS = "[" + "".join("\\" + sign if sign in "-]^\\" else sign for sign in STARTERS) + "]"


class Form(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


def write_list(con: Snapshot, path: Path, form: Form, *, zh: bool) -> None:
    """Write the table `listed`. In CSV and XLSX nothing that was stored can be calculated as a formula."""
    place = 0 if zh else 1
    columns = [str(name) for name, *_ in con.execute("DESCRIBE listed").fetchall()]
    if form is Form.PARQUET:
        con.execute(f"COPY listed TO '{_quoted(path)}' (FORMAT parquet, COMPRESSION zstd)")
    elif form is Form.CSV:
        # Excel takes a file for the local code page unless it begins with this mark.
        marks = ("\ufeff", *[""] * (len(columns) - 1))
        names = (mark + HEADINGS[name][place] for mark, name in zip(marks, columns, strict=True))
        cells = ", ".join(f'{_harmless(name)} AS "{shown}"' for name, shown in zip(columns, names, strict=True))
        con.execute(f"COPY (SELECT {cells} FROM listed) TO '{_quoted(path)}' (FORMAT csv, HEADER)")
    else:
        _write_xlsx(con, path, columns, [HEADINGS[name][place] for name in columns])


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _harmless(name: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet program would calculate."""
    if name in NUMBERS:
        return f'"{name}"'
    pattern = f"^[ \u3000\ufeff]*{_STARTERS}".replace("'", "''")
    return (
        f"CASE WHEN regexp_matches(\"{name}\", '{pattern}') THEN '''' || \"{name}\" ELSE COALESCE(\"{name}\", '') END"
    )


def _write_xlsx(con: Snapshot, path: Path, columns: list[str], headings: list[str]) -> None:
    """A workbook of our usual make, its rows put in as they come from the query: no object for each cell."""
    empty = io.BytesIO()
    ((found,),) = con.execute("SELECT COUNT(*) FROM listed").fetchall()
    sheets = max(1, -(-int(found) // ROWS_A_SHEET))
    book = Workbook()
    for number in range(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.title = f"{number + 1}"
        sheet.append(headings)
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "A2"
    book.save(empty)
    with zipfile.ZipFile(empty) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name in source.namelist():
            content = source.read(name)
            if not name.startswith("xl/worksheets/sheet"):
                target.writestr(name, content)
                continue
            number = int(name.removeprefix("xl/worksheets/sheet").removesuffix(".xml"))
            before, end, after = content.partition(b"</sheetData>")
            with target.open(name, "w", force_zip64=True) as sheet:
                sheet.write(before)
                for part in _rows_as_xml(con, columns, (number - 1) * ROWS_A_SHEET):
                    sheet.write(part)
                sheet.write(end + after)


def _rows_as_xml(con: Snapshot, columns: list[str], start: int) -> Iterator[bytes]:
    cells = " || ".join(_cell_as_xml(name) for name in columns)
    query = f"SELECT '<row>' || {cells} || '</row>' AS row FROM listed LIMIT {ROWS_A_SHEET} OFFSET {start}"
    for batch in con.sql(query).to_arrow_reader(ROWS_A_FETCH):
        yield _text_of(batch.column(0))


def _text_of(rows: pyarrow.Array) -> bytes:
    """The rows one after the other, as they lie in memory: no object for each."""
    text = rows.cast(pyarrow.large_string())
    _, ends, content = text.buffers()
    first, last = (int.from_bytes(ends[at * 8 : at * 8 + 8], "little") for at in (text.offset, text.offset + len(text)))
    return bytes(content[first:last]) if content is not None else b""


def _cell_as_xml(name: str) -> str:
    if name in NUMBERS:
        return f"'<c><v>' || COALESCE(\"{name}\", 0) || '</v></c>'"
    text = f"CAST({_harmless(name)} AS VARCHAR)"
    escaped = text
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        escaped = f"replace({escaped}, '{sign}', '{entity}')"
    plain = f"regexp_replace({escaped}, '[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F]', '', 'g')"
    # Most cells need none of that: one look tells.
    cell = f"CASE WHEN regexp_matches({text}, '[&<>\\x00-\\x1F]') THEN {plain} ELSE {text} END"
    return f"'<c t=\"inlineStr\"><is><t xml:space=\"preserve\">' || {cell} || '</t></is></c>'"
