"""A firm's clerk: spoken to in the firm's name, taken for the right firm, and let go when it is no longer them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from models.contact import Contact
from models.conversation import Conversation
from models.resident import Phone
from models.vocabulary import MatchState, PhoneState
from outreach_api.conversations.decision import Person
from outreach_api.conversations.firms import firms_named, has_left_the_post
from scheduler.policies.card import Reply
from tests.builders import a_staff_member
from tests.conversations.street import ALLOWANCE, STARTUP, Street, outcome, said

PHONE = "+8613700000009"


def test_a_clerk_is_offered_help_in_the_firms_name_and_a_visit_case_is_opened(street: Street) -> None:
    firm = street.a_firm()
    (reply,) = street.tell(firm, "要")
    assert "贵单位办初创企业补贴" in reply
    street.tell(firm, "要")
    assert street.cases == [("home_visit", "help_to_apply")]
    assert street.state_of(firm, STARTUP) is MatchState.IN_QUEUE


def test_agreeing_applies_for_nothing_where_the_card_takes_no_reply(street: Street) -> None:
    firm = street.a_firm()
    (reply,) = street.tell(firm, "同意")
    assert "不能回短信申请" in reply
    assert not street.consents


def test_agreeing_is_the_firms_application_where_the_card_takes_it(street: Street) -> None:
    taking = Reply(accepts=True, keyword="同意", consent_text="同意由街道代为提交申请。")
    street.cards = {**street.cards, STARTUP: street.cards[STARTUP].model_copy(update={"reply": taking})}
    firm = street.a_firm()
    (reply,) = street.tell(firm, "同意")
    assert "收到贵单位的同意" in reply
    assert [consent.resident_id for consent in street.consents] == [firm.resident_id]


@pytest.mark.parametrize(
    "text",
    ["换人了", "公司换人负责了", "我已离职", "您好，我已经离职了。", "这块现在不归我管了", "我早就不在这家公司了"],
)
def test_who_left_the_post_is_let_go_and_the_firm_waits_for_a_phone(street: Street, text: str) -> None:
    firm = street.a_firm()
    (reply,) = street.tell(firm, text)
    assert "不会再联系" in reply
    assert street.stops == ["wrong_number"]
    assert street.state_of(firm, STARTUP) is MatchState.AWAITING_PHONE
    assert [phone.state for phone in street.all(Phone)] == [PhoneState.QUARANTINED]
    assert street.tell(firm, "补贴多少钱") == []


def test_who_left_the_post_is_let_go_in_the_hands_of_a_person_too(street: Street) -> None:
    firm = street.a_firm()
    street.tell(firm, "有多少钱")
    with street.sessions.write() as session:
        staff = a_staff_member(session)
        session.scalars(select(Conversation)).one().taken_over_by = staff.id
    street.tell(firm, "换人负责了")
    assert street.stops == ["wrong_number"]


@pytest.mark.parametrize(
    "text",
    [
        "我还没离职",
        "换人负责了吗",
        "员工离职了还能申请吗",
        "有个员工离职了，社保怎么算",
        "我不想换人负责",
        "没换人",
        "要离职证明吗",
    ],
)
def test_words_about_others_who_leave_let_nobody_go(text: str) -> None:
    assert not has_left_the_post(text)


def test_a_resident_who_says_so_is_read_by_the_assistant(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "我已离职")
    assert street.stops == []


def test_a_stop_covers_the_firm_and_the_clerks_phone(street: Street) -> None:
    firm = street.a_firm()
    street.tell(firm, "退订")
    assert street.stops == ["opt_out"]
    assert street.state_of(firm, STARTUP) is MatchState.OPTED_OUT


def test_a_firm_does_not_die_with_its_clerk(street: Street) -> None:
    firm = street.a_firm()
    street.bot.readings = {"他去世了，别发了": outcome("deceased")}
    street.tell(firm, "他去世了，别发了")
    assert street.stops == ["wrong_number"]
    assert street.state_of(firm, STARTUP) is MatchState.AWAITING_PHONE


def test_somebody_of_the_firm_needs_no_mandate(street: Street) -> None:
    firm = street.a_firm()
    street.bot.readings = {"我是会计": [*said("family_welcome"), {"do": "ask", "question": "mandate"}]}
    assert street.tell(firm, "我是会计") == ["您好，谢谢您回复。"]
    assert street.tell(firm, "要")[0].endswith("就不用回了。")


def test_a_clerk_of_two_firms_says_which_and_who_they_are(street: Street) -> None:
    first = street.a_firm(name="深圳市桥东科技有限公司", number=PHONE, offered=False)
    second = street.a_firm(name="深圳市桥东科技服务有限公司", number=PHONE)
    (offer,) = street.all(Contact)
    assert "初创" not in offer.text
    assert "桥东" not in offer.text
    (asked_again,) = street.tell(PHONE, "桥东科技服务公司，姓马")
    assert "单位叫什么" in asked_again
    (named,) = street.tell(PHONE, "桥东科技服务，我姓何")
    assert "贵单位可能可以享受初创企业补贴" in named
    street.tell(PHONE, "要")
    assert street.state_of(second, STARTUP) is MatchState.INTERESTED
    street.tell(PHONE, "深圳市桥东科技有限公司 何敏")
    street.tell(PHONE, "不要")
    assert street.state_of(first, STARTUP) is MatchState.DECLINED
    assert street.state_of(second, STARTUP) is MatchState.INTERESTED


def test_one_phone_of_a_firm_and_a_resident_is_asked_who_speaks(street: Street) -> None:
    firm = street.a_firm(number=PHONE, offered=False)
    chen = street.a_resident(number=PHONE)
    street.tell(PHONE, "桥东科技，姓何")
    street.tell(PHONE, "要")
    assert street.state_of(firm, STARTUP) is MatchState.INTERESTED
    assert street.state_of(chen, ALLOWANCE) is MatchState.IN_OUTREACH


def test_the_firms_name_alone_tells_nothing(street: Street) -> None:
    street.a_firm(number=PHONE, offered=False)
    street.a_firm(name="何记贸易行", number=PHONE)
    for guess in ("桥东科技", "何记贸易行", "桥东科技，姓赵"):
        (reply,) = street.tell(PHONE, guess)
        assert "初创" not in reply
    assert street.cases == [("human", "unknown_caller")]


def test_a_firm_whose_clerk_is_not_known_is_not_taken_for_anybodys() -> None:
    firm = Person(1, "深圳市桥东科技有限公司", None, None, clerk="何敏")
    assert firms_named([firm], "桥东科技 何敏") == [firm]
    assert firms_named([replace(firm, clerk=None)], "桥东科技 何敏") == []
