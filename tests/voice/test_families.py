"""Who of a house picks up: a couple behind one phone, a daughter with and without a mandate."""

from __future__ import annotations

from datetime import date

import pytest

from models.resident import Mandate
from models.vocabulary import Channel, MatchState
from outreach_api.conversations.granting import Grant, grant, phone_of
from outreach_api.voice.lines import BEFORE_IDENTITY
from outreach_api.voice.settings import Transport
from sandbox.carrier.listening import HangUp, Press
from tests.voice.lab import ALLOWANCE, CHECK_UP, ME, Lab

pytestmark = pytest.mark.rasa
NAMES_OF_BENEFITS = ("津贴", "体检", "补贴", "高龄")


@pytest.fixture(params=list(Transport), ids=lambda transport: transport.value)
def on(request: pytest.FixtureRequest, lab: Lab) -> Lab:
    lab.use(request.param)
    return lab


def a_couple(lab: Lab) -> tuple[tuple[int, str, dict[str, int]], dict[str, int]]:
    """Chen, born in May, whom we call, and Wang, born in August, who is matched for another item behind that phone."""
    chen = lab.a_resident()
    wang = lab.a_resident(CHECK_UP, name="王建国", born=date(1941, 8, 3), number=chen[1])
    return chen, wang[2]


def a_mandate(lab: Lab, who: tuple[int, str, dict[str, int]], relation: str = "女儿") -> int:
    with lab.house.sessions.write() as session:
        asked = Grant(who[0], ALLOWANCE, phone_of(session, who[1]).id, relation, "李梅")
        return grant(session, asked, proof="checked:staff:1", now=lab.clock.now()).id


# A couple behind one phone


def test_a_husband_at_the_phone_hears_of_his_own_and_of_nothing_else(on: Lab) -> None:
    chen, wangs = a_couple(on)
    talked = on.call("他不在，我是他老伴", "我姓王，八月生的", "要", HangUp(), who=chen)
    assert not any(name in "".join(talked.heard[:2]) for name in NAMES_OF_BENEFITS)
    assert "体检" in talked.heard[2]
    assert "高龄" not in talked.all
    assert [match.state for match in on.all_matches(wangs)] == [MatchState.INTERESTED]
    assert talked.state() is MatchState.IN_OUTREACH
    assert (talked.stops, talked.consents) == ([], [])


def test_one_call_for_both_asks_for_the_other_and_names_to_each_what_is_theirs(on: Lab) -> None:
    chen, wangs = a_couple(on)
    contact_id = on.plan_call(chen[0], chen[1], {**chen[2], **wangs})
    words = (ME, "同意", "好的", "喂", "我姓王，八月生的", "要", HangUp())
    talked = on.call(*words, who=chen, contact_id=contact_id)
    assert "高龄津贴" in talked.heard[1]
    assert "体检" not in talked.heard[1]
    assert "请他来听一下" in talked.heard[2]
    assert talked.heard[3] == BEFORE_IDENTITY["wait"]
    assert talked.heard[4] == BEFORE_IDENTITY["who"]
    assert "体检" in talked.heard[5]
    assert "高龄" not in "".join(talked.heard[3:])
    assert talked.all.count("请他来听一下") == 1
    assert talked.state() is MatchState.APPLIED_BY_REPLY
    assert [match.state for match in on.all_matches(wangs)] == [MatchState.INTERESTED]


def test_who_wants_nothing_is_still_asked_for_the_other_and_may_say_that_he_is_out(on: Lab) -> None:
    chen, wangs = a_couple(on)
    contact_id = on.plan_call(chen[0], chen[1], {**chen[2], **wangs})
    talked = on.call(ME, Press("2"), "他不在家", who=chen, contact_id=contact_id)
    assert "请他来听一下" in talked.heard[2]
    assert "过后再打" in talked.heard[3]
    assert talked.state() is MatchState.DECLINED
    assert [match.state for match in on.all_matches(wangs)] == [MatchState.IN_OUTREACH]
    assert (talked.stops, talked.cases) == ([], [])


# A daughter on the line


def test_a_daughter_who_names_her_mother_hears_of_nothing(on: Lab) -> None:
    talked = on.call("我是她女儿，我妈姓陈，五月生的", "我妈姓陈，五月", "同意", Press("1"), HangUp())
    assert "本人同意" in talked.heard[1]
    assert not any(name in talked.all for name in NAMES_OF_BENEFITS)
    assert (talked.consents, talked.call.resident_id) == ([], None)


def test_her_mother_comes_to_the_phone_and_gives_her_the_mandate(on: Lab) -> None:
    who = on.a_resident()
    talked = on.call("我是她女儿，跟我说吧", ME, "本人同意", "没有了，再见", who=who)
    assert not any(name in talked.heard[1] for name in NAMES_OF_BENEFITS)
    assert "高龄津贴" in talked.heard[2]
    assert talked.state() is MatchState.APPLIED_BY_REPLY
    [mandate] = on.all(Mandate, Mandate.resident_id == who[0])
    assert (mandate.relation, mandate.policy_id) == ("女儿", ALLOWANCE)
    assert mandate.proof.startswith("own_word:message:")


def test_a_daughter_with_a_mandate_acts_once_she_says_for_whom(on: Lab) -> None:
    who = on.a_resident()
    mandate_id = a_mandate(on, who)
    talked = on.call("我是她女儿", "我妈姓陈，五月生的", "同意", "没有了，再见", who=who)
    assert "替哪位老人" in talked.heard[1]
    assert not any(name in talked.heard[1] for name in NAMES_OF_BENEFITS)
    assert "委托" in talked.heard[2]
    assert "高龄津贴" in talked.heard[2]
    assert [consent.mandate_id for consent in talked.consents] == [mandate_id]
    assert talked.state() is MatchState.APPLIED_BY_REPLY


def test_her_brother_cannot_use_it(on: Lab) -> None:
    who = on.a_resident()
    a_mandate(on, who)
    talked = on.call("我是她儿子", "我妈姓陈，五月生的", "同意", HangUp(), who=who)
    assert not any(name in talked.all for name in NAMES_OF_BENEFITS)
    assert talked.consents == []


def test_a_daughter_without_one_leaves_word_with_a_person(on: Lab) -> None:
    talked = on.call("我是她女儿", "人工", HangUp())
    assert ("human", "requested") in talked.cases
    assert not any(name in talked.all for name in NAMES_OF_BENEFITS)


def test_who_texted_for_her_last_week_is_not_taken_for_who_picks_up_today(on: Lab) -> None:
    who = on.a_resident()
    on.call("我是她女儿", HangUp(), who=who)
    on.next_day()
    talked = on.call("姓陈，五月", "同意", HangUp(), who=who)
    assert "高龄津贴" in talked.heard[1]
    assert talked.state() is MatchState.APPLIED_BY_REPLY
    assert all(consent.mandate_id is None for consent in talked.consents)
    assert on.texts_to(talked.phone_id) == []
    assert talked.contact.channel is Channel.VOICE
