"""A call by hand: planned for who has something open, refused with the reason for who hasn't."""

from __future__ import annotations

import pytest

from models.contact import Contact
from models.vocabulary import Channel, MatchState
from outreach_api.voice.by_hand import CannotCall, owner_of, plan_call
from tests.builders import NOON, a_database, a_key_ring, a_match, a_resident


def test_a_call_by_hand_speaks_of_all_that_is_open() -> None:
    with a_database().write() as session:
        resident = a_resident(session)
        a_match(session, resident)
        a_match(session, resident, policy_id="elderly-health-check", state=MatchState.DECLINED)
        contact = plan_call(session, resident.id, now=NOON)
        assert isinstance(contact, Contact)
        assert (contact.channel, contact.due_at, contact.phone_id) == (Channel.VOICE, NOON, resident.phones[0].phone_id)


def test_by_phone_the_first_it_reaches_is_asked_for() -> None:
    with a_database().write() as session:
        resident = a_resident(session, phone="+8613900000077")
        index = a_key_ring().blind_index("+8613900000077", kind="phone")
        assert owner_of(session, index) == (resident.id, resident.phones[0].phone_id)


def test_nothing_open_and_nobodys_number_are_refused_with_the_reason() -> None:
    with a_database().write() as session:
        resident = a_resident(session)
        with pytest.raises(CannotCall, match="nothing is open"):
            plan_call(session, resident.id, now=NOON)
        with pytest.raises(CannotCall, match="nobody's"):
            owner_of(session, "unknown")
