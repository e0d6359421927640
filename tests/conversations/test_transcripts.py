"""Dialogues from beginning to end, with a bot that reads a known script."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from models.case import Case
from models.contact import Contact
from models.conversation import Consent
from models.match import Application, Match, MatchChange
from models.resident import Mandate, Preference
from models.vocabulary import (
    ApplicationChannel,
    ApplicationStatus,
    CaseState,
    Channel,
    ContactPurpose,
    ContactState,
    ConversationOutcome,
    MatchState,
)
from outreach_api.cases.ask_settled import ask_settled
from outreach_api.cases.work_case import resolve
from tests.conversations.street import ALLOWANCE, CHECK_UP, SUBSIDY, Street

O = ConversationOutcome  # noqa: E741


def test_the_keyword_applies_and_the_evidence_is_kept(street: Street) -> None:
    chen = street.a_resident()
    (reply,) = street.tell(chen, "“同意”")
    assert "登记申请高龄津贴" in reply
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY
    (consent,) = street.consents
    assert (consent.text, consent.policy_id, consent.policy_version) == ("“同意”", ALLOWANCE, "1")
    assert consent.message_id
    assert street.outcome is O.APPLIED_BY_REPLY


def test_a_bare_yes_is_confirmed_first(street: Street) -> None:
    chen = street.a_resident()
    (reply,) = street.tell(chen, "好")
    assert "请回复“同意”" in reply
    assert not street.consents
    street.tell(chen, "好的")
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY
    assert [consent.text for consent in street.consents] == ["好的"]


@pytest.mark.parametrize("acknowledgement", ["收到", "嗯", "👌", "知道了"])
def test_an_acknowledgement_is_asked_about_once_and_never_applies(street: Street, acknowledgement: str) -> None:
    chen = street.a_resident()
    first = street.tell(chen, acknowledgement)
    again = street.tell(chen, acknowledgement)
    street.tell(chen, acknowledgement)
    assert "请回复“同意”" in first[0]
    assert "没有替您申请" in again[0]
    assert not street.consents
    assert street.state_of(chen) is MatchState.IN_OUTREACH


def test_an_ambiguous_yes_is_left_as_interest(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "好")
    street.tell(chen, "嗯")
    assert street.outcome is O.INTERESTED
    assert street.state_of(chen) is MatchState.INTERESTED
    assert not street.consents


def test_three_questions_then_yes(street: Street) -> None:
    chen = street.a_resident()
    assert "每月300元" in street.tell(chen, "有多少钱")[0]
    assert "颐年卡" in street.tell(chen, "要带什么")[0]
    assert "社区" in street.tell(chen, "去哪里办")[0]
    street.tell(chen, "同意")
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY


def test_what_the_card_does_not_know_is_asked_for_and_not_guessed(street: Street) -> None:
    chen = street.a_resident()
    (reply,) = street.tell(chen, "多久办好")
    assert "不敢乱说" in reply
    assert street.cases == [("policy_question", "no_answer_on_card")]


def test_a_keyword_beside_a_question_counts_and_both_are_served(street: Street) -> None:
    street.bot.readings = {"同意，有多少钱": [{"do": "answer", "topic": "amount"}, {"do": "reply", "value": "yes"}]}
    chen = street.a_resident()
    (reply,) = street.tell(chen, "同意，有多少钱")
    assert "每月300元" in reply
    assert "登记申请" in reply
    assert street.consents


def test_a_keyword_with_a_condition_is_asked_back(street: Street) -> None:
    street.bot.readings = {"同意，不过先问问我儿子": [{"do": "reply", "value": "yes"}]}
    chen = street.a_resident()
    street.tell(chen, "同意，不过先问问我儿子")
    assert not street.consents


def test_changes_of_mind_both_ways(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "不需要")
    assert street.state_of(chen) is MatchState.DECLINED
    street.tell(chen, "还是办吧")
    street.tell(chen, "同意")
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY
    (reply,) = street.tell(chen, "不要了")
    assert "撤回来" in reply
    assert street.state_of(chen) is MatchState.DECLINED
    assert street.outcome is O.DECLINED
    assert street.consents == []
    assert ("human", "requested") in street.cases


def test_where_no_reply_is_accepted_a_yes_is_a_wish_to_be_helped(street: Street) -> None:
    chen = street.a_resident(CHECK_UP)
    (reply,) = street.tell(chen, "同意")
    assert "不能回短信申请" in reply
    assert "社康" in reply
    assert street.state_of(chen, CHECK_UP) is MatchState.INTERESTED
    street.tell(chen, "要")
    assert street.cases == [("home_visit", "help_to_apply")]
    assert street.state_of(chen, CHECK_UP) is MatchState.IN_QUEUE
    assert not street.consents


def test_of_several_offers_a_bare_keyword_is_asked_again(street: Street) -> None:
    chen = street.a_resident(ALLOWANCE, CHECK_UP)
    (reply,) = street.tell(chen, "同意")
    assert "1.高龄津贴 2.老年人免费体检" in reply
    assert not street.consents
    street.tell(chen, "1")
    assert [consent.text for consent in street.consents] == ["同意；1"]
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY
    assert street.state_of(chen, CHECK_UP) is MatchState.IN_OUTREACH


def test_a_number_alone_is_no_keyword(street: Street) -> None:
    chen = street.a_resident(ALLOWANCE, CHECK_UP)
    (reply,) = street.tell(chen, "1")
    assert "请回复“同意”" in reply
    assert not street.consents
    street.tell(chen, "同意")
    assert len(street.consents) == 1


def test_a_question_about_several_offers_waits_for_its_number(street: Street) -> None:
    chen = street.a_resident(ALLOWANCE, CHECK_UP)
    assert "哪一项" in street.tell(chen, "要带什么")[0]
    assert "身份证" in street.tell(chen, "2")[0]


def test_a_keyword_after_a_newer_offer_is_not_taken_for_the_wrong_one(street: Street) -> None:
    chen = street.a_resident(ALLOWANCE, CHECK_UP, offered=False)
    street.offer(chen, ALLOWANCE)
    street.clock.set(street.clock.now().replace(day=20))
    street.offer(chen, CHECK_UP)
    (reply,) = street.tell(chen, "同意")
    assert "哪一项" in reply
    assert not street.consents


def test_who_receives_it_already_is_believed_and_checked(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "早就领了")
    assert street.state_of(chen) is MatchState.ALREADY_ENROLLED
    assert street.cases == [("human", "check_enrolment")]


def test_a_family_member_hears_nothing_personal_and_cannot_consent(street: Street) -> None:
    chen = street.a_resident()
    assert "本人同意" in street.tell(chen, "我是她女儿")[0]
    amount = street.tell(chen, "有多少钱")[0]
    assert "您今年83岁" not in amount
    assert "点了头" in street.tell(chen, "办到哪一步了")[0]
    street.tell(chen, "同意")
    assert not street.consents
    assert ("human", "family_member") in street.cases


def test_the_residents_own_word_is_the_mandate(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "我是她女儿")
    street.tell(chen, "本人同意")
    (mandate,) = street.all(Mandate)
    assert (mandate.relation, mandate.policy_id) == ("女儿", ALLOWANCE)
    assert mandate.expires_at > mandate.granted_at
    assert len(street.consents) == 1


def test_a_time_to_call_is_kept(street: Street) -> None:
    chen = street.a_resident()
    assert "什么时候方便" in street.tell(chen, "现在忙")[0]
    assert "明天下午3点" in street.tell(chen, "明天下午三点打来")[0]
    match = street.all(Match)[0]
    assert match.state is MatchState.CALLBACK
    assert f"{match.callback_at:%F %H:%M}" == "2026-11-19 07:00"


def test_a_time_that_cannot_be_placed_is_asked_for_once(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "改天再说")
    assert "先不打扰" in street.tell(chen, "改天再说")[0]
    assert street.outcome is O.CALLBACK


def test_a_time_at_night_is_not_promised(street: Street) -> None:
    street.bot.readings = {"晚上十点打来": [{"do": "outcome", "outcome": "callback"}]}
    chen = street.a_resident()
    assert "到了白天" in street.tell(chen, "晚上十点打来")[0]


def test_who_cannot_use_a_phone_is_offered_a_visit(street: Street) -> None:
    chen = street.a_resident()
    assert "上门" in street.tell(chen, "不会用手机")[0]
    street.tell(chen, "好")
    assert street.cases == [("home_visit", "cannot_use_phone")]
    assert street.state_of(chen) is MatchState.IN_QUEUE
    assert street.outcome is O.ESCALATED


def test_a_day_that_suits_is_kept_with_the_visit(street: Street) -> None:
    chen = street.a_resident()
    for words in ("不会用手机", "好", "周五下午"):
        street.tell(chen, words)
    with street.sessions.read() as session:
        visit = session.scalars(select(Case)).one()
        assert visit.wanted_from == datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
        assert visit.wanted_to == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_a_visit_asked_for_outranks_a_no_beside_it(street: Street) -> None:
    street.bot.readings = {
        "不是不想办，是不会弄": [{"do": "ask", "question": "home_visit"}, {"do": "outcome", "outcome": "declined"}]
    }
    chen = street.a_resident()
    street.tell(chen, "不是不想办，是不会弄")
    assert street.state_of(chen) is MatchState.IN_OUTREACH


def test_complaint_and_appeal_become_cases_and_decide_nothing(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "你们太慢了")
    street.tell(chen, "楼下路灯坏了")
    assert street.cases == [("complaint", "complaint"), ("appeal", "reported")]
    assert street.outcome is O.NO_DECISION


def test_an_appeal_carries_its_subject(street: Street) -> None:
    from models.case import Case

    chen = street.a_resident()
    street.tell(chen, "楼下路灯坏了")
    assert street.all(Case)[0].summary == "[路灯] 楼下路灯坏了"


def test_what_is_not_understood_is_offered_as_a_choice_and_then_given_to_a_person(street: Street) -> None:
    chen = street.a_resident()
    assert "1.问有多少钱 2.问去哪里办" in street.tell(chen, "哇啦哇啦")[0]
    assert "工作人员" in street.tell(chen, "哇啦哇啦哇啦")[0]
    assert street.cases == [("human", "not_understood")]


def test_the_menu_goes_to_the_bot_with_the_next_message(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "哇啦哇啦")
    street.tell(chen, "1")
    text, state = street.bot.asked[-1]
    assert (text, state.menu, state.misses) == ("1", ("ask_amount", "ask_where"), 1)


def test_status_comes_from_the_application_feed(street: Street) -> None:
    chen = street.a_resident()
    with street.sessions.write() as session:
        session.add(
            Application(
                external_ref="A1",
                status=ApplicationStatus.APPROVED,
                resident_id=chen.resident_id,
                policy_id=ALLOWANCE,
                channel=ApplicationChannel.HALL,
                occurred_on=street.clock.now().date(),
                received_at=street.clock.now(),
            )
        )
    assert "11月18日已经批下来了" in street.tell(chen, "办到哪一步了")[0]
    assert street.cases == []


def test_an_unknown_status_is_asked_for(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "办到哪一步了")
    assert street.cases == [("human", "status_enquiry")]


def test_other_benefits_are_this_persons_own(street: Street) -> None:
    chen = street.a_resident(ALLOWANCE, CHECK_UP, offered=False)
    street.offer(chen, ALLOWANCE)
    street.a_resident(SUBSIDY, name="李四", number="+8613800000002")
    (reply,) = street.tell(chen, "还有别的吗")
    assert "老年人免费体检" in reply
    assert "残疾人" not in reply


def test_moving_away_closes_and_is_checked(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "搬到龙岗去了")
    assert street.state_of(chen) is MatchState.MOVED
    assert street.cases == [("identity", "check_move")]


@pytest.mark.parametrize(
    ("text", "name"), [("中午别打", "not_at_noon"), ("字大一点", "large_type"), ("慢点说", "slow")]
)
def test_preferences_are_kept(street: Street, text: str, name: str) -> None:
    chen = street.a_resident()
    street.tell(chen, text)
    street.tell(chen, text)
    assert [each.name for each in street.all(Preference)] == [name]


def test_the_last_thing_is_said_again(street: Street) -> None:
    chen = street.a_resident()
    amount = street.tell(chen, "有多少钱")
    assert street.tell(chen, "没听清") == amount


def test_silence_on_the_phone_is_asked_after_once(street: Street) -> None:
    chen = street.a_resident()
    assert "听得到吗" in street.tell(chen, "", channel=Channel.VOICE)[0]
    assert "再见" in street.tell(chen, "", channel=Channel.VOICE)[0]


def test_on_the_phone_nobody_is_told_to_write(street: Street) -> None:
    chen = street.a_resident()
    (reply,) = street.tell(chen, "好", channel=Channel.VOICE)
    assert "回复" not in reply
    assert "请说“同意”" in reply


def test_history_names_the_message_that_moved_a_match(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "同意")
    assert [change.because for change in street.all(MatchChange)] == ["inbound:1"]
    assert street.all(Consent)[0].message_id == 2  # the offer is the first line of the transcript


def test_the_transcript_holds_the_offer_and_both_sides(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "有多少钱")
    street.tell(chen, "同意")
    assert [line[0] for line in street.transcript] == ["<", ">", "<", ">", "<"]


def test_a_new_offer_asks_anew(street: Street) -> None:
    chen = street.a_resident(ALLOWANCE, CHECK_UP, offered=False)
    street.offer(chen, ALLOWANCE)
    street.tell(chen, "同意")
    street.clock.set(street.clock.now().replace(day=25))
    street.offer(chen, CHECK_UP)
    street.tell(chen, "好")
    assert street.outcome is O.INTERESTED
    assert street.state_of(chen, CHECK_UP) is MatchState.INTERESTED


def test_whoever_is_asked_whether_it_is_settled_confirms_or_reopens(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "楼下路灯坏了")
    for answer, line, state in (("没修好", "接着办", CaseState.OPEN), ("1", "谢谢", CaseState.CONFIRMED)):
        with street.sessions.write() as session:
            resolve(session, session.scalars(select(Case)).one(), by="staff:1", now=street.clock.now())
        assert ask_settled(street.sessions, now=street.clock.now()) == 1
        with street.sessions.write() as session:
            asked = session.scalars(select(Contact).where(Contact.purpose == ContactPurpose.CASE_CHECK)).all()[-1]
            asked.state, asked.sent_at = ContactState.DELIVERED, street.clock.now()
        assert line in street.tell(chen, answer)[0]
        with street.sessions.read() as session:
            assert session.scalars(select(Case)).one().state is state
    # Later a number is what it always was.
    assert "谢谢您告诉我们" not in street.tell(chen, "1")[0]
    # The stop stays a stop.
    assert "不再联系" in street.tell(chen, "退订")[0]
