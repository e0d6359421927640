"""The street's files: the same from the same seed, and a plain merge written here finds exactly what is promised."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from sandbox.street.generate import generate
from sandbox.street.identity import check_digit, credit_code, fifteen_digits

START = date(2026, 3, 2)
SOURCES = (
    ("population_register.csv", "gb18030"),
    ("grid_survey.csv", "utf-8-sig"),
    ("grid_survey_supplement.xlsx", ""),
    ("ishenzhen_declarations.parquet", ""),
)
NAME, ID = ("姓名", "居民姓名", "full_name"), ("公民身份号码", "证件号码", "id_no")
BORN, PHONE = ("出生日期", "生日", "birth_date"), ("联系电话", "联系方式", "mobile")
HUKOU = ("户籍", "户籍类型", "hukou")


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("street")
    expected = generate(folder, seed=7, residents=16_000, start=START)
    return folder, expected


def _rows(path: Path, encoding: str) -> Iterator[dict[str, Any] | None]:
    """Each row by column name; `None` for a row too short to be one."""
    if path.suffix == ".csv":
        with path.open(encoding=encoding, newline="") as stream:
            header, *rows = csv.reader(stream)
        yield from (dict(zip(header, row, strict=True)) if len(row) == len(header) else None for row in rows)
    elif path.suffix == ".xlsx":
        book = load_workbook(path, read_only=True)
        header, *cells = book.active.iter_rows(values_only=True)
        yield from (dict(zip(header, row, strict=True)) for row in cells)
        book.close()
    else:
        yield from pq.read_table(path).to_pylist()


def _of(row: dict[str, Any], names: tuple[str, ...]) -> str:
    value = next((row[name] for name in names if name in row), None)
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m-%d}"
    return unicodedata.normalize("NFKC", str(value or "")).strip()


def _clean_id(text: str) -> str:
    text = text.replace(" ", "").upper()
    if len(text) == 15:
        first17 = text[:6] + "19" + text[6:]
        text = first17 + check_digit(first17)
    return text


def _clean_date(text: str) -> date | None:
    parts = re.fullmatch(r"(\d{4})[-/]?(\d{1,2})[-/]?(\d{1,2})", text)
    try:
        return date(*map(int, parts.groups())) if parts else None
    except ValueError:
        return None


def _fault(row: dict[str, Any] | None) -> str | None:
    if row is None:
        return "too_few_columns"
    if not _of(row, NAME):
        return "empty_name"
    if _clean_date(_of(row, BORN)) is None:
        return "impossible_date"
    number = _clean_id(_of(row, ID))
    if number and number[-1] != check_digit(number[:17]):
        return "id_check_digit"
    return None


Key = tuple[str, date | None, str]


def _key(row: dict[str, Any]) -> Key:
    phone = re.sub(r"\D", "", _of(row, PHONE))
    return _of(row, NAME), _clean_date(_of(row, BORN)), phone[-11:]


def _merge(folder: Path) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Counter[str]]]:
    """ID number first; else name, birth date and phone, never on a tie. Returns the people and the faults by file."""
    good: list[dict[str, Any]] = []
    faults: dict[str, Counter[str]] = {}
    for name, encoding in SOURCES:
        faults[name] = Counter()
        for row in _rows(folder / name, encoding):
            fault = _fault(row)
            if fault:
                faults[name][fault] += 1
            elif row is not None:
                good.append(row)
    people: dict[str, list[dict[str, Any]]] = defaultdict(list)
    owners: dict[Key, set[str]] = defaultdict(set)
    for row in good:
        number = _clean_id(_of(row, ID))
        if number:
            people[number].append(row)
            owners[_key(row)].add(number)
    for row in good:
        if not _clean_id(_of(row, ID)):
            candidates = owners.get(_key(row), set())
            alone = f"without:{'|'.join(map(str, _key(row)))}"
            people[next(iter(candidates)) if len(candidates) == 1 else alone].append(row)
    return people, faults


def test_a_plain_merge_finds_exactly_the_people_and_the_bad_rows(street: tuple[Path, dict[str, Any]]) -> None:
    folder, expected = street
    people, faults = _merge(folder)
    assert len(people) == expected["people"]
    for name, counted in faults.items():
        assert dict(counted) == expected["bad_rows"][name]
    without_id = sum(1 for key in people if key.startswith("without:"))
    assert without_id >= expected["ties"] + expected["namesakes"] > 0
    assert expected["rows_merged_without_id"] > 100


def test_a_plain_merge_finds_exactly_the_168_who_miss_the_allowance(street: tuple[Path, dict[str, Any]]) -> None:
    folder, expected = street
    people, _ = _merge(folder)
    listed = _rows(folder / "enrolled_elderly-allowance.csv", "gbk")
    enrolled = {_clean_id(_of(row, ("身份证号码",))) for row in listed if row}
    missed = [
        number
        for number, rows in people.items()
        if number not in enrolled and _is_local(rows) and _age(_clean_date(_of(rows[0], BORN))) >= 70
    ]
    assert sorted(missed) == expected["newly_matched_ids"]["elderly-allowance"]
    assert len(missed) == 168


def _is_local(rows: list[dict[str, Any]]) -> bool:
    said = {_of(row, HUKOU) for row in rows} - {""}
    return bool(said) and said <= {"深圳", "深户", "深圳户籍", "shenzhen"}


def _age(born_on: date | None) -> int:
    assert born_on is not None
    return START.year - born_on.year - ((START.month, START.day) < (born_on.month, born_on.day))


def test_the_firms_that_miss_the_subsidy_are_young_founded_by_graduates_and_not_listed(
    street: tuple[Path, dict[str, Any]],
) -> None:
    folder, expected = street
    code = "统一社会信用代码"
    founders = {row[code]: row for row in _rows(folder / "enterprise_founders.csv", "utf-8-sig") if row}
    listed = {row[code] for row in _rows(folder / "enrolled_startup-subsidy.csv", "gbk") if row}
    roster = [row for row in _rows(folder / "enterprises.csv", "gb18030") if row]
    good = [row for row in roster if row[code] == credit_code(row[code][:17])]
    assert len(roster) - len(good) == expected["bad_rows"]["enterprises.csv"]["credit_code_check_character"] == 2
    missed = [
        row[code]
        for row in good
        if row[code] not in listed
        and (START - date.fromisoformat(row["成立日期"])).days < 3 * 365
        and founders[row[code]]["创办人类别"] == "毕业5年内"
    ]
    assert sorted(missed) == expected["newly_matched_ids"]["startup-subsidy"]


def test_nobody_reaches_seventy_unenrolled_while_the_rehearsal_runs(street: tuple[Path, dict[str, Any]]) -> None:
    folder, expected = street
    people, _ = _merge(folder)
    listed = _rows(folder / "enrolled_elderly-allowance.csv", "gbk")
    enrolled = {_clean_id(_of(row, ("身份证号码",))) for row in listed if row}
    born = {number: _clean_date(_of(rows[0], BORN)) for number, rows in people.items() if _is_local(rows)}
    soon = {number for number, day in born.items() if day and date(1956, 3, 3) <= day <= date(1956, 5, 15)}
    assert soon
    assert soon <= enrolled
    assert expected["undecidable"]["elderly-allowance"] == 12


def test_the_same_seed_writes_the_same_and_another_seed_does_not(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "other")]
    for folder, seed in zip(folders, (7, 7, 8), strict=True):
        generate(folder, seed=seed, residents=1500, start=START)
    one, two, other = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    for name in one:
        if not name.endswith(".xlsx"):
            assert one[name] == two[name], name
    for name in ("population_register.csv", "ishenzhen_declarations.parquet", "world.json"):
        assert one[name] != other[name], name


def test_all_promised_untidiness_is_there(street: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = street
    text = (folder / "population_register.csv").read_text("gb18030") + (folder / "grid_survey.csv").read_text("utf-8")
    for promised in (
        r"19\d\d/\d{1,2}/\d{1,2},",
        r",19\d{6},",
        r"１９",
        r",\d{15},",
        r",\d{17}x,",
        r"\+861",
        r"86-1",
        "陳|張",
    ):
        assert re.search(promised, text), promised


def test_identity_numbers_follow_the_standard() -> None:
    # The example of the standard itself.
    assert check_digit("11010519491231002") == "X"
    assert check_digit("44052418800101001") == "4"
    assert credit_code("91350100M000100Y4") == "91350100M000100Y43"
    assert fifteen_digits("11010519491231002X") == "110105491231002"
    with pytest.raises(ValueError):
        fifteen_digits("440303200001010018")


def test_the_world_knows_exactly_those_who_are_missed(street: tuple[Path, dict[str, Any]]) -> None:
    folder, expected = street
    world = json.loads((folder / "world.json").read_text("utf-8"))
    for policy, numbers in expected["newly_matched_ids"].items():
        assert sorted(p["id_number"] for p in world["people"] if policy in p["policies"]) == numbers
    personas = Counter(p["persona"] for p in world["people"] if "elderly-allowance" in p["policies"])
    hall = sum(personas[name] for name in ("go_to_hall", "ask_then_hall", "doubt_then_hall"))
    online = sum(personas[name] for name in ("apply_online", "daughter_online", "ask_then_online"))
    assert 36 <= hall <= 44
    assert 14 <= online <= 20
    numbers = Counter(phone["number"] for p in world["people"] for phone in p["phones"])
    assert sum(count > 1 for count in numbers.values()) >= 3
    reachable = [phone for p in world["people"] for phone in p["phones"] if phone["line"] == "mobile"]
    assert all(re.fullmatch(r"\+861\d{10}", phone["number"]) for phone in reachable)
