"""Daughter first: where she has a mandate the contact goes to her phone, and else not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models.resident import Mandate, Phone, Preference
from models.vocabulary import Channel, ContactPurpose, PhoneState, StopReason
from scheduler.planning.cadence import Action, Cadence, Rung
from scheduler.planning.stops import StopScope, place_stop
from tests.builders import a_phone
from tests.planning.street import EIGHT, OTHER_POLICY, POLICY, Street

pytestmark = pytest.mark.engines


def _daughter(
    street: Street,
    resident_id: int,
    *policies: str,
    relation: str = "女儿",
    until: datetime = EIGHT + timedelta(days=9),
) -> int:
    """Her phone, with a mandate for these policies and the wish that she be turned to first."""
    with street.sessions.write() as session:
        phone = a_phone(session)
        session.add(Preference(resident_id=resident_id, name="daughter_first", since=EIGHT))
        session.add_all(
            Mandate(
                resident_id=resident_id,
                policy_id=policy,
                phone_id=phone.id,
                holder={"name": "李梅"},
                relation=relation,
                proof="checked:staff:1",
                granted_at=EIGHT - timedelta(days=1),
                expires_at=until,
            )
            for policy in policies
        )
        return phone.id


def _reached(street: Street) -> int:
    (contact,) = street.contacts()
    return contact.phone_id


def test_with_a_mandate_she_is_written_to(street: Street) -> None:
    resident_id = street.matched()
    phone_id = _daughter(street, resident_id, POLICY)
    street.plan()
    (contact,) = street.contacts()
    assert (contact.resident_id, contact.phone_id) == (resident_id, phone_id)
    assert street.rendering.asked[0]["for_family"]


def test_without_one_the_resident_is(street: Street) -> None:
    phone_id = _daughter(street, street.matched())
    street.plan()
    assert _reached(street) != phone_id
    assert not street.rendering.asked[0]["for_family"]


def test_an_expired_one_counts_no_more(street: Street) -> None:
    phone_id = _daughter(street, street.matched(), POLICY, until=EIGHT)
    street.plan()
    assert _reached(street) != phone_id


def test_a_sons_mandate_is_not_a_daughters(street: Street) -> None:
    phone_id = _daughter(street, street.matched(), POLICY, relation="儿子")
    street.plan()
    assert _reached(street) != phone_id


def test_a_revoked_one_counts_no_more(street: Street) -> None:
    phone_id = _daughter(street, street.matched(), POLICY)
    with street.sessions.write() as session:
        for mandate in session.scalars(select(Mandate)):
            mandate.revoked_at = EIGHT
    street.plan()
    assert _reached(street) != phone_id


def test_she_hears_only_of_what_the_mandate_is_for(street: Street) -> None:
    street.campaign(OTHER_POLICY)
    phone_id = _daughter(street, street.matched(POLICY, OTHER_POLICY), POLICY)
    street.plan()
    (contact,) = street.contacts()
    assert contact.phone_id == phone_id
    assert list(street.numbered(contact).values()) == [POLICY]


def test_a_stopped_or_dead_phone_of_hers_is_passed_over(street: Street) -> None:
    resident_id = street.matched()
    phone_id = _daughter(street, resident_id, POLICY)
    with street.sessions.write() as session:
        scope = StopScope(None, phone_id)
        place_stop(session, StopReason.WRONG_NUMBER, scope, placed_by="model", message_id=None, now=EIGHT)
    street.plan()
    assert _reached(street) != phone_id


def test_a_resident_without_a_phone_is_reached_through_her_alone(street: Street) -> None:
    resident_id = street.matched()
    phone_id = _daughter(street, resident_id, POLICY)
    with street.sessions.write() as session:
        for phone in session.scalars(select(Phone).where(Phone.id != phone_id)):
            phone.state = PhoneState.UNREACHABLE
    street.plan()
    assert _reached(street) == phone_id


def test_a_call_to_her_becomes_a_text(street: Street) -> None:
    calls_only = Cadence((Rung(Action.CALL, 0),))
    _daughter(street, street.matched(), POLICY)
    street.plan(now=EIGHT + timedelta(hours=2), cadence=calls_only)
    (contact,) = street.contacts()
    assert (contact.channel, contact.purpose) == (Channel.SMS, ContactPurpose.REMINDER)
