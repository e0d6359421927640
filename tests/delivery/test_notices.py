"""Urgent notices: what their approval lets them exceed, and what nothing does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.contact import Campaign, Contact
from models.resident import Phone, Preference, Resident
from models.vocabulary import ContactState, PhoneState, Refusal, ResidentStatus, StopReason, Waiver
from scheduler.planning.campaigns import CampaignDraft, approve_campaign, create_campaign, start_campaign
from scheduler.planning.notices import NoticeAudience, NoticeReport, queue_notice
from scheduler.planning.rules import ContactRules
from scheduler.planning.stops import StopScope, place_stop
from tests.builders import NOON, a_match, a_phone, a_resident
from tests.delivery.office import MINUTE, Office

NIGHT = datetime(2026, 9, 1, 15, 30, tzinfo=UTC)
"""23:30 in Shenzhen."""
ALL = frozenset(Waiver)
pytestmark = pytest.mark.engines


def a_notice(office: Office, *, waives: frozenset[Waiver] = ALL, **audience: Any) -> int:
    now = office.clock.now()
    draft = CampaignDraft(
        name="高温",
        notice="高温红色预警：今天请不要外出，身体不适请拨打120。",
        daily_cap=1000,
        starts_on=now.date(),
        waives=waives,
        audience=NoticeAudience(**audience),
    )
    with office.sessions.write() as session:
        campaign = create_campaign(session, draft, by="staff:1", now=now)
        approve_campaign(session, campaign, by="staff:2", now=now)
        start_campaign(session, campaign, by="staff:1", now=now)
        return campaign.id


def queue(office: Office, campaign_id: int) -> NoticeReport:
    return queue_notice(office.sessions, campaign_id, now=office.clock.now(), rules=ContactRules())


def residents(office: Office, count: int, **values: Any) -> list[int]:
    with office.sessions.write() as session:
        return [a_resident(session, **values).id for _ in range(count)]


def test_an_approved_notice_goes_out_at_night_and_to_those_who_were_texted_today() -> None:
    office = Office(now=NOON)
    offered = office.due()
    office.deliver()
    office.clock.set(NIGHT)
    residents(office, 2)
    assert queue(office, a_notice(office)).queued == 3
    assert office.deliver().sent == {"accepted": 3}
    assert len(set(office.carrier.contact_ids()) - {offered}) == 3
    assert {message.text for message in office.carrier.accepted[1:]} == {
        "高温红色预警：今天请不要外出，身体不适请拨打120。不想再收到，退订回T。"
    }


@pytest.mark.parametrize(
    ("waives", "refusal"), [(frozenset({Waiver.BUDGET}), Refusal.QUIET_HOURS), (frozenset(), Refusal.QUIET_HOURS)]
)
def test_what_its_approval_does_not_name_holds(waives: frozenset[Waiver], refusal: Refusal) -> None:
    office = Office(now=NIGHT)
    residents(office, 1)
    queue(office, a_notice(office, waives=waives))
    assert not office.deliver()
    office.clock.set(datetime(2026, 9, 2, 1, tzinfo=UTC))
    assert office.deliver().sent == {"accepted": 1}


def test_without_a_waiver_of_the_budget_it_waits_for_the_next_day(office: Office) -> None:
    offered = office.due()
    office.deliver()
    queue(office, a_notice(office, waives=frozenset({Waiver.HOURS})))
    assert office.deliver().postponed == 1
    assert office.carrier.contact_ids() == [offered]


def test_an_approval_that_is_no_second_persons_waives_nothing() -> None:
    office = Office(now=NIGHT)
    residents(office, 1)
    campaign_id = a_notice(office)
    queue(office, campaign_id)
    with office.sessions.write() as session:
        session.get_one(Campaign, campaign_id).approved_by = "staff:1"
    assert office.deliver().postponed == 1
    with pytest.raises(ValueError, match="approved"):
        queue(office, campaign_id)


def test_two_a_day_and_each_once_whatever_is_waived(office: Office) -> None:
    (resident_id,) = residents(office, 1)
    for _ in range(3):
        campaign_id = a_notice(office)
        assert queue(office, campaign_id).queued == 1
        assert queue(office, campaign_id).queued == 0
    report = office.deliver()
    assert (report.sent, report.postponed + report.cancelled) == ({"accepted": 2}, 1)
    assert resident_id


def test_a_household_behind_one_phone_is_told_once(office: Office) -> None:
    with office.sessions.write() as session:
        phone = a_phone(session)
        a_resident(session, phone=phone)
        a_resident(session, phone=phone)
    assert queue(office, a_notice(office)).queued == 1


def test_a_stop_outranks_an_emergency(office: Office) -> None:
    opted_out, deceased, visited, offline, told = residents(office, 5)
    with office.sessions.write() as session:
        scope = StopScope(opted_out, None)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)
        session.get_one(Resident, deceased).status = ResidentStatus.DECEASED
        session.add(Preference(resident_id=visited, name="visit_only", since=NOON))
        session.get_one(Phone, offline).state = PhoneState.UNREACHABLE
    report = queue(office, a_notice(office))
    assert report.queued == 1
    assert report.left_out == {
        Refusal.OPTED_OUT: 1,
        Refusal.DECEASED: 1,
        Refusal.PREFERENCE: 1,
        Refusal.PHONE_UNREACHABLE: 1,
    }
    with office.sessions.write() as session:
        (contact,) = session.scalars(select(Contact))
        scope = StopScope(told, contact.phone_id)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)
        assert contact.state is ContactState.CANCELLED
        contact.state = ContactState.PLANNED  # as if the stop's own cancelling had missed it
    assert office.deliver().cancelled == 1
    assert office.carrier.accepted == []


def test_the_audience_is_by_street_and_age(office: Office) -> None:
    residents(office, 1, street="桂园街道")
    residents(office, 2, birth_date=date(1966, 9, 1))
    residents(office, 4, birth_date=date(1966, 9, 2))
    assert queue(office, a_notice(office, streets=("东门街道",), from_age=60)).queued == 2


def test_a_notice_counts_against_the_ordinary_budget_of_its_day(office: Office) -> None:
    with office.sessions.write() as session:
        match = a_match(session)
    queue(office, a_notice(office))
    office.deliver()
    office.due(match)
    assert office.deliver().postponed == 1


def test_one_settled_as_not_sent_is_queued_anew_within_its_caps(office: Office) -> None:
    residents(office, 1)
    queue(office, a_notice(office))
    office.carrier.script = ["timeout_before_accept"]
    office.deliver()
    for _ in range(3):
        office.wait(11 * MINUTE)
        office.reconcile()
    assert office.deliver().sent == {"accepted": 1}
    with office.sessions.read() as session:
        steps = session.execute(select(Contact.ladder_step, Contact.state).order_by(Contact.id)).all()
    assert steps == [(0, ContactState.NOT_SENT), (1, ContactState.ACCEPTED)]


def test_yesterdays_notice_is_not_sent_any_more(office: Office) -> None:
    residents(office, 1)
    queue(office, a_notice(office))
    office.wait(timedelta(hours=24))
    assert office.deliver().cancelled == 1
