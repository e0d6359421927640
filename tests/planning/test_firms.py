"""Firms in the plan: one phone, one budget, whoever its clerk answers for; and no machine that calls."""

from __future__ import annotations

from models.resident import Resident
from models.vocabulary import Audience, Channel, MatchState, Refusal
from scheduler.planning.cadence import Action, Cadence, Rung
from tests.planning.street import DAY, EIGHT, OTHER_POLICY, POLICY, Street

CLERK = "+8613700000001"


def a_firm(street: Street, *policies: str, number: str | None = None) -> int:
    firm_id = street.matched(*policies, number=number)
    with street.sessions.write() as session:
        session.get_one(Resident, firm_id).audience = Audience.ENTERPRISE
    return firm_id


def test_a_clerk_of_two_firms_gets_one_text_for_both_that_names_neither(street: Street) -> None:
    first, second = a_firm(street, number=CLERK), a_firm(street, number=CLERK)
    assert street.plan().contacts == 1
    (contact,) = street.contacts()
    assert street.told_of(contact) == {1: first, 2: second}
    assert street.rendering.asked[0]["shared_phone"]


def test_a_firm_and_a_resident_on_one_phone_are_written_to_on_different_days(street: Street) -> None:
    firm, resident = a_firm(street, number=CLERK), street.matched(number=CLERK)
    street.plan()
    (contact,) = street.contacts()
    assert street.told_of(contact) == {1: firm}
    assert street.refusals() == [Refusal.DAILY_CAP]
    street.settle()
    street.plan(EIGHT + DAY)
    assert [street.told_of(contact) for contact in street.contacts()][1:] == [{1: resident}]


def test_three_texts_in_seven_days_are_all_a_clerk_gets_for_any_number_of_firms(street: Street) -> None:
    street.campaign(OTHER_POLICY)
    for days, policy in enumerate((POLICY, OTHER_POLICY, POLICY, OTHER_POLICY)):
        a_firm(street, policy, number=CLERK)
        street.plan(EIGHT + days * DAY, cadence=Cadence((Rung(Action.TEXT_OFFER, 0), Rung(Action.HOME_HELP, 30))))
        street.settle()
    assert len(street.contacts()) == 3
    assert street.refusals()[-1] is Refusal.WEEKLY_CAP


def test_a_firm_gets_a_text_in_the_place_of_a_machines_call(street: Street) -> None:
    a_firm(street)
    street.plan(cadence=Cadence((Rung(Action.CALL, 0), Rung(Action.HOME_HELP, 6))))
    assert [contact.channel for contact in street.contacts()] == [Channel.SMS]


def test_a_firm_that_says_nothing_is_visited_at_last(street: Street) -> None:
    a_firm(street)
    for days in (0, 4, 10):
        street.plan(EIGHT + days * DAY)
        street.settle()
    assert street.states() == {POLICY: MatchState.IN_QUEUE}
