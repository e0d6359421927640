"""Several residents behind one phone, several benefits of one resident: every answer is taken for the right one."""

from __future__ import annotations

from datetime import date

import pytest

from models.contact import Contact, ContactMatch
from models.match import Match
from models.vocabulary import ContactPurpose, MatchState
from tests.conversations.street import ALLOWANCE, CHECK_UP, SUBSIDY, Neighbour, Street, question

PHONE = "+8613800000009"


@pytest.fixture
def couple(street: Street) -> tuple[Neighbour, Neighbour]:
    """Wang, born in May, and Li, born in August, who share a phone and got one text for both."""
    wang = street.a_resident(ALLOWANCE, CHECK_UP, name="王桂芳", born=date(1943, 5, 12), number=PHONE, offered=False)
    li = street.a_resident(SUBSIDY, CHECK_UP, name="李大山", born=date(1941, 8, 3), number=PHONE, offered=False)
    contact_id = street.offer(wang, CHECK_UP, ALLOWANCE)
    with street.sessions.write() as session:
        for number, policy in enumerate((SUBSIDY, CHECK_UP), start=3):
            session.add(ContactMatch(contact_id=contact_id, match_id=li.matches[policy], number=number))
    return wang, li


def states(street: Street) -> dict[tuple[int, str], MatchState]:
    return {(match.resident_id, match.policy_id): match.state for match in street.all(Match)}


def test_the_text_to_a_household_names_nobody_and_no_benefit(
    street: Street, couple: tuple[Neighbour, Neighbour]
) -> None:
    text = [contact.text for contact in street.all(Contact)]
    for word in ("津贴", "补贴", "体检", "王桂芳", "李大山"):
        assert not any(word in line for line in text)


def test_each_of_two_residents_on_one_phone_gets_what_is_theirs(
    street: Street, couple: tuple[Neighbour, Neighbour]
) -> None:
    wang, li = couple
    (first,) = street.tell(PHONE, "姓王，5月")
    assert "1.老年人免费体检 2.高龄津贴" in first
    assert "残疾" not in first
    (second,) = street.tell(PHONE, "2同意")
    assert "登记申请高龄津贴" in second
    (third,) = street.tell(PHONE, "姓李，8月")
    assert "高龄" not in third
    assert third.index("1.") < third.index("2.老年人免费体检")
    street.tell(PHONE, "2")
    found = states(street)
    assert found[wang.resident_id, ALLOWANCE] is MatchState.APPLIED_BY_REPLY
    assert found[wang.resident_id, CHECK_UP] is MatchState.IN_OUTREACH
    assert found[li.resident_id, CHECK_UP] is MatchState.INTERESTED
    assert found[li.resident_id, SUBSIDY] is MatchState.IN_OUTREACH
    assert [consent.resident_id for consent in street.consents] == [wang.resident_id]


def test_what_was_asked_of_one_is_not_answered_by_the_other(
    street: Street, couple: tuple[Neighbour, Neighbour]
) -> None:
    wang, li = couple
    street.tell(PHONE, "姓王，5月")
    street.tell(PHONE, "2")
    street.tell(PHONE, "姓李，8月")
    (reply,) = street.tell(PHONE, "同意")
    assert "哪一项" in reply
    assert not street.consents
    assert states(street)[wang.resident_id, ALLOWANCE] is MatchState.INTERESTED
    assert states(street)[li.resident_id, SUBSIDY] is MatchState.IN_OUTREACH


def test_a_stranger_to_the_household_learns_nothing(street: Street, couple: tuple[Neighbour, Neighbour]) -> None:
    for guess in ("姓张，3月", "姓王，8月", "姓李，5月"):
        (reply,) = street.tell(PHONE, guess)
        assert not any(word in reply for word in ("津贴", "补贴", "体检"))
    assert street.cases == [("human", "unknown_caller")]


def test_a_month_in_passing_makes_nobody_else_of_the_speaker(
    street: Street, couple: tuple[Neighbour, Neighbour]
) -> None:
    wang, _ = couple
    street.tell(PHONE, "姓王，5月")
    street.tell(PHONE, "2")
    street.bot.readings = {"8月能办好吗": question("deadline")}
    street.tell(PHONE, "8月能办好吗")
    street.tell(PHONE, "同意")
    assert states(street)[wang.resident_id, ALLOWANCE] is MatchState.APPLIED_BY_REPLY


def test_numbers_are_those_of_the_text_whatever_was_matched_first(street: Street) -> None:
    chen = street.a_resident(SUBSIDY, CHECK_UP, ALLOWANCE, offered=False)
    street.offer(chen, ALLOWANCE, SUBSIDY, CHECK_UP)
    street.tell(chen, "1同意")
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY
    assert street.state_of(chen, SUBSIDY) is MatchState.IN_OUTREACH


def test_a_reminder_of_fewer_offers_renumbers_them(street: Street) -> None:
    chen = street.a_resident(CHECK_UP, ALLOWANCE, SUBSIDY, offered=False)
    street.offer(chen, CHECK_UP, ALLOWANCE, SUBSIDY)
    street.clock.set(street.clock.now().replace(day=25))
    street.offer(chen, ALLOWANCE, SUBSIDY, purpose=ContactPurpose.REMINDER)
    street.tell(chen, "1同意")
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY
    assert street.state_of(chen, CHECK_UP) is MatchState.IN_OUTREACH
