"""Calls as transcripts, on both ways of carrying one: real HTTP, real WebSocket, the real assistant."""

from __future__ import annotations

import pytest

from models.call import Call
from models.case import Case
from models.contact import Contact
from models.vocabulary import CaseState, ContactPurpose, ContactState, ConversationOutcome, MatchState
from outreach_api.voice.lines import AFTER_IDENTITY, BEFORE_IDENTITY
from outreach_api.voice.settings import Transport
from sandbox.carrier.listening import BargeIn, HangUp, Press, Say, Silent
from tests.voice.lab import ALLOWANCE, CHECK_UP, ME, SUBSIDY, Lab

O = ConversationOutcome  # noqa: E741
pytestmark = pytest.mark.rasa
NAMES_OF_BENEFITS = ("津贴", "体检", "补贴")


@pytest.fixture(params=list(Transport), ids=lambda transport: transport.value)
def on(request: pytest.FixtureRequest, lab: Lab) -> Lab:
    lab.use(request.param)
    return lab


# The opening


def test_it_says_who_calls_and_what_it_is_and_names_nothing_before_it_knows_who_listens(on: Lab) -> None:
    talked = on.call(HangUp())
    assert all(words in talked.all for words in ("罗湖区民政", "智能助手", "不是真人", "记下来", "姓什么"))
    assert not any(name in talked.all for name in (*NAMES_OF_BENEFITS, "陈", "桂芳"))
    assert talked.faults == []


def test_a_yes_by_word_after_identity_is_an_application(on: Lab) -> None:
    talked = on.call(ME, "同意", "没有了，谢谢")
    assert (talked.outcome, talked.state()) == (O.APPLIED_BY_REPLY, MatchState.APPLIED_BY_REPLY)
    assert [consent.text for consent in talked.consents] == ["同意"]
    assert talked.contact.state is ContactState.ANSWERED
    assert "再见" in talked.heard[-1]


def test_the_first_call_says_what_the_data_is_used_for_once_it_knows_who_listens(on: Lab) -> None:
    talked = on.call(ME, "同意", "没有了，谢谢")
    told = AFTER_IDENTITY["notice"][:12]
    assert told not in talked.heard[0]
    assert told in talked.heard[1]
    assert sum(told in said for said in talked.heard) == 1


def test_a_yes_by_key_keeps_that_it_was_a_key(on: Lab) -> None:
    talked = on.call(ME, Press("1"))
    assert talked.state() is MatchState.APPLIED_BY_REPLY
    assert [consent.text for consent in talked.consents] == ["按键1"]


def test_a_no_by_key_declines(on: Lab) -> None:
    talked = on.call(ME, Press("2"))
    assert (talked.outcome, talked.state()) == (O.DECLINED, MatchState.DECLINED)


def test_a_key_before_identity_agrees_to_nothing(on: Lab) -> None:
    talked = on.call(Press("1"), HangUp())
    assert talked.consents == []
    assert "姓什么" in talked.heard[1]


def test_hello_is_answered_by_asking_again(on: Lab) -> None:
    talked = on.call("喂？", ME)
    assert "姓什么" in talked.heard[1]
    assert "高龄津贴" in talked.heard[2]


def test_a_name_in_two_halves_is_one_name(on: Lab) -> None:
    talked = on.call("我姓陈", "五月", HangUp())
    assert "几月生的" in talked.heard[1]
    assert "高龄津贴" in talked.heard[2]


def test_a_child_that_says_grandmother_is_out_has_buried_nobody(on: Lab) -> None:
    talked = on.call("奶奶不在家")
    assert (talked.stops, talked.cases) == ([], [])
    assert "过后再打" in talked.heard[1]


def test_who_goes_there_in_person_has_declined_nothing(on: Lab) -> None:
    talked = on.call(ME, "去哪里办", "没有了，再见")
    assert talked.state() is MatchState.IN_OUTREACH
    assert "按1" in talked.heard[2]
    assert "再见" in talked.heard[3]


def test_a_wrong_name_hears_nothing_and_after_three_tries_a_person_looks(on: Lab) -> None:
    talked = on.call("我姓王，八月的", "姓李，一月", "姓赵，二月")
    assert not any(name in talked.all for name in NAMES_OF_BENEFITS)
    assert ("human", "unknown_caller") in talked.cases


def test_a_doubt_is_taken_seriously_and_names_nothing(on: Lab) -> None:
    talked = on.call("你们是不是骗子", HangUp())
    assert "12345" in talked.heard[1]
    assert not any(name in talked.all for name in NAMES_OF_BENEFITS)


# In the middle


def test_a_question_is_answered_from_the_card(on: Lab) -> None:
    talked = on.call(ME, "要带什么材料", HangUp())
    assert "材料" in talked.heard[2]
    assert "按1" in talked.heard[2]


def test_the_star_says_it_again(on: Lab) -> None:
    talked = on.call(ME, Press("*"), HangUp())
    assert talked.heard[2] == talked.heard[1]


def test_say_it_again_says_the_offer_again(on: Lab) -> None:
    talked = on.call(ME, "再说一遍", HangUp())
    assert "高龄津贴" in talked.heard[2]


def test_say_it_again_before_identity_repeats_nothing_of_an_earlier_talk(on: Lab) -> None:
    who = on.a_resident()
    on.call(ME, "要带什么材料", HangUp(), who=who)
    on.next_day()
    talked = on.call("再说一遍", "你说慢一点", HangUp(), who=who)
    assert "姓什么" in talked.heard[1]
    assert not any(name in talked.all for name in NAMES_OF_BENEFITS)


def test_slower_is_kept_for_the_next_call(on: Lab) -> None:
    who = on.a_resident()
    talked = on.call(ME, "你说慢一点", HangUp(), who=who)
    assert talked.call.state["slow"]
    assert "slow" in on.preferences(who[0])
    on.next_day()
    assert on.call(HangUp(), who=who).call.state["slow"]


def test_cantonese_is_answered_with_a_cantonese_voice(on: Lab) -> None:
    talked = on.call(Say("你係边个啊，我唔识听普通话喎", language="yue-Hant-HK"), HangUp())
    assert talked.call.state["cantonese"]


def test_cantonese_is_kept_for_the_next_call(on: Lab) -> None:
    who = on.a_resident()
    on.call(Say("我姓陈，五月生嘅，你係边个，我唔识听", language="yue-Hant-HK"), HangUp(), who=who)
    assert "cantonese" in on.preferences(who[0])
    on.next_day()
    assert on.call(HangUp(), who=who).call.state["cantonese"]


def test_wait_a_moment_is_waited_for(on: Lab) -> None:
    talked = on.call("等一下", ME, HangUp())
    assert BEFORE_IDENTITY["wait"] in talked.heard[1]
    assert "高龄津贴" in talked.heard[2]


def test_several_benefits_are_one_call_and_a_numbered_choice(on: Lab) -> None:
    talked = on.call(ME, "第二个", HangUp(), policies=(ALLOWANCE, CHECK_UP))
    assert "第1个，高龄津贴" in talked.heard[1]
    assert "第2个，老年人免费体检" in talked.heard[1]
    assert talked.state(CHECK_UP) is MatchState.INTERESTED
    assert talked.consents == []


@pytest.mark.parametrize("more", ["接着说", Press("1")], ids=["word", "key"])
def test_a_long_answer_is_given_in_pieces_and_goes_on_when_wanted(on: Lab, more: str | Press) -> None:
    talked = on.call(ME, "要带什么材料，一个月多少钱，去哪里办", more, HangUp())
    assert "要我接着说吗" in talked.heard[2]
    assert talked.heard[3]
    assert talked.heard[3] not in talked.heard[2]
    assert talked.consents == []


def test_who_has_heard_enough_of_it_is_told_no_more(on: Lab) -> None:
    talked = on.call(ME, "要带什么材料，一个月多少钱，去哪里办", Press("2"), HangUp())
    assert talked.heard[3] == BEFORE_IDENTITY["enough"]
    assert talked.state() is MatchState.IN_OUTREACH


def test_a_chatty_answer_is_borne(on: Lab) -> None:
    talked = on.call("我这几天腿疼，刚从医院回来，医生说要多走走，对了你刚才说什么来着", ME, HangUp())
    assert "高龄津贴" in talked.all


def test_noise_is_asked_about_once_and_then_a_person_is_asked(on: Lab) -> None:
    talked = on.call("咕噜咕噜嘶嘶", "嘶嘶啪啪咕", HangUp())
    assert talked.consents == []
    assert not any(name in talked.all for name in NAMES_OF_BENEFITS)


# Ending


def test_no_thanks_after_an_application_takes_nothing_back(on: Lab) -> None:
    talked = on.call(ME, "同意", "唔使喇，多谢晒")
    assert talked.state() is MatchState.APPLIED_BY_REPLY
    assert "再见" in talked.heard[-1]


def test_a_call_for_a_survey_asks_it_of_whom_it_is_for(on: Lab) -> None:
    who = on.a_resident()
    talked = on.call(ME, Press("4"), HangUp(), who=who, contact_id=on.plan_survey(who))
    assert "回访" in talked.heard[0]
    assert "满意" in talked.heard[1]
    assert "没有等您说的" not in talked.heard[1]
    assert list(talked.survey_answers.values()) == ["4"]


def test_a_call_about_a_visit_says_so_once_it_is_known_who_speaks(on: Lab) -> None:
    who = on.a_resident()
    told = "工作人员5月6日上午上门帮您办事，来的人会报核对号1 2 3 4。"
    talked = on.call(ME, "好的", who=who, contact_id=on.plan_call(*who, ContactPurpose.VISIT_NOTICE, text=told))
    assert "上门" not in talked.heard[0]
    assert "5月6日上午" in talked.heard[1]
    assert "津贴" not in talked.heard[1]


def test_a_call_asks_whether_it_is_settled_and_takes_the_answer(on: Lab) -> None:
    who = on.a_resident()
    asks = "您向我们反映的事，真的办好了吗？"
    contact_id = on.plan_call(*who, ContactPurpose.CASE_CHECK, text=asks)
    case_id = on.a_resolved_appeal(who[0], asked_by=contact_id)
    talked = on.call(ME, "没人来", HangUp(), who=who, contact_id=contact_id)
    assert asks in talked.heard[1]
    assert "接着办" in talked.heard[2]
    assert on.one(Case, Case.id == case_id).state is CaseState.OPEN


def test_nine_stops_at_once_on_every_channel(on: Lab) -> None:
    talked = on.call(Press("9"))
    assert (talked.outcome, talked.stops) == (O.OPTED_OUT, ["opt_out"])
    assert talked.state() is MatchState.OPTED_OUT
    assert talked.call.ended_because == "completed"


def test_a_stop_in_own_words_ends_the_call(on: Lab) -> None:
    talked = on.call("以后别再打了", "喂")
    assert talked.stops == ["opt_out"]
    assert len(talked.heard) == 2


def test_a_wrong_person_is_left_alone(on: Lab) -> None:
    talked = on.call("你打错了，我不认识这个人")
    assert (talked.outcome, talked.stops) == (O.WRONG_PERSON, ["wrong_number"])
    assert talked.state() is MatchState.AWAITING_PHONE


def test_a_death_is_met_with_condolence(on: Lab) -> None:
    talked = on.call("我妈上个月过世了")
    assert talked.outcome is O.DECEASED
    assert "节哀" in talked.heard[1]
    assert ("identity", "check_death") in talked.cases


def test_a_daughter_is_welcome_and_hears_nothing_personal(on: Lab) -> None:
    talked = on.call("我是她女儿，她耳朵不好，跟我说吧", HangUp())
    assert talked.talk.state["relation"] == "女儿"
    assert not any(name in talked.all for name in NAMES_OF_BENEFITS)


def test_another_time_is_kept(on: Lab) -> None:
    talked = on.call("我现在忙，明天下午三点再打来")
    assert (talked.outcome, talked.state()) == (O.CALLBACK, MatchState.CALLBACK)
    assert "明天下午3点" in talked.heard[1]
    assert "再见" in talked.heard[1]


def test_help_at_home_is_a_case(on: Lab) -> None:
    talked = on.call(ME, "我腿脚不好下不了楼，能来家里办吗", "没有了")
    assert any(kind == "home_visit" for kind, _ in talked.cases)
    assert talked.state() is MatchState.IN_QUEUE


def test_zero_without_agents_promises_a_person(on: Lab) -> None:
    talked = on.call(Press("0"), HangUp())
    assert ("human", "requested") in talked.cases
    assert "工作人员" in talked.heard[1]


def test_zero_in_working_hours_hands_the_call_over_with_the_case_open(on: Lab) -> None:
    on.house.settings.voice.agents_number = "+8675512345"
    try:
        talked = on.call(ME, Press("0"), Silent())
    finally:
        on.house.settings.voice.agents_number = ""
    assert ("human", "requested") in talked.cases
    assert "转接" in talked.all
    # Nobody of the agents took it: a time is promised.
    assert "之前会有人联系您" in talked.heard[-1]


def test_hanging_up_in_mid_sentence_loses_nothing_and_agrees_to_nothing(on: Lab) -> None:
    talked = on.call(ME, HangUp(half_said="好的同意不过我要先"))
    by_relay = on.house.settings.voice.transport is Transport.RELAY
    assert on.comes_true(lambda: not by_relay or "好的同意不过我要先" in "".join(talked.transcript))
    assert talked.consents == []
    assert talked.contact.state is ContactState.ANSWERED
    assert on.all_settled()


def test_a_stop_that_the_hang_up_cut_off_binds(lab: Lab) -> None:
    lab.use(Transport.RELAY)
    talked = lab.call(ME, HangUp(half_said="别再打电话了"))
    assert lab.comes_true(lambda: talked.stops == ["opt_out"])


# What is no conversation


@pytest.mark.parametrize("machine", ["machine_end_beep", "machine_start"])
def test_a_machine_gets_one_short_message_without_any_benefit(on: Lab, machine: str) -> None:
    who = on.a_resident()
    talked = on.call(answered_by=machine, who=who)
    assert talked.contact.state is ContactState.VOICEMAIL
    assert talked.all == BEFORE_IDENTITY["voicemail"].replace("“", "").replace("”", "")
    on.next_day()
    again = on.call(answered_by=machine, who=who)
    assert (again.heard, again.contact.state) == ([], ContactState.VOICEMAIL)


def test_a_fax_is_hung_up_on(on: Lab) -> None:
    talked = on.call(answered_by="fax")
    assert talked.heard == []


def test_who_may_be_a_machine_is_treated_as_a_person(on: Lab) -> None:
    talked = on.call(ME, HangUp(), answered_by="unknown")
    assert "高龄津贴" in talked.all
    assert talked.contact.state is ContactState.ANSWERED


def test_silence_is_asked_after_twice_then_keys_then_goodbye_and_a_text(on: Lab) -> None:
    on.house.settings.voice.relay_silence_seconds = 0.6
    try:
        talked = on.call(Silent(), Silent(), Silent(), Silent())
    finally:
        on.house.settings.voice.relay_silence_seconds = 30.0
    assert "听得到吗" in talked.heard[1]
    assert "慢慢" in talked.heard[2]
    assert "按键" in talked.heard[3]
    assert "再见" in talked.heard[4]
    assert [text.purpose.value for text in on.texts_to(talked.phone_id)] == ["reminder"]


def test_a_shared_phone_asks_who_it_is_and_speaks_of_that_one(on: Lab) -> None:
    who = on.a_resident()
    on.a_resident(CHECK_UP, name="王建国", number=who[1])
    talked = on.call("我姓王，五月的", HangUp(), who=who)
    assert "体检" in talked.heard[1]
    assert "高龄" not in talked.all


# Rung by a resident


def test_who_rings_back_is_greeted_as_somebody_called_and_asked_who_they_are(on: Lab) -> None:
    who = on.a_resident()
    on.call(HangUp(), who=who)
    talked = on.ring(who[1], ME, HangUp(), matches=who[2])
    assert "之前联系过" in talked.heard[0]
    assert "高龄津贴" in talked.heard[1]


def test_an_unknown_caller_gets_the_general_service(on: Lab) -> None:
    talked = on.ring(on.a_number(), "我想问问津贴的事", HangUp())
    assert "12345" in talked.all


def test_who_has_stopped_and_rings_is_asked_nothing_and_may_come_back(on: Lab) -> None:
    who = on.a_resident()
    on.call(Press("9"), who=who)
    talked = on.ring(who[1], "恢复", HangUp(), matches=who[2])
    assert "不再给这个号码打电话" in talked.heard[0]
    assert "姓什么" not in talked.heard[0]
    assert "恢复了" in talked.heard[1]


def test_in_the_evening_nobody_is_handed_over_and_a_person_is_promised(on: Lab) -> None:
    who = on.a_resident()
    evening = on.clock.now().replace(hour=11, minute=30)
    on.clock.set(max(evening, on.clock.now()))
    on.house.settings.voice.agents_number = "+8675512345"
    try:
        talked = on.ring(who[1], ME, Press("0"), HangUp(), matches=who[2])
    finally:
        on.house.settings.voice.agents_number = ""
    assert ("human", "requested") in talked.cases
    assert "转接" not in talked.all
    assert "联系您" in talked.heard[2]


def test_the_subsidy_is_explained_and_help_is_offered(on: Lab) -> None:
    talked = on.call(ME, "要", HangUp(), policies=(SUBSIDY,))
    assert talked.consents == []
    assert talked.state(SUBSIDY) in (MatchState.INTERESTED, MatchState.IN_QUEUE)


# Only the relay can be interrupted in a way that is seen


def test_an_interruption_is_noted_and_a_hm_goes_on_where_it_broke_off(lab: Lab) -> None:
    lab.use(Transport.RELAY)
    talked = lab.call(ME, BargeIn(6, "嗯"), HangUp())
    assert "高龄津贴" in talked.heard[2]


def test_a_call_is_one_contact_and_nothing_is_queued_to_it(on: Lab) -> None:
    talked = on.call(ME, HangUp())
    rows = [row for row in on.all(Contact) if row.phone_id == talked.phone_id]
    assert [row.channel.value for row in rows] == ["voice"]
    assert len(on.all(Call, Call.contact_id == talked.contact_id)) == 1
