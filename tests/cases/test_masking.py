from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import AuditEntry
from models.vocabulary import Role
from outreach_api.privacy.masking import mask_address, mask_id_number, mask_name, mask_phone, mask_text
from outreach_api.privacy.reveal import READ, Detail, RevealRefused, reveal
from tests.builders import NOON, a_case, a_match, a_resident, a_staff_member

DIGITS = st.text("0123456789０１２３４５６７８９", min_size=1, max_size=24)
SPACED_DIGITS = st.lists(DIGITS, min_size=1, max_size=6).map(" ".join)


def digits_of(text: str) -> int:
    return sum(c.isdigit() for c in text)


@pytest.mark.parametrize(
    ("name", "shown"), [("张伟", "张*"), ("张三丰", "张*"), (" 李 ", "李*"), ("", ""), (None, ""), ("<b>", "<*")]
)
def test_a_name_shows_its_first_character(name: str | None, shown: str) -> None:
    assert mask_name(name) == shown


def test_known_forms_are_masked_as_agreed() -> None:
    assert mask_phone("+8613812345678") == "138****5678"
    assert mask_id_number("440301194103051234") == "4403**********1234"
    assert (
        mask_address("罗湖区东门街道湖贝社区3栋502", street="东门街道", community="湖贝社区") == "东门街道湖贝社区***"
    )
    assert mask_address("罗湖区东门街道湖贝社区3栋502") == "罗湖区东门街道湖贝社区***"
    assert mask_address("文锦中路12号") == "***"


@given(st.text())
def test_no_name_shows_more_than_one_character_of_itself(name: str) -> None:
    assert len(mask_name(name)) <= 2


@given(st.text() | DIGITS | SPACED_DIGITS)
def test_no_phone_shows_more_than_seven_digits_nor_the_middle(number: str) -> None:
    assert digits_of(mask_phone(number)) <= min(7, max(digits_of(number) - 4, 0))


@given(st.text() | DIGITS | SPACED_DIGITS)
def test_no_id_number_shows_more_than_eight_characters(number: str) -> None:
    assert len(mask_id_number(number).replace("*", "")) <= 8


@given(st.text() | st.from_regex(r"[一-鿿]{0,6}(街道|社区)?[0-9]{1,4}号[0-9]{1,3}栋", fullmatch=True))
def test_no_address_shows_a_house_number(address: str) -> None:
    assert digits_of(mask_address(address)) == 0


@given(before=st.text(alphabet="您好电话是,。 ", max_size=8), code=SPACED_DIGITS, after=st.text("吧。ab", max_size=4))
def test_no_text_keeps_a_long_number(before: str, code: str, after: str) -> None:
    masked = mask_text(before + code + after)
    kept = digits_of(masked)
    assert kept == digits_of(code) if digits_of(code) < 7 else kept <= 8
    assert not re.search(r"\d{7}", masked)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我叫陈秀兰，电话138 1234-5678", "我叫陈*，电话138****5678"),
        ("身份证44030319510305123X", "身份证4403**********123X"),
        ("卡号6222 0212 3456 7890 123", "卡号****0123"),
        ("每月300元，2026-12-01前拨12345", "每月300元，2026-12-01前拨12345"),
    ],
)
def test_a_transcript_line_is_masked(text: str, shown: str) -> None:
    assert mask_text(text, names=["陈秀兰"]) == shown


@pytest.mark.parametrize("detail", Detail)
def test_a_reveal_is_on_the_record_and_the_record_holds_no_value(session: Session, detail: Detail) -> None:
    match = a_match(session)
    a_case(session, match)
    resident, actor = match.resident, f"staff:{a_staff_member(session, Role.AGENT).id}"
    value = reveal(session, resident.id, detail, actor=actor, purpose="核对上门地址", now=NOON)
    assert value == READ[detail](resident) != ""
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.subject, entry.purpose) == (actor, f"resident:{resident.id}", "核对上门地址")
    assert value not in str(vars(entry))


@pytest.mark.parametrize("purpose", ["", "   ", "看", "x" * 201])
def test_a_reveal_without_purpose_shows_nothing(session: Session, purpose: str) -> None:
    resident = a_resident(session)
    with pytest.raises(RevealRefused, match="purpose"):
        reveal(session, resident.id, Detail.PHONE, actor="staff:3", purpose=purpose, now=NOON)
    assert session.scalars(select(AuditEntry)).all() == []
