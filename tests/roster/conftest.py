"""A small town on file: builders for roster files, and an import of them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from models.crypto import KeyRing, new_key_ring
from models.id_number import check_character
from scheduler.roster.feed import recognise
from scheduler.roster.import_population import ImportReport, import_population

TODAY = date(2026, 3, 2)
REGISTER = ["姓名", "公民身份号码", "性别", "出生日期", "户籍", "联系电话", "现住址", "更新日期"]
GRID = ["居民姓名", "证件号码", "生日", "户籍类型", "联系方式", "居住地址", "是否独居", "采集时间"]

Rows = Sequence[Sequence[str]]


def id_number(born: str = "19430101", serial: int = 1, region: str = "440303") -> str:
    first_17 = f"{region}{born}{serial:03}"
    return first_17 + check_character(first_17)


ZHANG = id_number("19430101", 2)


def register_row(**changes: str) -> list[str]:
    row = dict(
        zip(REGISTER, ["张阿姨", ZHANG, "女", "1943/1/1", "深户", "13800000001", "甲路1号", "2026-01-01"], strict=True)
    )
    return list({**row, **changes}.values())


def grid_row(**changes: str) -> list[str]:
    row = dict(
        zip(GRID, ["张阿姨", ZHANG, "1943-01-01", "深户", "13800000001", "甲路1号", "是", "2025-12-01"], strict=True)
    )
    return list({**row, **changes}.values())


def write_csv(path: Path, header: Sequence[str], rows: Rows, *, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture(scope="session")
def ring() -> KeyRing:
    return new_key_ring()


Import = Callable[..., ImportReport]


@pytest.fixture
def take(tmp_path: Path, ring: KeyRing) -> Import:
    """Import files into `tmp_path / "snapshot"`."""

    def _take(*paths: Path) -> ImportReport:
        return import_population(recognise(paths), tmp_path / "snapshot", ring, today=TODAY)

    return _take


def people(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / "snapshot" / "people.parquet").to_pylist()
    return rows


def rejects(folder: Path) -> list[dict[str, str]]:
    with (folder / "snapshot" / "rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
