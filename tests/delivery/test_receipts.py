from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.rest.api.v2010.account.message import MessageInstance

from models.conversation import ContactStop
from models.match import Match
from models.vocabulary import Cause, ContactState, MatchState, PhoneState, StopReason
from outreach_api.channels.vendor_codes import (
    CALL_PREFIX,
    CAUSE_OF_CODE,
    INBOUND_STATUSES,
    MEANING_OF_STATUS,
    cause_of_code,
)
from outreach_api.delivery.consequences import EFFECT_OF_CAUSE
from tests.delivery.office import Office

pytestmark = pytest.mark.engines


@pytest.fixture
def sent(office: Office) -> int:
    contact_id = office.due()
    office.deliver()
    return contact_id


def test_receipts_move_a_contact_on(office: Office, sent: int) -> None:
    office.receipt(sent, "sent")
    office.receipt(sent, "delivered")
    assert office.apply().applied == 2
    assert office.state(sent) is ContactState.DELIVERED
    assert not office.apply()


def test_a_receipt_without_our_id_finds_its_contact_by_the_carriers(office: Office, sent: int) -> None:
    office.receipt(None, "delivered", ref=office.contact(sent).provider_ref)
    office.apply()
    assert office.state(sent) is ContactState.DELIVERED


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered"])))
def test_in_whatever_order_they_come_the_furthest_counts(office: Office, sent: int, order: tuple[str, ...]) -> None:
    for status in order:
        office.receipt(sent, status)
        office.apply()
    assert office.state(sent) is ContactState.DELIVERED


@settings(deadline=None, max_examples=8)
@given(st.lists(st.sampled_from(["queued", "sending", "sent", "delivered"]), min_size=1, max_size=8))
def test_repeated_and_reordered_receipts_end_as_the_furthest_alone_would(statuses: list[str]) -> None:
    office = Office()
    contact_id = office.due()
    office.deliver()
    for status in statuses:
        office.receipt(contact_id, status)
    office.apply(batch=3)
    furthest = max(statuses, key=lambda status: MEANING_OF_STATUS[status].rank)
    assert office.state(contact_id) is MEANING_OF_STATUS[furthest].state


def test_a_confirmation_from_the_phone_outranks_an_earlier_failure(office: Office, sent: int) -> None:
    office.receipt(sent, "undelivered", code="30003")
    office.receipt(sent, "delivered")
    office.apply()
    contact = office.contact(sent)
    assert (contact.state, contact.cause) == (ContactState.DELIVERED, None)
    assert office.phone(sent).carrier_failures == 0


def test_a_late_failure_does_not_undo_a_delivery(office: Office, sent: int) -> None:
    office.receipt(sent, "delivered")
    office.receipt(sent, "failed", code="30008")
    report = office.apply()
    assert (report.applied, report.outranked) == (1, 1)
    assert office.state(sent) is ContactState.DELIVERED


@pytest.mark.parametrize("status", ["undelivered", "failed"])
def test_a_failure_keeps_its_cause_and_code(office: Office, sent: int, status: str) -> None:
    office.receipt(sent, status, code="30006")
    office.apply()
    contact = office.contact(sent)
    assert (contact.state, contact.cause, contact.vendor_code) == (
        ContactState.UNDELIVERED,
        Cause.LANDLINE,
        "30006",
    )
    assert office.phone(sent).state is PhoneState.LANDLINE


def test_two_failures_in_a_row_make_a_phone_unreachable(office: Office) -> None:
    for expected in (PhoneState.USABLE, PhoneState.UNREACHABLE):
        with office.sessions.write() as session:
            match = session.scalars(select(Match)).one_or_none()
        contact_id = office.due(match)
        office.deliver()
        office.receipt(contact_id, "undelivered", code="30003")
        office.apply()
        assert office.phone(contact_id).state is expected
        office.wait(office.clock.now().resolution * 86_400_000_000)


def test_an_opt_out_at_the_carrier_places_one_stop(office: Office, sent: int) -> None:
    office.receipt(sent, "failed", code="21610")
    office.receipt(sent, "failed", code="21610")
    office.apply()
    with office.sessions.read() as session:
        stops = session.execute(select(ContactStop.reason, ContactStop.placed_by)).all()
        assert session.scalars(select(Match.state)).one() is MatchState.OPTED_OUT
    assert stops == [(StopReason.OPT_OUT, "carrier")]


def test_an_unknown_contact_is_settled_by_its_receipt(office: Office) -> None:
    office.carrier.script = ["timeout_after_accept"]
    contact_id = office.due()
    office.deliver()
    office.receipt(contact_id, "delivered", ref="SM9")
    office.apply()
    contact = office.contact(contact_id)
    assert (contact.state, contact.provider_ref) == (ContactState.DELIVERED, "SM9")


def test_a_receipt_of_a_contact_never_sent_changes_nothing(office: Office) -> None:
    contact_id = office.due()
    office.receipt(contact_id, "delivered")
    office.receipt(4711, "delivered", ref="SM4711")
    office.receipt(contact_id, "vanished")
    assert office.apply().strange == 3
    assert office.state(contact_id) is ContactState.PLANNED


def test_a_second_message_of_one_contact_is_seen(office: Office, sent: int) -> None:
    office.receipt(sent, "delivered", ref="SMsecond")
    assert office.apply().strange == 1
    assert office.state(sent) is ContactState.ACCEPTED


def test_batches_leave_nothing_behind(office: Office, sent: int) -> None:
    for _ in range(7):
        office.receipt(sent, "sent")
    report = office.apply(batch=3)
    assert (report.applied, report.outranked) == (1, 6)


# The tables


def test_every_status_of_the_sdk_has_its_meaning() -> None:
    statuses = {value for name, value in vars(MessageInstance.Status).items() if not name.startswith("_")}
    of_texts = {status for status in MEANING_OF_STATUS if not status.startswith(CALL_PREFIX)}
    assert statuses == of_texts | INBOUND_STATUSES


def test_every_status_of_a_call_has_its_meaning() -> None:
    statuses = {value for name, value in vars(CallInstance.Status).items() if not name.startswith("_")}
    assert {CALL_PREFIX + status for status in statuses} <= set(MEANING_OF_STATUS)


def test_every_cause_can_come_about_and_has_its_effect() -> None:
    assert set(CAUSE_OF_CODE.values()) | {Cause.UNCLASSIFIED} == set(Cause)
    assert set(EFFECT_OF_CAUSE) == set(Cause)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("30003", Cause.UNREACHABLE),
        ("30005", Cause.INVALID_NUMBER),
        (21610, Cause.OPTED_OUT_AT_CARRIER),
        ("99999", Cause.UNCLASSIFIED),
        ("", Cause.UNCLASSIFIED),
        (None, Cause.UNCLASSIFIED),
        ("x", Cause.UNCLASSIFIED),
    ],
)
def test_codes_are_read_and_strange_ones_are_unclassified(code: Any, cause: Cause) -> None:
    assert cause_of_code(code) is cause
