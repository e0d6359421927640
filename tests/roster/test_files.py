"""Files as districts export them, and files that are none."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from random import Random
from zipfile import ZIP_DEFLATED, ZipFile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from scheduler.roster import tabular
from scheduler.roster.csv_rows import CHUNK_LINES
from scheduler.roster.faults import FileRefused
from scheduler.roster.feed import recognise
from tests.roster.conftest import (
    GRID,
    REGISTER,
    ZHANG,
    Import,
    grid_row,
    id_number,
    people,
    register_row,
    rejects,
    write_csv,
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_is_read(tmp_path: Path, take: Import, encoding: str) -> None:
    report = take(write_csv(tmp_path / "全员人口.csv", REGISTER, [register_row()], encoding=encoding))
    assert (report.people, report.files[0].rejected) == (1, 0)
    assert people(tmp_path)[0]["birth_date"] == date(1943, 1, 1)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_columns_stand_in_any_order_under_english_headers(tmp_path: Path, take: Import, delimiter: str) -> None:
    path = tmp_path / "population_register.csv"
    lines = ["Mobile", "Date of Birth", "ID_NO", "remark", "Full Name"], ["13800000001", "19430101", ZHANG, "x", "张三"]
    path.write_text("\n".join(delimiter.join(line) for line in lines), encoding="utf-8")
    assert take(path).people == 1
    assert people(tmp_path)[0]["phone_index"]


def test_workbooks_with_typed_cells_are_read(tmp_path: Path, take: Import) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(GRID)
    sheet.append(["张阿姨", ZHANG, datetime(1943, 1, 1), "深户", 13800000001, "甲路1号", "是", date(2025, 12, 1)])  # noqa: DTZ001
    sheet.append(["李伯", float(id_number("19500505", 11)[:17]), None, "", None, "", "", None])
    book.save(tmp_path / "grid_survey.xlsx")
    report = take(tmp_path / "grid_survey.xlsx")
    assert (report.people, report.files[0].rejected) == (1, 1)
    assert rejects(tmp_path)[0]["row"] == "3"
    assert rejects(tmp_path)[0]["code"] == "stored_as_number"


def test_parquet_with_typed_columns_is_read(tmp_path: Path, take: Import) -> None:
    table = pa.table(
        {"full_name": ["张阿姨"], "id_no": [ZHANG], "birth_date": [date(1943, 1, 1)], "mobile": [13800000001]}
    )
    pq.write_table(table, tmp_path / "ishenzhen.parquet")
    assert take(tmp_path / "ishenzhen.parquet").people == 1


def test_a_quoted_cell_may_hold_line_breaks(tmp_path: Path, take: Import) -> None:
    rows = [register_row(现住址="甲路1号\n二楼"), register_row(公民身份号码=id_number(serial=4))]
    report = take(write_csv(tmp_path / "population.csv".replace("population", "population_register"), REGISTER, rows))
    assert (report.people, report.files[0].rejected) == (2, 0)


def test_an_open_quotation_mark_costs_its_own_row_only(tmp_path: Path, take: Import) -> None:
    path = tmp_path / "population_register.csv"
    rows = [register_row(公民身份号码=id_number(serial=serial)) for serial in range(1, 61)]
    rows[9][0] = '"张三'
    rows[14][6] = '5"管'
    path.write_text("\n".join(",".join(row) for row in [REGISTER, *rows]), encoding="utf-8")
    report = take(path)
    assert (report.people, report.files[0].rejected) == (58, 2)
    assert [(row["row"], row["code"]) for row in rejects(tmp_path)] == [
        ("11", "open_quotation_mark"),
        ("16", "open_quotation_mark"),
    ]


def test_a_cell_may_run_over_the_end_of_what_is_read_at_once(tmp_path: Path, take: Import) -> None:
    rows = [
        register_row(公民身份号码=id_number(f"19{year}0101", serial))
        for year in range(40, 43)
        for serial in range(1, 500)
    ]
    rows[CHUNK_LINES - 1] = register_row(公民身份号码=ZHANG, 现住址="甲路1号\n二楼\n东")
    rows[CHUNK_LINES + 50][6] = "甲路,1号"
    report = take(write_csv(tmp_path / "population_register.csv", REGISTER, rows))
    assert (report.people, report.files[0].rows, report.files[0].rejected) == (len(rows), len(rows), 0)


def test_a_garbled_row_is_rejected_alone(tmp_path: Path, take: Import) -> None:
    path = write_csv(tmp_path / "population_register.csv", REGISTER, [register_row()], encoding="utf-8")
    path.write_bytes(path.read_bytes() + "李".encode()[:2] + b"," + ",".join(register_row()[1:]).encode() + b"\n")
    report = take(path)
    assert (report.people, report.files[0].rejected) == (1, 1)
    assert rejects(tmp_path)[0]["code"] == "unreadable_characters"


GARBAGE = {
    "empty": (b"", "is empty"),
    "blank": (b"\n \n", "holds no rows"),
    "binary": (Random(7).randbytes(5000) + b"\0", "binary data"),
    "pdf": (b"%PDF-1.7 ...", "is a PDF"),
    "old excel": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, r"old Excel file \(\.xls\); open it and save it as \.xlsx"),
    "zip": (b"PK\x03\x04" + b"x" * 100, "no workbook"),
    "broken parquet": (b"PAR1" + b"x" * 100, "damaged Parquet"),
    "wrong columns": ("甲,乙,丙\n1,2,3\n".encode(), r"no column for name, id_number among \[甲, 乙, 丙\]"),
    "duplicate headers": ("姓名,身份证号,姓名\na,b,c\n".encode(), r"columns 1 \(姓名\) and 3 \(姓名\) both hold name"),
    "two names for one": ("姓名,身份证号,证件号码\na,b,c\n".encode(), "both hold id_number"),
    "ten-megabyte line": ("姓名,身份证号\n".encode() + b"x" * 10_000_000, r"line near line \d+ is longer"),
}


@pytest.mark.parametrize(("content", "message"), GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_refused_by_name_with_what_to_do(tmp_path: Path, take: Import, content: bytes, message: str) -> None:
    path = tmp_path / "population_register.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=message) as refused:
        take(path)
    assert "population_register.csv" in str(refused.value)
    assert ";" in str(refused.value)


def test_a_workbook_that_unpacks_to_no_end_is_not_unpacked(
    tmp_path: Path, take: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "population_register.xlsx"
    with ZipFile(path, "w", ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b"<a/>" * 2_000_000)
    monkeypatch.setattr(tabular, "UNPACKED_BYTES_UNQUESTIONED", 1_000_000)
    with pytest.raises(FileRefused, match=r"population_register\.xlsx unpacks to 8 MB, [\d,]+ times its size"):
        take(path)
    monkeypatch.setattr(tabular, "UNPACKED_BYTES_UNQUESTIONED", 10_000_000)
    with pytest.raises(FileRefused, match="no workbook"):
        take(path)


def test_one_unreadable_file_does_not_stop_the_others(tmp_path: Path, take: Import) -> None:
    good = write_csv(tmp_path / "population_register.csv", REGISTER, [register_row()])
    bad = tmp_path / "disability_register.xlsx"
    bad.write_bytes(b"\0" * 100)
    report = take(good, bad)
    assert report.people == 1
    assert len(report.refused) == 1
    assert "disability_register.xlsx" in report.refused[0]


def test_a_missing_file_is_named(tmp_path: Path, take: Import) -> None:
    with pytest.raises(FileRefused, match=r"population_register\.csv cannot be opened"):
        take(tmp_path / "population_register.csv")


def test_a_file_no_feed_claims_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"holiday\.csv: no feed"):
        recognise([tmp_path / "holiday.csv"])


def test_hostile_text_is_taken_as_text(tmp_path: Path, take: Import) -> None:
    names = ["Robert'); DROP TABLE staged;--", "<script>alert(1)</script>", '=cmd|" /C calc"!A0']
    rows = [grid_row(居民姓名=name, 证件号码=id_number(serial=at * 2)) for at, name in enumerate(names, 1)]
    assert take(write_csv(tmp_path / "grid_survey.csv", GRID, rows)).people == 3
