"""A family member's mandate: given by the resident's own word or a person's check, for one policy, until it ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from models.conversation import Message
from models.match import Application
from models.resident import Mandate, Phone, Preference, ResidentPhone
from models.vocabulary import ApplicationChannel, ApplicationStatus, ConversationOutcome, Direction, MatchState
from outreach_api.conversations.granting import MANDATE_LASTS, Grant, grant, phone_of, revoke
from tests.conversations.street import ALLOWANCE, SUBSIDY, YES, Neighbour, Street

DAUGHTER = "+8613900000077"


def _granted(street: Street, chen: Neighbour, policy: str = ALLOWANCE, number: str = DAUGHTER) -> int:
    with street.sessions.write() as session:
        asked = Grant(chen.resident_id, policy, phone_of(session, number).id, "女儿", "李梅")
        return grant(session, asked, proof="checked:staff:1", now=street.clock.now()).id


def _mandate(street: Street) -> Mandate:
    mandates: list[Mandate] = street.all(Mandate)
    (mandate,) = mandates
    return mandate


def _applied(street: Street, chen: Neighbour, policy: str = ALLOWANCE) -> None:
    with street.sessions.write() as session:
        session.add(
            Application(
                resident_id=chen.resident_id,
                policy_id=policy,
                status=ApplicationStatus.SUBMITTED,
                channel=ApplicationChannel.HALL,
                occurred_on=date(2026, 11, 10),
                external_ref=policy,
                received_at=street.clock.now(),
            )
        )


def test_by_the_residents_word_the_daughter_consents_at_this_phone(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "我是她女儿")
    street.tell(chen, "本人同意")
    street.tell(chen, "不要了")
    assert not street.consents
    assert "您有老人的委托" in " ".join(street.tell(chen, "我是她女儿"))
    street.tell(chen, "同意")
    (consent,) = street.consents
    assert consent.mandate_id == _mandate(street).id
    assert _mandate(street).proof.startswith("own_word:message:")


def test_her_brother_has_no_mandate_by_it(street: Street) -> None:
    street.bot.readings = {**street.bot.readings, "我是他儿子": street.bot.readings["我是她女儿"]}
    chen = street.a_resident()
    street.tell(chen, "我是她女儿")
    street.tell(chen, "本人同意")
    street.tell(chen, "不要了")
    street.tell(chen, "我是他儿子")
    street.tell(chen, "同意")
    assert not street.consents


def test_before_it_her_own_phone_is_a_strangers(street: Street) -> None:
    street.a_resident()
    (reply,) = street.tell(DAUGHTER, "有多少钱")
    assert "没有登记" in reply


def test_checked_by_a_person_she_speaks_and_consents_at_her_own_phone(street: Street) -> None:
    chen = street.a_resident()
    mandate_id = _granted(street, chen)
    assert "83岁" in street.tell(DAUGHTER, "有多少钱")[0]
    assert "请回复“同意”" in street.tell(DAUGHTER, "我想办")[0]
    street.tell(DAUGHTER, "同意")
    (consent,) = street.consents
    assert (consent.mandate_id, consent.resident_id, consent.text) == (mandate_id, chen.resident_id, "同意")
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY


def test_she_hears_where_that_application_stands_and_no_other(street: Street) -> None:
    chen = street.a_resident(ALLOWANCE, SUBSIDY)
    _applied(street, chen, SUBSIDY)
    _granted(street, chen, ALLOWANCE)
    assert "残疾人" not in street.tell(DAUGHTER, "办到哪一步了")[0]
    _applied(street, chen, ALLOWANCE)
    assert "已经收到申请" in street.tell(DAUGHTER, "办到哪一步了")[0]
    assert "点了头" in street.tell(DAUGHTER, "还有别的吗")[0]


def test_the_residents_own_word_cannot_be_given_at_her_phone(street: Street) -> None:
    chen = street.a_resident(ALLOWANCE, SUBSIDY)
    _granted(street, chen, ALLOWANCE)
    street.tell(DAUGHTER, "我是她女儿")
    street.tell(DAUGHTER, "本人同意")
    assert len(street.all(Mandate)) == 1
    assert [consent.policy_id for consent in street.consents] in ([], [ALLOWANCE])
    assert all(consent.mandate_id for consent in street.consents)


@pytest.mark.parametrize("ended", ["expired", "revoked"])
def test_once_it_has_ended_she_is_a_stranger_again(street: Street, ended: str) -> None:
    chen = street.a_resident()
    _granted(street, chen)
    if ended == "expired":
        street.clock.set(street.clock.now() + MANDATE_LASTS)
    else:
        with street.sessions.write() as session:
            revoke(session, session.scalars(select(Mandate)).one(), because="staff:1", now=street.clock.now())
    assert "没有登记" in street.tell(DAUGHTER, "有多少钱")[0]
    street.tell(DAUGHTER, "同意")
    assert not street.consents


@pytest.mark.parametrize("text", ["别让我女儿办了", "取消代办", "我不想让女儿代办了"])
def test_the_resident_takes_it_back(street: Street, text: str) -> None:
    chen = street.a_resident()
    _granted(street, chen)
    assert "委托取消了" in street.tell(chen, text)[0]
    assert _mandate(street).revoked_because == f"own_word:message:{_last_message(street)}"
    street.tell(DAUGHTER, "同意")
    assert not street.consents


def _last_message(street: Street) -> int:
    heard: list[Message] = [each for each in street.all(Message) if each.direction is Direction.IN]
    return heard[-1].id


def test_the_daughter_gives_it_back_and_what_she_did_is_asked_about(street: Street) -> None:
    chen = street.a_resident()
    _granted(street, chen)
    street.tell(DAUGHTER, "同意")
    street.tell(DAUGHTER, "我妈不让我办了")
    assert _mandate(street).revoked_at is not None
    assert ("human", "family_member") in street.cases
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY


def test_without_a_mandate_there_is_nothing_to_take_back(street: Street) -> None:
    street.bot.readings = {"别让我女儿办了": YES}
    chen = street.a_resident()
    assert "委托" not in " ".join(street.tell(chen, "别让我女儿办了"))


def test_who_is_matched_too_says_for_whom_they_speak(street: Street) -> None:
    chen = street.a_resident()
    street.a_resident(SUBSIDY, name="李梅", born=date(1970, 3, 1), number=DAUGHTER)
    _granted(street, chen)
    street.clock.set(street.clock.now() + timedelta(hours=13))
    assert "姓什么" in street.tell(DAUGHTER, "有多少钱")[0]
    street.tell(DAUGHTER, "姓陈，5月")
    street.tell(DAUGHTER, "同意")
    (consent,) = street.consents
    assert (consent.resident_id, bool(consent.mandate_id)) == (chen.resident_id, True)


def test_her_refusal_of_messages_stops_them_for_both(street: Street) -> None:
    chen = street.a_resident()
    _granted(street, chen)
    street.tell(DAUGHTER, "退订")
    assert street.outcome is ConversationOutcome.OPTED_OUT
    assert street.state_of(chen) is MatchState.OPTED_OUT


def test_to_be_taken_to_a_daughter_who_has_it_needs_no_person(street: Street) -> None:
    chen = street.a_resident()
    _granted(street, chen)
    assert street.tell(chen, "打给我女儿") == ["好的，记下了，之后先找您女儿。"]
    assert [kept.name for kept in street.all(Preference)] == ["daughter_first"]
    assert not street.cases


def test_given_again_it_is_renewed(street: Street) -> None:
    chen = street.a_resident()
    first = _granted(street, chen)
    street.clock.set(street.clock.now() + timedelta(days=100))
    assert _granted(street, chen) == first
    assert _mandate(street).expires_at == street.clock.now() + MANDATE_LASTS
    with street.sessions.read() as session:
        phones = session.scalars(select(Phone.id)).all()
        assert len(phones) == 2
        assert len(session.scalars(select(ResidentPhone.id)).all()) == 1
