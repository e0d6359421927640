"""A table of text out of CSV, XLSX or Parquet, in batches; rows that do not fit the header are set aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from scheduler.roster.csv_rows import Cells, Row, csv_rows
from scheduler.roster.faults import FileRefused, RowFault

BATCH_ROWS = 50_000
# Tables of people shrink to a tenth or a thirtieth when packed; what shrinks more is no table.
UNPACKED_BYTES_UNQUESTIONED = 100_000_000
MOST_TIMES_PACKED = 100


@dataclass(slots=True)
class BadRow:
    number: int
    cells: Cells
    fault: RowFault


@dataclass(slots=True)
class Batch:
    """Rows with their numbers in the file, column by column.

    Numbers are those of the line in a CSV and of the row in a workbook; in Parquet, which has no header row, from 1.
    """

    numbers: list[int]
    columns: list[Sequence[str]]
    bad: list[BadRow] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    name: str
    header: list[str]
    batches: Iterator[Batch]


def open_table(path: Path) -> Table:
    """Open a file by what is in it, whatever it is called.

    Raises:
        FileRefused: missing, empty, or not a table.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as fault:
        raise FileRefused(f"{path.name} cannot be opened ({fault.strerror}); check path and permissions") from fault
    if not head:
        raise FileRefused(f"{path.name} is empty; export it again")
    if head == b"PAR1":
        return _parquet(path)
    return _numbered(path, _workbook_rows(path) if head[:2] == b"PK" else csv_rows(path))


def _numbered(path: Path, rows: Iterator[Row]) -> Table:
    first = next(rows, None)
    if first is None:
        raise FileRefused(f"{path.name} holds no rows; export it again")
    header = [cell.strip() for cell in first[1]]
    while header and not header[-1]:
        header.pop()
    return Table(path.name, header, _batches(rows, len(header)))


def _batches(rows: Iterator[Row], width: int) -> Iterator[Batch]:
    while chunk := list(islice(rows, BATCH_ROWS)):
        numbers: list[int] = []
        good: list[Cells] = []
        bad: list[BadRow] = []
        for number, cells, fault in chunk:
            if fault is None and len(cells) == width:
                numbers.append(number)
                good.append(cells)
            elif fault is None and len(cells) > width and not any(cells[width:]):
                numbers.append(number)
                good.append(cells[:width])
            elif fault is not None or any(cell.strip() for cell in cells):
                bad.append(BadRow(number, cells, fault or RowFault.COLUMNS))
        yield Batch(numbers, list(zip(*good, strict=True)) if good else [()] * width, bad)


def _workbook_rows(path: Path) -> Iterator[Row]:
    try:
        _refuse_bomb(path)
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, OSError) as fault:
        raise FileRefused(f"{path.name} is a zip file but no workbook; open it and save it as .xlsx or CSV") from fault
    try:
        for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
            cells = [cell_text(value) for value in row]
            if any(cells):
                yield number, cells, None
    finally:
        book.close()


def _refuse_bomb(path: Path) -> None:
    """Nothing is unpacked for this, and nothing unpacks to more than it says of itself."""
    with ZipFile(path) as parts:
        unpacked = sum(part.file_size for part in parts.infolist())
    packed = path.stat().st_size
    if unpacked > max(UNPACKED_BYTES_UNQUESTIONED, MOST_TIMES_PACKED * packed):
        raise FileRefused(
            f"{path.name} unpacks to {unpacked // 1_000_000:,} MB, {unpacked // packed:,} times its size, as no "
            "table of people does; save it as CSV if it is one"
        )


def _parquet(path: Path) -> Table:
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as fault:
        raise FileRefused(f"{path.name} is a damaged Parquet file; export it again") from fault
    return Table(path.name, list(file.schema_arrow.names), _parquet_batches(file))


def _parquet_batches(file: pq.ParquetFile) -> Iterator[Batch]:
    number = 1
    for batch in file.iter_batches(BATCH_ROWS):
        columns: list[Sequence[str]] = [[cell_text(value) for value in column.to_pylist()] for column in batch.columns]
        yield Batch(list(range(number, number + batch.num_rows)), columns)
        number += batch.num_rows


def cell_text(value: object) -> str:
    """A typed cell as the text a CSV would have: dates in ISO form, whole floats without a point."""
    if value.__class__ is str:
        return str(value)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)
