from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models.contact import Contact
from models.vocabulary import ContactPurpose, ContactState
from outreach_api.channels.carrier import Listing
from outreach_api.due import next_work_at
from tests.delivery.office import MINUTE, Office

pytestmark = pytest.mark.engines

TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def unknown(office: Office) -> int:
    """A contact whose create the carrier took and never answered."""
    office.carrier.script = ["timeout_after_accept"]
    contact_id = office.due()
    office.deliver()
    office.wait(MINUTE)
    return contact_id


def test_a_listing_that_shows_the_message_settles_it(office: Office, unknown: int) -> None:
    assert office.reconcile().found == 1
    contact = office.contact(unknown)
    assert (contact.state, contact.provider_ref) == (ContactState.ACCEPTED, office.carrier.listed[0].provider_ref)
    office.receipt(unknown, "delivered")
    office.apply()
    assert office.state(unknown) is ContactState.DELIVERED


def test_two_complete_listings_ten_minutes_apart_without_it_settle_it_as_not_sent(office: Office, unknown: int) -> None:
    office.carrier.forget()
    assert office.reconcile().still_unknown == 1
    office.wait(TEN_MINUTES - MINUTE / 2)
    office.reconcile()
    assert (office.carrier.listings, office.state(unknown)) == (1, ContactState.UNKNOWN)
    office.wait(MINUTE / 2)
    assert office.reconcile().not_sent == 1
    assert office.state(unknown) is ContactState.NOT_SENT
    assert not office.deliver()


def test_listings_of_two_workers_at_once_count_as_one(office: Office, unknown: int) -> None:
    office.carrier.forget()
    listed = office.carrier.sent_between
    nested: list[int] = []

    def meanwhile_another_lists(since: datetime, until: datetime) -> Listing:
        if not nested:
            nested.append(1)
            office.reconcile()
        return listed(since, until)

    office.carrier.sent_between = meanwhile_another_lists  # type: ignore[method-assign]
    office.reconcile()
    assert office.carrier.listings == 2
    assert (office.state(unknown), office.contact(unknown).missed_listings) == (ContactState.UNKNOWN, 1)


def test_an_incomplete_listing_proves_presence_but_never_absence(office: Office, unknown: int) -> None:
    office.carrier.listing_complete = False
    shown = list(office.carrier.listed)
    office.carrier.forget()
    for _ in range(5):
        office.reconcile()
        office.wait(TEN_MINUTES)
    assert office.state(unknown) is ContactState.UNKNOWN
    office.carrier.listed = shown
    office.reconcile()
    assert office.state(unknown) is ContactState.ACCEPTED


def test_a_late_receipt_still_corrects_what_was_settled_as_not_sent(office: Office, unknown: int) -> None:
    office.carrier.forget()
    for _ in range(2):
        office.reconcile()
        office.wait(TEN_MINUTES)
    assert office.state(unknown) is ContactState.NOT_SENT
    office.receipt(unknown, "delivered", ref="SM9")
    office.apply()
    assert office.state(unknown) is ContactState.DELIVERED


def test_one_listed_message_settles_one_contact_only(office: Office) -> None:
    office.carrier.script = ["timeout_after_accept", "timeout_before_accept"]
    asked = office.due(due_at=office.clock.now() + timedelta(days=1))
    heard = office.hears(asked)
    first, second = office.answer(asked, heard), office.answer(asked, heard)
    office.deliver()
    office.wait(MINUTE)
    report = office.reconcile()
    assert (report.found, report.still_unknown) == (1, 1)
    assert {office.state(first), office.state(second)} == {ContactState.ACCEPTED, ContactState.UNKNOWN}


def test_a_message_of_another_contact_is_not_taken_for_it(office: Office, unknown: int) -> None:
    office.carrier.forget()
    with office.sessions.write() as session:
        contact = session.get_one(Contact, unknown)
        twin = office.carrier.accepted[0]
        earlier = Contact(
            resident_id=contact.resident_id,
            phone_id=contact.phone_id,
            channel=contact.channel,
            purpose=contact.purpose,
            state=ContactState.DELIVERED,
            template_key="offer",
            variables={},
            text=contact.text,
            created_at=contact.created_at,
            due_at=contact.due_at,
            provider_ref="SMearlier",
        )
        session.add(earlier)
    office.carrier.accepted.clear()
    office.carrier._accept(twin)
    office.carrier.listed[0] = type(office.carrier.listed[0])(
        "SMearlier", twin.to, twin.text, ContactState.DELIVERED, None, office.clock.now()
    )
    assert office.reconcile().found == 0


def test_an_answer_that_was_not_sent_is_queued_anew_and_an_acknowledgement_is_not(office: Office) -> None:
    asked = office.due(due_at=office.clock.now() + timedelta(days=1))
    heard = office.hears(asked)
    office.carrier.script = ["timeout_before_accept"] * 2
    office.answer(asked, heard)
    office.answer(asked, heard, ContactPurpose.ACKNOWLEDGEMENT)
    office.deliver()
    for _ in range(2):
        office.wait(TEN_MINUTES)
        office.reconcile()
    with office.sessions.read() as session:
        planned = session.scalars(select(Contact.purpose).where(Contact.state == ContactState.PLANNED)).all()
    assert sorted(planned) == [ContactPurpose.OFFER, ContactPurpose.REPLY]


def test_the_clock_is_led_from_listing_to_listing(office: Office, unknown: int) -> None:
    office.carrier.forget()
    assert next_work_at(office.sessions, channels=office.carriers, now=office.clock.now()) == office.clock.now()
    office.reconcile()
    following = next_work_at(office.sessions, channels=office.carriers, now=office.clock.now())
    assert following == office.clock.now() + TEN_MINUTES


def test_a_pending_receipt_is_work_for_now(office: Office) -> None:
    office.receipt(None, "delivered")
    assert next_work_at(office.sessions, channels=office.carriers, now=office.clock.now()) == office.clock.now()


def test_without_anything_to_do_there_is_no_next_instant() -> None:
    office = Office()
    assert next_work_at(office.sessions, channels=office.carriers, now=office.clock.now()) is None
