"""The chat page joins the talk that the resident already has: one question, one consent, one stop on both channels."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from models.case import Building, Station
from models.chat import ChatVisit
from models.conversation import Conversation, Message
from models.notice import NoticeGiven
from models.resident import Resident
from models.vocabulary import Channel, MatchState, Role
from outreach_api.conversations.takeover import hand_back, take_over, tell_the_page, write_as_staff
from tests.builders import a_staff_member
from tests.chat.parlour import Parlour
from tests.conversations.street import ALLOWANCE, CHECK_UP, SUBSIDY


def test_the_page_opens_with_what_is_open_for_the_resident(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident(ALLOWANCE))
    greeting = page.lines()[-1]
    assert "智能助手" in greeting["text"]
    (panel,) = greeting["shown"]["panels"]
    assert panel["policy"] == ALLOWANCE
    assert "您今年83岁" in panel["amount"]
    assert panel["press"]["button"] == f"apply:{ALLOWANCE}:{parlour.street.cards[ALLOWANCE].version}"
    assert panel["source"]["name"]
    assert panel["documents"]["say"]


def test_the_button_applies_and_keeps_the_words_that_were_agreed_to(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    page = parlour.a_page(chen)
    press = page.lines()[-1]["shown"]["panels"][0]["press"]
    assert "点“同意申请”" in press["terms"]
    assert "已经帮您登记申请" in page.answers(press["says"], button=press["button"])
    assert parlour.street.state_of(chen) is MatchState.APPLIED_BY_REPLY
    (consent,) = parlour.street.consents
    assert consent.text == press["says"] + press["terms"]
    assert consent.policy_version == str(parlour.street.cards[ALLOWANCE].version)
    written = next(each for each in parlour.street.all(Message) if each.id == consent.message_id)
    assert (written.text, written.channel) == (press["says"], Channel.CHAT)


def test_a_button_of_an_older_card_shows_the_new_one_and_applies_for_nothing(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    page = parlour.a_page(chen)
    shown = page.write("我同意申请", button=f"apply:{ALLOWANCE}:999")[-1]
    assert "刚刚更新" in shown["text"]
    assert shown["shown"]["panels"][0]["policy"] == ALLOWANCE
    assert parlour.street.consents == []


def test_each_of_several_offers_has_a_button_of_its_own(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(CHECK_UP, ALLOWANCE)
    page = parlour.a_page(chen)
    panels = page.lines()[-1]["shown"]["panels"]
    assert [panel["policy"] for panel in panels] == [CHECK_UP, ALLOWANCE]
    press = panels[1]["press"]
    page.write(press["says"], button=press["button"])
    assert parlour.street.state_of(chen, ALLOWANCE) is MatchState.APPLIED_BY_REPLY
    assert parlour.street.state_of(chen, CHECK_UP) is MatchState.IN_OUTREACH


def test_where_no_reply_applies_the_button_asks_for_help(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(SUBSIDY)
    page = parlour.a_page(chen)
    press = page.lines()[-1]["shown"]["panels"][0]["press"]
    assert press["button"].startswith("help:")
    answer = page.write(press["says"], button=press["button"])[-1]
    assert [chip["says"] for chip in answer["shown"]["chips"]] == ["要", "不用了"]
    assert parlour.street.state_of(chen, SUBSIDY) is MatchState.INTERESTED
    assert parlour.street.consents == []


def test_a_question_is_answered_with_the_panel_of_its_policy(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident(ALLOWANCE))
    answer = page.write("有多少钱")[-1]
    assert answer["shown"]["panels"][0]["policy"] == ALLOWANCE
    assert {"label": "找人工", "says": "找人工"} in answer["shown"]["chips"]


def test_the_panel_names_the_station_nearest_to_the_residents_door(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    with parlour.street.sessions.write() as session:
        resident = session.get_one(Resident, chen.resident_id)
        resident.street, resident.community, resident.address = "东门街道", "湖贝社区", "湖贝路12号3栋502"
        session.add(Building(address="湖贝路12号", street="东门街道", community="湖贝社区", lat=22.548, lon=114.120))
        for name, lat in (("远的站", 22.560), ("近的站", 22.549)):
            session.add(Station(name=name, street="东门街道", community="湖贝社区", lat=lat, lon=114.120))
    assert parlour.a_page(chen).lines()[-1]["shown"]["panels"][0]["station"] == "近的站"


def test_an_answer_by_text_closes_the_question_on_the_page_and_both_show_it(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    page = parlour.a_page(chen)
    parlour.street.tell(chen, "同意")
    assert parlour.street.state_of(chen) is MatchState.APPLIED_BY_REPLY
    assert [line["channel"] for line in page.lines()[-2:]] == ["sms", "sms"]
    assert "已经登记申请了" in page.answers("同意")
    assert len(parlour.street.consents) == 1
    assert len(parlour.street.all(Conversation)) == 1


def test_an_answer_on_the_page_closes_the_question_by_text(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    parlour.a_page(chen).answers("同意")
    assert "已经登记申请了" in parlour.street.tell(chen, "同意")[0]
    assert len(parlour.street.consents) == 1


def test_replies_to_the_page_are_no_contacts(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident(ALLOWANCE))
    page.answers("有多少钱")
    assert parlour.street.sent == []


def test_a_stop_on_the_page_stops_everything_and_the_page_is_silent(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    page = parlour.a_page(chen)
    assert "打扰您了" in page.answers("退订")
    assert parlour.street.stops == ["opt_out"]
    assert page.standing()["stopped"] is True
    assert page.answers("有多少钱") == ""
    assert parlour.street.tell(chen, "有多少钱") == []
    assert "恢复" in page.answers("恢复")


def test_after_a_stop_by_text_the_page_greets_nobody(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    parlour.street.tell(chen, "退订")
    before = len(parlour.street.all(Message))
    page = parlour.a_page(chen)
    assert len(parlour.street.all(Message)) == before
    assert page.standing()["stopped"] is True


def test_opened_again_it_greets_no_second_time_and_leaves_an_open_question_alone(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    page = parlour.a_page(chen)
    before = len(page.lines())
    page.say_who()
    assert len(page.lines()) == before
    page.answers("不会用手机")
    page.say_who()
    page.answers("要")
    assert ("home_visit", "cannot_use_phone") in parlour.street.cases


# Somebody of the family


def test_family_hears_no_personal_amount_and_cannot_apply(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    page = parlour.a_page(chen, relation="子女")
    (panel,) = page.lines()[-1]["shown"]["panels"]
    assert "83" not in panel["amount"]
    assert panel["press"] is None
    assert "老人自己点头" in page.answers("我同意申请", button=f"apply:{ALLOWANCE}:1")
    assert "老人自己点头" in page.answers("本人同意")
    assert parlour.street.consents == []


def test_the_residents_own_word_by_text_applies_and_is_the_mandate(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    parlour.a_page(chen, relation="子女").answers("同意")
    parlour.street.tell(chen, "本人同意")
    assert parlour.street.state_of(chen) is MatchState.APPLIED_BY_REPLY
    assert len(parlour.street.consents) == 1


def test_who_says_on_the_page_that_they_are_somebody_else_stays_that(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident(ALLOWANCE))
    page.answers("我是她女儿")
    page.answers("本人同意")
    assert parlour.street.consents == []
    assert page.standing()["relation"] == "女儿"


def test_a_resident_at_their_own_page_is_not_taken_for_the_family_that_wrote_before(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    parlour.a_page(chen, relation="子女").answers("有多少钱")
    assert "已经帮您登记申请" in parlour.a_page(chen).answers("同意")


# A phone that several share


def test_on_a_shared_phone_only_what_was_said_on_ones_own_page_is_shown(parlour: Parlour) -> None:
    street = parlour.street
    chen = street.a_resident(ALLOWANCE, offered=False)
    wang = street.a_resident(CHECK_UP, name="王阿伯", born=date(1940, 7, 1), offered=False)
    street.offer(chen, ALLOWANCE)
    his = parlour.a_page(wang, surname="王", month=7)
    his.answers("有多少钱")
    hers = parlour.a_page(chen)
    shown = hers.lines()
    assert [panel["policy"] for panel in shown[-1]["shown"]["panels"]] == [ALLOWANCE]
    assert not any("有多少钱" in line["text"] for line in shown)


# A person takes over


@pytest.fixture
def agent(parlour: Parlour) -> int:
    with parlour.street.sessions.write() as session:
        return a_staff_member(session, Role.AGENT).id


def test_staff_write_to_an_open_page_and_hand_back(parlour: Parlour, agent: int) -> None:
    page = parlour.a_page(parlour.street.a_resident(ALLOWANCE))
    page.answers("找人工")
    now = parlour.street.clock.now()
    with parlour.street.sessions.write() as session:
        talk = session.get_one(Conversation, 1)
        tell_the_page(session, talk, "chat_staff_here", now=now)
        take_over(session, talk, agent)
        write_as_staff(session, talk, "我是小李，您说。", now=now)
    assert [line["by"] for line in page.lines()[-2:]] == ["system", "staff"]
    assert page.standing()["staff"] is True
    assert page.answers("有多少钱") == ""
    with parlour.street.sessions.write() as session:
        hand_back(session, session.get_one(Conversation, 1), agent)
    assert "元" in page.answers("有多少钱")
    assert parlour.street.sent == []


def test_once_the_page_is_closed_what_staff_write_goes_as_a_text(parlour: Parlour, agent: int) -> None:
    page = parlour.a_page(parlour.street.a_resident(ALLOWANCE))
    page.answers("找人工")
    later = parlour.street.clock.now() + timedelta(minutes=10)
    with parlour.street.sessions.write() as session:
        talk = session.get_one(Conversation, 1)
        take_over(session, talk, agent)
        write_as_staff(session, talk, "刚才问到了。", now=later)
    (sent,) = [each for each in parlour.street.sent if each.template_key == "staff.words"]
    assert sent.channel is Channel.SMS
    assert len(parlour.street.all(ChatVisit)) == 1


def test_the_first_visit_says_what_the_data_is_used_for_and_no_other_does(parlour: Parlour) -> None:
    chen = parlour.street.a_resident(ALLOWANCE)
    first = parlour.a_page(chen)
    assert first.lines()[-1]["text"].count("我们怎么用您的信息") == 1
    page = parlour.a_page(chen)
    assert sum("我们怎么用您的信息" in line["text"] for line in page.lines()) == 1
    (given,) = parlour.street.all(NoticeGiven)
    assert (given.resident_id, given.channel) == (chen.resident_id, Channel.CHAT)


def test_who_asks_is_told_what_the_data_is_used_for(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident(ALLOWANCE))
    assert "民政、医保、人社" in page.answers("告知")
