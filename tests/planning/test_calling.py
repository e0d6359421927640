"""Whom a call is planned for: a household once, a landline in the place of a text, a callback at its hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models.case import Case
from models.match import Match
from models.resident import Phone, Preference, state_by_form
from models.vocabulary import CaseReason, Cause, Channel, ContactPurpose, ContactState, MatchState, PhoneState
from scheduler.planning.cadence import Action, Cadence, Rung
from tests.planning.street import DAY, EIGHT, OTHER_POLICY, POLICY, SHENZHEN, Street

pytestmark = pytest.mark.engines

NINE = EIGHT + timedelta(hours=1)
HOUSEHOLD = "+8613800000009"
CALLS_FIRST = Cadence((Rung(Action.CALL, 0), Rung(Action.HOME_HELP, 3)))
TEXTS_FIRST = Cadence((Rung(Action.TEXT_OFFER, 0), Rung(Action.CALL, 3), Rung(Action.HOME_HELP, 3)))
TEXTS_ONLY = Cadence((Rung(Action.TEXT_OFFER, 0), Rung(Action.HOME_HELP, 3)))


def be_landlines(street: Street) -> None:
    with street.sessions.write() as session:
        session.execute(update(Phone).values(state=PhoneState.LANDLINE))


def case_reasons(street: Street) -> list[CaseReason]:
    with street.sessions.read() as session:
        return list(session.scalars(select(Case.reason)))


def test_a_household_is_called_once_a_day_for_all_who_live_there(street: Street) -> None:
    street.campaign(OTHER_POLICY)
    first = street.matched(number=HOUSEHOLD)
    second = street.matched(OTHER_POLICY, number=HOUSEHOLD)
    street.plan(cadence=CALLS_FIRST)
    (contact,) = street.contacts()
    assert contact.channel is Channel.VOICE
    assert street.told_of(contact) == {1: first, 2: second}
    street.plan(EIGHT + timedelta(hours=2), cadence=CALLS_FIRST)
    assert len(street.contacts()) == 1


def test_a_landline_is_called_where_a_mobile_is_texted(street: Street) -> None:
    street.matched()
    be_landlines(street)
    street.plan(cadence=TEXTS_FIRST)
    (contact,) = street.contacts()
    assert (contact.channel, contact.purpose) == (Channel.VOICE, ContactPurpose.OFFER)
    assert contact.due_at == NINE


def test_a_text_that_no_landline_takes_is_followed_by_a_call_the_same_day(street: Street) -> None:
    street.matched()
    street.plan(cadence=TEXTS_FIRST)
    street.settle(ContactState.UNDELIVERED, cause=Cause.LANDLINE)
    be_landlines(street)
    street.plan(NINE + timedelta(hours=1), cadence=TEXTS_FIRST)
    text, call = street.contacts()
    assert (text.channel, call.channel) == (Channel.SMS, Channel.VOICE)
    assert (call.phone_id, call.ladder_step) == (text.phone_id, 0)
    assert call.due_at == NINE + timedelta(hours=1)
    assert street.states() == {POLICY: MatchState.IN_OUTREACH}


def test_a_landline_is_not_called_beyond_the_budget(street: Street) -> None:
    street.campaign(OTHER_POLICY)
    street.matched(number=HOUSEHOLD)
    be_landlines(street)
    street.plan(cadence=TEXTS_FIRST)
    street.settle(ContactState.ANSWERED)
    street.matched(OTHER_POLICY, number=HOUSEHOLD)
    be_landlines(street)
    street.plan(NINE + timedelta(hours=1), cadence=TEXTS_FIRST)
    assert len(street.contacts()) == 1


def test_a_mobile_goes_before_a_landline(street: Street) -> None:
    resident_id = street.matched()
    be_landlines(street)
    mobile = street.second_phone(resident_id)
    street.plan(cadence=TEXTS_FIRST)
    (contact,) = street.contacts()
    assert (contact.phone_id, contact.channel) == (mobile, Channel.SMS)


def test_a_landline_of_who_wants_no_machine_to_call_is_left_to_a_person(street: Street) -> None:
    resident_id = street.matched()
    be_landlines(street)
    with street.sessions.write() as session:
        session.add(Preference(resident_id=resident_id, name="no_robot_calls", since=EIGHT))
    street.plan(cadence=TEXTS_FIRST)
    assert street.contacts() == []
    assert case_reasons(street) == [CaseReason.NO_PHONE]


def test_where_the_ladder_calls_nobody_a_landline_is_left_to_a_person(street: Street) -> None:
    street.matched()
    be_landlines(street)
    street.plan(cadence=TEXTS_ONLY)
    assert street.contacts() == []
    assert case_reasons(street) == [CaseReason.NO_PHONE]


def test_who_asked_to_be_called_back_is_called_at_that_hour(street: Street) -> None:
    street.matched()
    street.plan(cadence=CALLS_FIRST)
    street.settle(ContactState.ANSWERED)
    asked_for = datetime(2026, 9, 2, 15, 20, tzinfo=SHENZHEN)
    with street.sessions.write() as session:
        match = session.scalars(select(Match)).one()
        match.state, match.callback_at = MatchState.CALLBACK, asked_for
    street.plan(EIGHT + DAY, cadence=CALLS_FIRST)
    again = street.contacts()[-1]
    assert (again.channel, again.due_at) == (Channel.VOICE, asked_for)


@pytest.mark.parametrize(
    ("number", "state"),
    [
        ("+8613800000009", PhoneState.USABLE),
        ("+8675582229999", PhoneState.LANDLINE),
        ("+861062229999", PhoneState.LANDLINE),
        ("+85291234567", PhoneState.USABLE),
    ],
)
def test_a_number_tells_by_its_form_whether_it_takes_texts(number: str, state: PhoneState) -> None:
    assert state_by_form(number) is state


def test_a_campaign_of_its_own_cadence_follows_that(street: Street) -> None:
    street.campaign(OTHER_POLICY, cadence=CALLS_FIRST.stored())
    texted = street.matched()
    called = street.matched(OTHER_POLICY)
    street.plan(cadence=TEXTS_ONLY)
    channels = {contact.resident_id: contact.channel for contact in street.contacts()}
    assert channels == {texted: Channel.SMS, called: Channel.VOICE}


def test_a_campaigns_shorter_ladder_is_not_kept_waiting_by_the_longer_one(street: Street) -> None:
    quick = Cadence((Rung(Action.TEXT_OFFER, 0), Rung(Action.TEXT_REMINDER, 1), Rung(Action.HOME_HELP, 9)))
    slow = Cadence((Rung(Action.TEXT_OFFER, 0), Rung(Action.TEXT_REMINDER, 9), Rung(Action.HOME_HELP, 9)))
    street.campaign(OTHER_POLICY, cadence=quick.stored())
    street.matched()
    hurried = street.matched(OTHER_POLICY)
    street.plan(cadence=slow)
    street.settle(ContactState.DELIVERED)
    street.plan(EIGHT + DAY, cadence=slow)
    assert [contact.resident_id for contact in street.contacts()[2:]] == [hurried]


def test_a_campaigns_ladder_has_no_rung_that_nobody_serves(street: Street) -> None:
    street.campaign(OTHER_POLICY, cadence=TEXTS_FIRST.stored())
    street.matched(OTHER_POLICY)
    texts: dict[str, Any] = {"channels": {Channel.SMS}}
    street.plan(**texts)
    street.settle(ContactState.DELIVERED)
    # The call is left out; its three days are not.
    street.plan(EIGHT + 5 * DAY, **texts)
    assert (len(street.contacts()), case_reasons(street)) == (1, [])
    street.plan(EIGHT + 6 * DAY, **texts)
    assert (len(street.contacts()), case_reasons(street)) == (1, [CaseReason.LADDER_EXHAUSTED])
