"""What texts may come to: per number, per day, per campaign; and which numbers nothing goes to at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.carrier import TollDay
from models.vocabulary import ContactPurpose, ContactState, Refusal
from outreach_api.channels.carrier import OutgoingText, Rejected
from outreach_api.channels.dialling import may_be_dialled
from outreach_api.channels.gateway_call import GatewayCallCarrier
from outreach_api.channels.twilio_call import TwilioCallCarrier
from outreach_api.channels.twilio_text import TwilioCarrier
from outreach_api.delivery.toll import parts_of
from outreach_api.delivery.toll_limits import TollLimits
from outreach_api.settings import Settings
from tests.delivery.office import Office

pytestmark = pytest.mark.engines
DAY = timedelta(days=1)


def limits(**values: Any) -> TollLimits:
    return TollLimits(_env_file=None, **values)


def talk(office: Office, asked: int, times: int, purpose: ContactPurpose = ContactPurpose.REPLY) -> list[int]:
    """Somebody writes so many times, and is to be answered each time."""
    return [office.answer(asked, office.hears(asked), purpose) for _ in range(times)]


def test_who_writes_on_and_on_is_not_answered_on_and_on(office: Office) -> None:
    asked = office.due()
    office.deliver()
    few = limits(answers_a_number=3)
    answers = talk(office, asked, 5)
    assert office.deliver(toll=few).sent == {"accepted": 3}
    assert [office.refusal(one) for one in answers] == [None] * 3 + [Refusal.SPEND_CAP] * 2
    other = office.due()
    office.deliver(toll=few)
    assert talk(office, other, 1)
    assert office.deliver(toll=few).sent == {"accepted": 1}, "somebody else's number is another"
    office.wait(DAY + timedelta(seconds=1))
    talk(office, asked, 1)
    assert office.deliver(toll=few).sent == {"accepted": 1}


def test_that_a_stop_was_heard_is_said_though_the_purse_of_all_is_empty(office: Office) -> None:
    asked = office.due()
    office.deliver()
    (answer,) = talk(office, asked, 1)
    (heard,) = talk(office, asked, 1, ContactPurpose.ACKNOWLEDGEMENT)
    office.deliver(toll=limits(answers_a_day=1, texts_a_day=1))
    assert [office.state(one) for one in (answer, heard)] == [ContactState.ACCEPTED] * 2
    talk(office, asked, 1)
    (heard,) = talk(office, asked, 1, ContactPurpose.ACKNOWLEDGEMENT)
    assert office.deliver(toll=limits(answers_a_day=1, texts_a_day=1)).sent == {"accepted": 1}
    assert office.state(heard) is ContactState.ACCEPTED


def test_answers_of_many_numbers_come_to_no_more_than_a_day_allows(office: Office) -> None:
    asked = [office.due() for _ in range(4)]
    office.deliver()
    for one in asked:
        talk(office, one, 1)
    report = office.deliver(toll=limits(answers_a_day=3))
    assert (report.sent, report.cancelled) == ({"accepted": 3}, 1)
    with office.sessions.read() as session:
        assert [(row.purse, row.parts) for row in session.scalars(select(TollDay))][-1] == ("answers", 3)


@pytest.mark.parametrize("values", [{"texts_a_day": 2}, {"yuan_a_day": 0.1, "yuan_a_text": 0.05}])
def test_what_is_too_dear_today_goes_tomorrow(office: Office, values: dict[str, Any]) -> None:
    due = [office.due() for _ in range(3)]
    report = office.deliver(toll=limits(**values))
    assert (report.sent, report.postponed) == ({"accepted": 2}, 1)
    assert not office.deliver(toll=limits(**values)), "not asked again before"
    (last,) = [one for one in due if office.state(one) is ContactState.PLANNED]
    office.clock.set(office.contact(last).due_at)
    assert office.deliver(toll=limits(**values)).sent == {"accepted": 1}


def test_a_long_text_counts_by_its_parts(office: Office) -> None:
    assert [parts_of(text) for text in ("好" * 70, "好" * 71, "好" * 134, "好" * 135, "\U0001f600" * 36)] == [
        1,
        2,
        2,
        3,
        2,
    ]
    office.due(text="好" * 71)
    assert office.deliver(toll=limits(texts_a_day=1)).postponed == 1


def test_a_campaign_spends_no_more_than_its_own(office: Office) -> None:
    dear, other = (office.campaign() for _ in range(2))
    for _ in range(3):
        office.due(campaign_id=dear)
    office.due(campaign_id=other)
    report = office.deliver(toll=limits(yuan_a_campaign=0.1))
    assert (report.sent, report.postponed) == ({"accepted": 3}, 1)


@pytest.mark.parametrize(
    "number",
    ["+8613800138000", "+8619912345678", "+861012345678", "+862162345678", "+8675522345678",
     "+867716234567"],
)  # fmt: skip
def test_telephones_of_the_mainland_may_be_dialled(number: str) -> None:
    assert may_be_dialled(number, allowed=["+86"])


@pytest.mark.parametrize(
    "number",
    ["+8695588", "+8696110", "+8616812345", "+8612345", "+864001234567", "+868001234567", "+8612800138000", "+86",
     "+86138001380001", "+85290012345", "+85223456789", "+881612345678", "13800138000", "+86 13800138000"],
)  # fmt: skip
def test_dear_and_strange_numbers_are_not(number: str) -> None:
    assert not may_be_dialled(number, allowed=["+86"])
    if number.startswith(("+852900", "+881")):
        assert not may_be_dialled(number, allowed=["+"]), "whatever is allowed"


@pytest.mark.parametrize("number", ["+8616812345", "+864001234567", "+85290012345", "+97912345678"])
def test_no_carrier_is_asked_for_a_dear_number(number: str) -> None:
    here = "http://127.0.0.1:1"
    voice = {"enabled": True, "allowed_prefixes": ["+86", "+852", "+979"], "gateway_url": here}
    settings = Settings(
        _env_file=None,
        twilio_base_url=here,
        twilio_account_sid="AC0",
        text_prefixes=["+86", "+852", "+979"],
        voice=voice,
    )
    for carrier in (TwilioCarrier.from_settings(settings), TwilioCallCarrier(settings), GatewayCallCarrier(settings)):
        found = carrier.send(OutgoingText(1, number, "您好", "staff.words"))
        assert isinstance(found, Rejected)
        assert found.cause.value == "region_not_allowed"
        carrier.close()
