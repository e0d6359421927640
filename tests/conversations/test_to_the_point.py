"""An answer speaks of what was asked, or there is none."""

from __future__ import annotations

import pytest

from outreach_api.conversations.to_the_point import speaks_of_it
from tests.conversations.street import ALLOWANCE, CHECK_UP, NOTHING_UNDERSTOOD, ScriptedBot, Street, question


def test_a_question_of_preparing_is_answered_by_the_faq_about_it(street: Street) -> None:
    street.bot = ScriptedBot({"要空腹吗": question("documents")})
    chen = street.a_resident(CHECK_UP)
    (reply,) = street.tell(chen, "要空腹吗")
    assert "空腹去" in reply
    assert not street.cases


def test_where_the_money_goes_is_answered_from_the_card(street: Street) -> None:
    street.bot = ScriptedBot({"钱打到哪里": question("payment_date")})
    chen = street.a_resident(ALLOWANCE)
    assert "颐年卡" in street.tell(chen, "钱打到哪里")[0]


@pytest.mark.parametrize("text", ["要交税吗", "会影响低保吗", "报告去哪拿", "社区的电话是多少"])
def test_what_the_card_does_not_speak_of_is_asked_for(street: Street, text: str) -> None:
    street.bot = ScriptedBot({text: question("eligibility")})
    chen = street.a_resident(ALLOWANCE)
    assert "不敢乱说" in street.tell(chen, text)[0]
    assert street.cases == [("policy_question", "no_answer_on_card")]


def test_a_question_of_a_thing_is_not_met_with_a_choice(street: Street) -> None:
    street.bot = ScriptedBot({"抽血疼不疼": NOTHING_UNDERSTOOD})
    chen = street.a_resident(CHECK_UP)
    assert "不敢乱说" in street.tell(chen, "抽血疼不疼")[0]


def test_a_sentence_without_a_thing_is_spoken_of_by_any_answer() -> None:
    assert speaks_of_it("要带什么", "带上身份证就行。")
    assert not speaks_of_it("早饭能吃吗", "带上身份证就行。")
