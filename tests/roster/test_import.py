"""From files to people: merging, precedence, rejects, and nothing of an identifier in the clear."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from models.crypto import KeyRing
from scheduler.policies.load import load_cards
from scheduler.roster.applications import read_applications
from scheduler.roster.faults import IN_WORDS, RowFault
from scheduler.roster.people import CONTEXTS
from scheduler.roster.rejects import ROW_CONTEXT
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


def sources(folder: Path, *, register: list[list[str]], grid: list[list[str]]) -> list[Path]:
    return [
        write_csv(folder / "population_register.csv", REGISTER, register),
        write_csv(folder / "grid_survey.csv", GRID, grid),
    ]


def opened(person: dict[str, Any], field: str, ring: KeyRing) -> str:
    return ring.open(person[f"{field}_sealed"], context=CONTEXTS[field])


def test_one_person_of_two_sources_with_stated_precedence(tmp_path: Path, take: Import, ring: KeyRing) -> None:
    register = [register_row(联系电话="13800000001", 现住址="旧路1号", 户籍="深户")]
    grid = [grid_row(联系方式="13800000002", 居住地址="新路2号", 户籍类型="非深户")]
    report = take(*sources(tmp_path, register=register, grid=grid))
    (person,) = people(tmp_path)
    assert (report.people, report.records) == (1, 2)
    assert opened(person, "address", ring) == "新路2号"
    assert opened(person, "phone", ring) == "+8613800000002"
    assert (person["hukou"], person["living_alone"], person["sex"]) == ("shenzhen", True, "female")
    assert person["source_of"]["address"] == "grid"
    assert person["source_of"]["hukou"] == "population"
    assert person["source_of"]["street"] is None


def test_what_a_source_leaves_out_is_read_from_the_identity_number(tmp_path: Path, take: Import) -> None:
    header = ["姓名", "身份证号", "联系电话"]
    rows = [["张阿姨", ZHANG, "13800000001"], ["李伯", "", "13800000002"]]
    report = take(write_csv(tmp_path / "population_register.csv", header, rows))
    assert report.people == 1
    (person,) = people(tmp_path)
    assert (person["birth_date"], person["sex"]) == (date(1943, 1, 1), "female")
    assert person["source_of"]["birth_date"] == "population"
    assert [reject["code"] for reject in rejects(tmp_path)] == ["cannot_tell_who"]


def test_a_gap_is_filled_from_the_next_source(tmp_path: Path, take: Import) -> None:
    take(*sources(tmp_path, register=[register_row(户籍="")], grid=[grid_row(户籍类型="深户")]))
    (person,) = people(tmp_path)
    assert (person["hukou"], person["source_of"]["hukou"]) == ("shenzhen", "grid")


def test_within_a_source_the_newest_record_wins(tmp_path: Path, take: Import, ring: KeyRing) -> None:
    newer, older = register_row(现住址="新", 更新日期="2026-02-01"), register_row(现住址="旧", 更新日期="2020-01-01")
    take(*sources(tmp_path, register=[newer, older], grid=[grid_row(证件号码=id_number(serial=9))]))
    assert "新" in {opened(person, "address", ring) for person in people(tmp_path)}


def test_a_record_without_number_joins_its_one_namesake(tmp_path: Path, take: Import) -> None:
    report = take(*sources(tmp_path, register=[register_row()], grid=[grid_row(证件号码="")]))
    assert (report.people, report.found_by_name, report.ties) == (1, 1, 0)
    assert people(tmp_path)[0]["living_alone"] is True


@pytest.mark.parametrize("other", [{"居民姓名": "张阿姨二"}, {"生日": "1943-01-02"}, {"联系方式": "13800000009"}])
def test_two_of_three_are_not_enough(tmp_path: Path, take: Import, other: dict[str, str]) -> None:
    report = take(*sources(tmp_path, register=[register_row()], grid=[grid_row(证件号码="", **other)]))
    assert (report.people, report.found_by_name) == (2, 0)


def test_a_tie_is_never_merged_and_is_reported(tmp_path: Path, take: Import) -> None:
    twins = [register_row(), register_row(公民身份号码=id_number("19430101", 4))]
    report = take(*sources(tmp_path, register=twins, grid=[grid_row(证件号码="")]))
    assert (report.people, report.ties) == (3, 1)
    assert [person["living_alone"] for person in people(tmp_path)].count(True) == 1
    (reject,) = rejects(tmp_path)
    assert (reject["source"], reject["row"], reject["code"], reject["outcome"]) == (
        "grid_survey.csv",
        "2",
        "fits_several_people",
        "kept",
    )


def test_old_and_new_numbers_are_one_person(tmp_path: Path, take: Import) -> None:
    fifteen = ZHANG[:6] + ZHANG[8:17]
    assert take(*sources(tmp_path, register=[register_row()], grid=[grid_row(证件号码=fifteen)])).people == 1


BAD_ROWS = {
    "check digit": (
        {"公民身份号码": ZHANG[:-1] + ("1" if ZHANG[-1] != "1" else "2")},
        "公民身份号码",
        "id_wrong_check_character",
    ),
    "no name": ({"姓名": " "}, "姓名", "missing"),
    "impossible date": ({"公民身份号码": "", "出生日期": "1983-02-30"}, "出生日期", "no_such_date"),
    "nobody": ({"公民身份号码": "", "联系电话": ""}, "公民身份号码", "cannot_tell_who"),
}


@pytest.mark.parametrize(("changes", "column", "code"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_a_bad_row_is_kept_aside_with_its_place_and_reason(
    tmp_path: Path, take: Import, ring: KeyRing, changes: dict[str, str], column: str, code: str
) -> None:
    bad = register_row(**changes)
    good = register_row(公民身份号码=id_number(serial=8))
    report = take(write_csv(tmp_path / "population_register.csv", REGISTER, [good, bad]))
    assert (report.people, report.files[0].rows, report.files[0].rejected) == (1, 2, 1)
    (reject,) = rejects(tmp_path)
    assert (reject["row"], reject["column"], reject["code"]) == ("3", column, code)
    assert reject["what_to_do"]
    assert json.loads(ring.open(reject["sealed_row"], context=ROW_CONTEXT)) == bad


def test_a_faulty_side_value_is_dropped_and_the_row_kept(tmp_path: Path, take: Import) -> None:
    rows = [
        register_row(联系电话="无"),
        register_row(公民身份号码=id_number(serial=8), 出生日期="1990-01-01", 户籍="火星"),
    ]
    report = take(write_csv(tmp_path / "population_register.csv", REGISTER, rows))
    assert (report.people, report.files[0].rejected, report.files[0].values_dropped) == (2, 0, 3)
    assert {person["birth_date"] for person in people(tmp_path)} == {date(1943, 1, 1)}
    assert {row["code"] for row in rejects(tmp_path)} == {
        "no_phone_number",
        "word_not_known",
        "disagrees_with_id_number",
    }


def test_nothing_written_holds_an_identifier_in_the_clear(tmp_path: Path, take: Import, ring: KeyRing) -> None:
    disability = write_csv(
        tmp_path / "disability_register.csv",
        ["姓名", "身份证号", "证件类型", "联系电话"],
        [["张阿姨", ZHANG, "残疾人证", "13800000001"]],
    )
    enrolled = write_csv(tmp_path / "enrolled_elderly-allowance.csv", ["姓名", "身份证号"], [["张阿姨", ZHANG]])
    bad = register_row(公民身份号码=id_number(serial=8), 联系电话="123")
    take(*sources(tmp_path, register=[register_row(), bad], grid=[grid_row()]), disability, enrolled)
    secrets = [word.encode() for word in (ZHANG, id_number(serial=8), "13800000001", "张阿姨", "甲路1号")]
    written = [path for path in (tmp_path / "snapshot").rglob("*") if path.is_file()]
    assert len(written) == 5
    for path in written:
        # Parquet pages are compressed: look at the values, not at the bytes.
        text = str(pq.read_table(path).to_pylist()).encode() if path.suffix == ".parquet" else path.read_bytes()
        assert not [secret for secret in secrets if secret in text], path
    assert people(tmp_path)[0]["person_key"] in {
        ring.blind_index(n, kind="id_number") for n in (ZHANG, id_number(serial=8))
    }


def test_a_register_keeps_the_latest_line_of_a_person(tmp_path: Path, take: Import, ring: KeyRing) -> None:
    header = ["身份证号", "证件类型", "残疾等级", "有效期至", "家庭困难类型"]
    rows = [[ZHANG, "残疾人证", "二级", "2031-01-01", "低保"], [ZHANG, "残疾人证", "三级", "2021-01-01", "无"]]
    register = write_csv(tmp_path / "disability_register.csv", header, rows)
    take(*sources(tmp_path, register=[register_row()], grid=[grid_row()]), register)
    (row,) = pq.read_table(tmp_path / "snapshot" / "feeds" / "disability.parquet").to_pylist()
    assert row["person_key"] == ring.blind_index(ZHANG, kind="id_number")
    assert (row["disability_level"], row["household_class"]) == (2, "dibao")


def test_a_check_up_counts_as_enrolled_to_the_end_of_its_year(tmp_path: Path, take: Import) -> None:
    listed = write_csv(tmp_path / "enrolled_elderly-health-check.csv", ["证件号码", "体检日期"], [[ZHANG, "2026/2/3"]])
    take(*sources(tmp_path, register=[register_row()], grid=[grid_row()]), listed)
    path = tmp_path / "snapshot" / "enrolments" / "elderly-health-check.parquet"
    (row,) = pq.read_table(path).to_pylist()
    assert (row["enrolled_on"], row["until"]) == (date(2026, 2, 3), date(2026, 12, 31))


def test_every_row_fault_has_its_words() -> None:
    assert set(IN_WORDS) == set(RowFault)


def test_the_application_feed_is_read_in_chinese_and_english(tmp_path: Path, ring: KeyRing) -> None:
    cards = load_cards(Path(__file__).parents[2] / "policies")
    header = ["受理编号", "身份证号", "事项", "状态", "办理渠道", "日期"]
    rows = [
        ["A1", ZHANG, "高龄老人津贴", "受理", "大厅", "2026/3/1"],
        ["A2", ZHANG, "elderly-allowance", "paid", "", "20260401"],
        ["A3", ZHANG, "没有的事项", "受理", "大厅", "2026/3/1"],
        ["A4", ZHANG, "高龄津贴", "不知道", "大厅", "2026/3/1"],
        ["A5", ZHANG[:-1], "高龄津贴", "受理", "大厅", "2026/3/1"],
    ]
    path = write_csv(tmp_path / "applications.csv", header, rows, encoding="gbk")
    reports, refused = read_applications(path, ring, cards)
    assert [(r.external_ref, r.policy_id, r.status, r.channel) for r in reports] == [
        ("A1", "elderly-allowance", "submitted", "hall"),
        ("A2", "elderly-allowance", "paid", "unattributed"),
    ]
    assert {(reject.row, reject.fault) for reject in refused} == {
        (4, RowFault.POLICY),
        (5, RowFault.CODE),
        (6, RowFault.ID_LENGTH),
    }
    assert ZHANG not in repr(refused)
