"""Stops: immediate, acknowledged once, then silence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.case import Case
from models.contact import Contact
from models.conversation import ContactStop
from models.match import Match
from models.resident import Phone
from models.vocabulary import (
    CaseReason,
    CaseState,
    ContactPurpose,
    ContactState,
    ConversationOutcome,
    MatchState,
    PhoneState,
    Urgency,
)
from outreach_api.cases.home_help import open_home_help
from outreach_api.conversations.exact_words import Exact, read_exact_word
from tests.conversations.street import ALLOWANCE, CHECK_UP, READINGS, Neighbour, Street

STOPPED = {
    "退订": MatchState.OPTED_OUT,
    "烦死了别找我": MatchState.OPTED_OUT,
    "他已经去世了": MatchState.DECEASED,
    "他不在了": MatchState.DECEASED,
    "打错了": MatchState.AWAITING_PHONE,
    "不认识这个人": MatchState.AWAITING_PHONE,
}
AFTERWARDS = [
    *READINGS,
    *("同意", "收到", "1", "人工", "退订", "TD", "他去世了", "打错了", "👌", "", "要", "不要", "本人同意", "哇啦哇啦"),
]


@pytest.mark.parametrize(("word", "state"), STOPPED.items())
def test_a_stop_closes_or_parks_and_is_acknowledged_once(street: Street, word: str, state: MatchState) -> None:
    chen = street.a_resident()
    (acknowledgement,) = street.tell(chen, word)
    assert acknowledgement
    assert [contact.purpose for contact in street.sent] == [ContactPurpose.ACKNOWLEDGEMENT]
    assert street.state_of(chen) is state
    assert len(street.stops) == 1


def test_what_was_queued_is_cancelled_and_the_acknowledgement_is_not(street: Street) -> None:
    chen = street.a_resident()
    street.offer(chen, ALLOWANCE, state=ContactState.PLANNED, purpose=ContactPurpose.REMINDER)
    street.tell(chen, "退订")
    states = {contact.purpose: contact.state for contact in street.all(Contact)}
    assert states[ContactPurpose.REMINDER] is ContactState.CANCELLED
    assert states[ContactPurpose.ACKNOWLEDGEMENT] is ContactState.PLANNED


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stop=st.sampled_from(list(STOPPED)), words=st.lists(st.sampled_from(AFTERWARDS), max_size=5))
def test_nothing_goes_out_after_a_stop_but_its_acknowledgement(street: Street, stop: str, words: list[str]) -> None:
    serial = len(street.all(Phone))
    chen = street.a_resident(ALLOWANCE, CHECK_UP, number=f"+86137{serial:08d}", name=f"陈{serial}")
    before = {contact.id for contact in street.sent}
    street.tell(chen, stop)
    for word in words:
        street.tell(chen, word)
    sent = [contact for contact in street.sent if contact.id not in before]
    assert [contact.purpose for contact in sent] == [ContactPurpose.ACKNOWLEDGEMENT]


def test_the_property_above_would_see_a_reply(street: Street) -> None:
    """A guard of the guard: without a stop the same words are answered."""
    chen = street.a_resident()
    for word in ("有多少钱", "同意"):
        street.tell(chen, word)
    assert len(street.sent) == 2


@pytest.mark.parametrize("word", ["恢复", "误点了退订", "我没说退订", "我不要退订"])
def test_the_residents_own_word_restores(street: Street, word: str) -> None:
    chen = street.a_resident()
    street.tell(chen, "退订")
    assert "恢复" in street.tell(chen, word)[0]
    assert street.stops == []
    (released,) = street.all(ContactStop)
    assert (released.released_by, released.release_reason) == ("resident", "the resident wrote it, message 4")
    assert street.state_of(chen) is MatchState.IN_OUTREACH
    street.tell(chen, "同意")
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY


@pytest.mark.parametrize("stop", ["他已经去世了", "打错了"])
def test_a_death_or_a_wrong_number_is_released_by_a_person_only(street: Street, stop: str) -> None:
    chen = street.a_resident()
    street.tell(chen, stop)
    assert street.tell(chen, "恢复") == []
    assert len(street.stops) == 1
    assert ("human", "release_stop") in street.cases


def test_what_needs_a_person_after_a_stop_becomes_a_case(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "退订")
    street.tell(chen, "谢谢")
    assert street.cases == []
    street.tell(chen, "我想办")
    assert street.cases == [("human", "release_stop")]


def test_agreement_after_a_stop_applies_nothing_and_a_person_looks(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "退订")
    assert street.tell(chen, "同意") == []
    assert street.consents == []
    assert street.cases == [("human", "release_stop")]


def test_a_death_is_checked_soon(street: Street) -> None:
    chen = street.a_resident()
    assert "节哀" in street.tell(chen, "他不在了")[0]
    (opened,) = street.all(Case)
    assert (opened.kind.value, opened.reason.value, opened.urgency) == ("identity", "check_death", Urgency.HIGH)


def test_a_death_after_an_opt_out_is_still_a_death(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "退订")
    assert street.tell(chen, "他已经去世了") == []
    assert sorted(street.stops) == ["deceased", "opt_out"]
    assert street.cases == [("identity", "check_death")]


def test_a_wrong_number_is_quarantined_and_the_resident_stays_to_be_found(street: Street) -> None:
    chen = street.a_resident()
    assert "对不起" in street.tell(chen, "打错了")[0]
    assert street.all(Phone)[0].state is PhoneState.QUARANTINED
    (stop,) = street.all(ContactStop)
    assert stop.resident_id is None
    assert street.outcome is ConversationOutcome.WRONG_PERSON


def test_a_denied_stop_outranks_the_models_reading(street: Street) -> None:
    street.bot.readings = {"别退订啊我还要呢": [{"do": "outcome", "outcome": "opted_out"}]}
    chen = street.a_resident()
    assert "没有给您退订" in street.tell(chen, "别退订啊我还要呢")[0]
    assert street.stops == []


def test_who_waits_for_a_visit_they_asked_for_still_gets_it(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "来我家一趟")
    street.tell(chen, "退订")
    assert street.state_of(chen) is MatchState.IN_QUEUE


def test_nobody_is_restored_by_somebody_else(street: Street) -> None:
    chen = street.a_resident()
    other = street.a_resident(name="李四", number="+8613800000002")
    street.tell(chen, "退订")
    street.tell(other, "恢复")
    assert len(street.stops) == 1


def test_none_of_the_words_above_is_a_restoring_one() -> None:
    words = (read_exact_word(word) for word in AFTERWARDS)
    assert not any(word is not None and word.kind is Exact.RESTORE for word in words)


def test_ten_messages_in_a_second_are_all_kept_and_answered_in_order(street: Street) -> None:
    chen: Neighbour = street.a_resident()
    ids = [street.post(chen.number, text) for text in ["你好"] * 8 + ["同意", "谢谢"]]
    street.answer()
    assert [line for line in street.transcript if line.startswith(">")] == [
        f"> {t}" for t in ["你好"] * 8 + ["同意", "谢谢"]
    ]
    answered = [inbound_id for inbound_id in ids if street.replies_to(inbound_id)]
    assert answered == [ids[0], ids[8], ids[9]]
    street.clock.set(street.clock.now() + timedelta(minutes=5))
    assert street.tell(chen, "你好")


def test_an_opt_out_calls_off_the_visit_that_nobody_asked_for(street: Street) -> None:
    chen = street.a_resident()
    with street.sessions.write() as session:
        match = session.get_one(Match, chen.matches[ALLOWANCE])
        open_home_help(session, match, CaseReason.LADDER_EXHAUSTED, street.clock.now())
        match.state = MatchState.IN_QUEUE
    street.tell(chen, "退订")
    assert street.state_of(chen) is MatchState.OPTED_OUT
    assert [case.state for case in street.all(Case)] == [CaseState.CANCELLED]


def test_a_visit_the_resident_asked_for_outlives_their_opt_out(street: Street) -> None:
    chen = street.a_resident()
    with street.sessions.write() as session:
        match = session.get_one(Match, chen.matches[ALLOWANCE])
        open_home_help(session, match, CaseReason.LADDER_EXHAUSTED, street.clock.now())
        match.state = MatchState.IN_QUEUE
    street.tell(chen, "来我家一趟")
    street.tell(chen, "退订")
    assert street.state_of(chen) is MatchState.IN_QUEUE
    assert [case.state for case in street.all(Case)] == [CaseState.OPEN]
