"""The file formats a district exports: CSV in four encodings, workbooks, Parquet."""

from __future__ import annotations

import csv
from datetime import date, datetime, time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook

from sandbox.street.sources import Row, Source

_ENCODINGS = {
    "population_register.csv": "gb18030",
    "grid_survey.csv": "utf-8-sig",
    "enrolled_elderly-allowance.csv": "gbk",
    "enrolled_disabled-living-subsidy.csv": "utf-16",
    "enterprises.csv": "gb18030",
    "enterprise_founders.csv": "utf-8-sig",
    "enrolled_startup-subsidy.csv": "gbk",
}


def write_source(folder: Path, source: Source) -> None:
    path = folder / source.file_name
    match path.suffix:
        case ".csv":
            _write_csv(path, source, _ENCODINGS[source.file_name])
        case ".xlsx":
            _write_workbook(path, source)
        case _:
            _write_parquet(path, source)


def _write_csv(path: Path, source: Source, encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(source.header)
        writer.writerows(source.rows)


def _write_workbook(path: Path, source: Source) -> None:
    """Typed dates where the text is a plain one, as a spreadsheet program would make of it."""
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = datetime(2026, 3, 1)  # noqa: DTZ001 - a workbook has no zones
    sheet = book.create_sheet("Sheet1")
    sheet.append(source.header)
    dates = [position for position, name in enumerate(source.header) if name in _DATE_COLUMNS]
    for row in source.rows:
        sheet.append(_typed(row, dates))
    book.save(path)


_DATE_COLUMNS = ("生日", "有效期至", "体检日期", "采集时间")


def _typed(row: Row, dates: list[int]) -> list[object]:
    cells: list[object] = list(row)
    for position in dates:
        day = _plain_date(row[position])
        if day is not None:
            cells[position] = day
    return cells


def _plain_date(text: str) -> date | None:
    if len(text) != 10 or text[4] != "-" or not text.isascii():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _write_parquet(path: Path, source: Source) -> None:
    columns = list(zip(*source.rows, strict=True)) or [()] * len(source.header)
    arrays = [_array(name, values) for name, values in zip(source.header, columns, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, names=source.header), path, compression="snappy")


def _array(name: str, values: tuple[str, ...]) -> pa.Array:
    if name == "arrived_on":
        return pa.array([date.fromisoformat(value) for value in values], type=pa.date32())
    if name == "declared_at":
        noon = time(12)
        days = [datetime.combine(date.fromisoformat(value), noon) for value in values]
        return pa.array(days, type=pa.timestamp("ms"))
    return pa.array([value or None for value in values], type=pa.string())
