"""Identity before benefit: nothing personal to somebody we do not know."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from models.conversation import Conversation
from models.vocabulary import MatchState
from outreach_api.conversations.copy_deck import LINES
from tests.conversations.street import ALLOWANCE, CHECK_UP, READINGS, Neighbour, Street

BENEFITS = ("高龄", "津贴", "体检", "残疾", "补贴")


def a_couple(street: Street) -> tuple[Neighbour, Neighbour]:
    """Two residents who share one phone."""
    wife = street.a_resident(ALLOWANCE, name="陈桂芳", born=date(1943, 5, 12), offered=False)
    husband = street.a_resident(CHECK_UP, name="王大山", born=date(1940, 11, 2), offered=False)
    street.offer(wife, ALLOWANCE)
    return wife, husband


def test_a_shared_phone_hears_of_no_benefit_before_somebody_is_known(street: Street) -> None:
    wife, _ = a_couple(street)
    for text in READINGS:
        if text not in ("烦死了别找我", "他不在了", "不认识这个人"):
            street.tell(wife, text)
    street.tell(wife, "同意")
    assert not any(name in contact.text for contact in street.sent for name in BENEFITS)
    assert street.consents == []


@pytest.mark.parametrize("text", ["姓陈，5月", "陈 五月", "我姓陈 5月份生的", "陈桂芳5月", "姓陈，05月"])
def test_surname_and_birth_month_identify(street: Street, text: str) -> None:
    wife, husband = a_couple(street)
    (reply,) = street.tell(wife, text)
    assert "高龄津贴" in reply
    assert "体检" not in reply
    street.tell(wife, "同意")
    assert street.state_of(wife) is MatchState.APPLIED_BY_REPLY
    assert street.state_of(husband, CHECK_UP) is MatchState.IN_OUTREACH


@pytest.mark.parametrize("text", ["姓陈，6月", "姓李，5月", "5月", "姓陈，15月"])
def test_whatever_fits_nobody_identifies_nobody(street: Street, text: str) -> None:
    wife, _ = a_couple(street)
    (reply,) = street.tell(wife, text)
    assert not any(name in reply for name in BENEFITS)
    assert street.all(Conversation)[0].resident_id is None


def test_guessing_ends_after_three_tries(street: Street) -> None:
    wife, _ = a_couple(street)
    for month in (1, 2, 3):
        street.tell(wife, f"姓陈，{month}月")
    assert street.cases == [("human", "unknown_caller")]
    street.tell(wife, "姓陈，5月")
    street.tell(wife, "有多少钱")
    assert street.all(Conversation)[0].resident_id is None


def test_the_question_that_waited_is_answered_once_somebody_is_known(street: Street) -> None:
    wife, _ = a_couple(street)
    assert "几月生的" in street.tell(wife, "有多少钱")[0]
    assert "每月300元" in street.tell(wife, "姓陈，5月")[0]


def test_on_a_shared_phone_yesterdays_speaker_is_not_todays(street: Street) -> None:
    wife, _ = a_couple(street)
    street.tell(wife, "姓陈，5月")
    street.clock.set(street.clock.now() + timedelta(days=1))
    assert "几月生的" in street.tell(wife, "办到哪一步了")[0]


def test_two_who_fit_alike_are_nobody(street: Street) -> None:
    wife = street.a_resident(ALLOWANCE, name="陈桂芳", born=date(1943, 5, 12), offered=False)
    street.a_resident(CHECK_UP, name="陈桂英", born=date(1945, 5, 1), offered=False)
    street.offer(wife, ALLOWANCE)
    street.tell(wife, "姓陈，5月")
    assert street.all(Conversation)[0].resident_id is None


@pytest.mark.parametrize("text", ["有多少钱", "我想办", "办到哪一步了", "还有别的吗", "同意"])
def test_a_stranger_hears_nothing_and_a_person_looks(street: Street, text: str) -> None:
    street.a_resident()
    replies = street.tell("+8613911111111", text)
    assert not any(name in reply for reply in replies for name in BENEFITS)
    assert street.consents == []
    assert ("human", "unknown_caller") in street.cases


def test_a_stranger_may_not_identify_themselves_as_somebody_elses_resident(street: Street) -> None:
    street.a_resident()
    street.tell("+8613911111111", "有多少钱")
    street.tell("+8613911111111", "姓陈，5月")
    assert street.all(Conversation)[0].resident_id is None


def test_a_stranger_may_stop_us(street: Street) -> None:
    assert street.tell("+8613911111111", "退订")
    assert street.tell("+8613911111111", "你好") == []


def test_who_doubts_hears_who_we_are_and_where_to_check(street: Street) -> None:
    chen = street.a_resident()
    (reply,) = street.tell(chen, "是不是骗子")
    assert "12345" in reply
    assert "密码和验证码" in reply


def test_nobody_is_ever_asked_for_id_digits_or_cards() -> None:
    for line in LINES.values():
        for clause in line.replace("；", "。").replace("？", "。").split("。"):
            if any(word in clause for word in ("身份证号", "银行卡", "密码", "验证码")):
                assert any(no in clause for no in ("不", "别")), clause
