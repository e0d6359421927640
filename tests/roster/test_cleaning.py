from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.id_number import IdNumber, check_character, parse_id_number
from scheduler.roster.cleaning import clean_date, clean_name, clean_phone, code_cleaner, id_cleaner, past_date_cleaner
from scheduler.roster.faults import RowFault
from scheduler.roster.feed import codes
from scheduler.roster.well_formed_ids import WellFormedIds
from scheduler.rules.fields import FIELDS, FieldType

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    "text",
    [
        "1941/3/5",
        "1941-03-05",
        "19410305",
        "１９４１０３０５",
        "1941.3.5",
        "1941年3月5日",
        " 1941-3-5 ",
        "1941-03-05 00:00:00",
    ],
)
def test_a_date_in_any_spelling(text: str) -> None:
    assert clean_date(text) == date(1941, 3, 5)


@pytest.mark.parametrize("text", ["1983-02-30", "5/3/1941", "1941", "19411305", "三月五日", "0000-01-01"])
def test_no_date_is_a_fault(text: str) -> None:
    assert clean_date(text) is RowFault.DATE


def test_a_month_alone_is_its_first_day_and_nothing_is_nothing() -> None:
    assert (clean_date("202004"), clean_date("2020-04"), clean_date("2020年4月")) == (date(2020, 4, 1),) * 3
    assert clean_date("  ") is None
    assert past_date_cleaner(TODAY)("2026-03-03") is RowFault.FUTURE


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13812345678", "+8613812345678"),
        ("138 1234 5678", "+8613812345678"),
        ("+86 138-1234-5678", "+8613812345678"),
        ("86-13812345678", "+8613812345678"),
        ("008613812345678", "+8613812345678"),
        ("１３８１２３４５６７８", "+8613812345678"),
        ("13812345678、13900001111", "+8613812345678"),
        ("0755-25661234", "+8675525661234"),
        ("(0755)25661234", "+8675525661234"),
        ("", None),
        ("1381234567", RowFault.PHONE),
        ("12812345678", RowFault.PHONE),
        ("1.38E+10", RowFault.STORED_AS_NUMBER),
        ("无", RowFault.PHONE),
    ],
)
def test_phones_become_e164(text: str, number: str | RowFault | None) -> None:
    assert clean_phone(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "11010519491231002X",
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        " 110105 19491231 002X ",
        "110105491231002",
        "'11010519491231002X",
    ],
)
def test_identity_numbers_as_they_are_typed(text: str) -> None:
    read = id_cleaner(TODAY)(text)
    assert isinstance(read, IdNumber)
    assert read.text == "11010519491231002X"


@given(
    region=st.sampled_from(["440303", "040303", "11010x", "１10105"]),
    birthday=st.sampled_from(["19491231", "19490230", "20270101", "18490101", "1949123１"]),
    serial=st.sampled_from(["002", "003", "00x", "0０2"]),
    last=st.sampled_from("0123456789Xx"),
)
def test_the_quick_reading_of_numbers_agrees_with_the_careful_one(
    region: str, birthday: str, serial: str, last: str
) -> None:
    text = region + birthday + serial + last
    quick = WellFormedIds(TODAY)
    for _ in range(2):
        read = quick.read(text)
        careful = parse_id_number(text, today=TODAY)
        assert read is None or read == careful


def test_well_formed_numbers_are_read_quickly_and_alike() -> None:
    quick = WellFormedIds(TODAY)
    for serial in range(1, 40):
        first_17 = f"44030319491231{serial:03}"
        text = first_17 + check_character(first_17)
        read = quick.read(text)
        assert isinstance(read, IdNumber)
        assert read == parse_id_number(text, today=TODAY)


def test_a_number_ruined_by_a_spreadsheet_is_named_as_such() -> None:
    assert id_cleaner(TODAY)("1.10105E+17") is RowFault.STORED_AS_NUMBER


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" 张 三 ", "张三"),
        ("张　三", "张三"),
        ("买买提•艾力", "买买提·艾力"),
        ("John  Smith", "John Smith"),
        ("", None),
    ],
)
def test_blanks_in_names_are_typing(text: str, name: str | None) -> None:
    assert clean_name(text) == name


def test_hostile_names_stay_names() -> None:
    for name in ("Robert'); DROP TABLE people;--", "<script>alert(1)</script>", "=HYPERLINK(1)"):
        assert clean_name(name) == name


def test_every_code_table_gives_values_its_field_has() -> None:
    clean = code_cleaner(codes()["hukou"])
    assert (clean("深 户"), clean("Shenzhen"), clean("火星"), clean("")) == (
        "shenzhen",
        "shenzhen",
        RowFault.CODE,
        None,
    )
    for name, words in codes().items():
        if name not in FIELDS:
            continue
        entry = FIELDS[name]
        for code in words.values():
            assert isinstance(code, bool) if entry.type is FieldType.BOOL else not entry.codes or code in entry.codes
