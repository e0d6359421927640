"""Survey turns as transcripts: answers, doubts, anger, stops and second thoughts."""

from __future__ import annotations

import pytest

from models.case import Case
from models.contact import Contact
from models.conversation import ContactStop
from models.event import Event
from models.resident import Preference
from models.survey import SurveyAnswer
from models.vocabulary import CaseKind, CaseReason, Channel, ContactPurpose, ContactState, EventKind, InvitationState
from outreach_api.surveys.reading import refuses
from tests.conversations.street import ALLOWANCE, Street
from tests.surveys.asking import WEEK, answers, asked, begin, deliver, invitation, plan, serve


def test_a_satisfied_resident_is_led_through_and_thanked(street: Street) -> None:
    who = asked(street)
    assert "钱到账了吗" in street.tell(who, "5")[0]
    assert "哪里不方便" in street.tell(who, "1")[0]
    assert "还有什么" in street.tell(who, "材料多，跑得也远")[0]
    assert "谢谢您" in street.tell(who, "没有")[0]
    assert answers(street) == {
        "satisfaction": "5",
        "received": "yes",
        "obstacles": "papers,distance",
        "comment": "text",
    }
    assert invitation(street).state is InvitationState.FINISHED
    assert street.all(Case) == []


def test_dissatisfaction_is_a_complaint_at_once_and_live_pages_hear_of_it(street: Street) -> None:
    who = asked(street)
    assert "哪里没做好" in street.tell(who, "很不满意")[0]
    (case,) = street.all(Case)
    assert (case.kind, case.reason) == (CaseKind.COMPLAINT, CaseReason.COMPLAINT)
    assert case.match_id == who.matches[ALLOWANCE]
    changed = [event for event in street.all(Event) if event.kind is EventKind.CASE_CHANGED]
    assert changed[-1].at == street.clock.now()
    assert "钱到账了吗" in street.tell(who, "让我跑了三趟")[0]
    assert [row.text for row in street.all(SurveyAnswer) if row.question == "reason"] == ["让我跑了三趟"]


def test_money_that_did_not_arrive_is_followed_up(street: Street) -> None:
    who = asked(street)
    street.tell(who, "4")
    said = street.tell(who, "还没收到")[0]
    assert "有专人给您答复" in said
    assert [(case.kind, case.reason) for case in street.all(Case)] == [(CaseKind.COMPLAINT, CaseReason.SURVEY_PROBLEM)]


def test_partial_answers_are_kept(street: Street) -> None:
    who = asked(street)
    street.tell(who, "3")
    street.clock.set(street.clock.now() + WEEK + WEEK)
    plan(street)
    assert answers(street) == {"satisfaction": "3"}
    assert invitation(street).state is InvitationState.PARTIAL


@pytest.mark.parametrize("words", ["改成4", "说错了，是4", "改 4"])
def test_an_answer_is_corrected_and_the_old_one_stays_on_record(street: Street, words: str) -> None:
    who = asked(street)
    street.tell(who, "1")
    assert "改过来了" in street.tell(who, words)[0]
    assert answers(street)["satisfaction"] == "4"
    assert [row.value for row in street.all(SurveyAnswer)] == ["1", "4"]


def test_what_is_asked_next_follows_from_the_corrected_answer(street: Street) -> None:
    who = asked(street)
    assert "哪里没做好" in street.tell(who, "2")[0]
    assert "钱到账了吗" in "\n".join(street.tell(who, "说错了，是4"))
    street.tell(who, "到了")
    assert answers(street) == {"satisfaction": "4", "received": "yes"}


def test_the_same_answer_twice_is_one_answer_that_counts(street: Street) -> None:
    who = asked(street)
    street.tell(who, "5")
    street.tell(who, "改成5")
    assert answers(street)["satisfaction"] == "5"


def test_no_more_surveys_stops_surveys_and_nothing_else(street: Street) -> None:
    who = asked(street)
    assert "不再回访" in street.tell(who, "不回访")[0]
    assert [row.name for row in street.all(Preference)] == ["no_surveys"]
    assert street.all(ContactStop) == []
    assert invitation(street).state is InvitationState.REFUSED
    begin(street)
    assert plan(street).held_back == {"preference": 1}


def test_an_opt_out_in_a_survey_silences_everything(street: Street) -> None:
    who = asked(street)
    assert "不再" in street.tell(who, "退订")[0]
    assert len(street.all(ContactStop)) == 1
    assert street.tell(who, "5") == []
    begin(street)
    plan(street)
    assert [
        c for c in street.all(Contact) if c.purpose is ContactPurpose.SURVEY and c.state is ContactState.PLANNED
    ] == []


def test_a_stop_in_own_words_is_no_free_text(street: Street) -> None:
    who = asked(street)
    street.tell(who, "1")
    street.tell(who, "烦死了别找我")
    assert len(street.all(ContactStop)) == 1
    assert "reason" not in answers(street)


def test_a_question_is_answered_and_the_survey_goes_on(street: Street) -> None:
    who = asked(street)
    said = "\n".join(street.tell(who, "有多少钱"))
    assert "元" in said
    assert "满意吗" in said
    street.tell(who, "4")
    assert answers(street) == {"satisfaction": "4"}


def test_who_is_not_understood_twice_is_left_alone(street: Street) -> None:
    who = asked(street)
    assert "满意吗" in street.tell(who, "嗯哼哈")[0]
    assert "就到这里" in street.tell(who, "嗯哼哈")[0]


def test_an_offer_that_came_later_is_what_a_number_answers(street: Street) -> None:
    who = asked(street)
    street.clock.set(street.clock.now() + WEEK / 7)
    street.offer(who, ALLOWANCE)
    street.tell(who, "5")
    assert answers(street) == {}


def test_by_voice_the_words_are_spoken_ones(street: Street) -> None:
    who = asked(street, "check-up")
    assert "回复" not in street.tell(who, "五分", channel=Channel.VOICE)[0]
    street.tell(who, "四十分钟，40", channel=Channel.VOICE)
    assert answers(street) == {"satisfaction": "5", "waited": "40"}


def test_nothing_is_asked_of_a_shared_phone(street: Street) -> None:
    who = street.a_resident()
    street.a_resident(name="陈建国", number=who.number, offered=False)
    serve(street, who)
    begin(street)
    street.clock.set(street.clock.now() + WEEK)
    plan(street)
    assert deliver(street) == []


@pytest.mark.parametrize(
    ("words", "about_surveys"),
    [
        ("不用回访了", True), ("以后不要再做回访了", True), ("唔使回访喇", True), ("别再打回访电话了", True),
        ("不参加", True), ("不要再打电话了", False), ("回访可以", False), ("不是说好回访吗", False), ("退订", False),
    ],
)  # fmt: skip
def test_a_no_to_surveys_says_so_by_its_own_words(words: str, about_surveys: bool) -> None:
    assert refuses(words) is about_surveys
