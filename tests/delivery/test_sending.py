from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from models.contact import Campaign, Contact, RefusedContact
from models.conversation import Message
from models.match import Match
from models.resident import Phone, Resident
from models.vocabulary import (
    Cause,
    ContactPurpose,
    ContactState,
    Direction,
    MatchState,
    PhoneState,
    Refusal,
    ResidentStatus,
    StopReason,
)
from outreach_api.channels.carrier import Accepted, SendResult, Unknown
from outreach_api.delivery.claim import Claimed, claim_due
from outreach_api.delivery.settle import Begun, begin_send, begin_sends, settle, settle_all
from outreach_api.due import next_work_at
from scheduler.planning.guards import Guards
from scheduler.planning.pauses import (
    pause_campaign,
    pause_everything,
    pause_policy,
    resume_campaign,
    resume_everything,
)
from scheduler.planning.rules import ContactRules
from scheduler.planning.situation import talks_of
from scheduler.planning.stops import StopScope, place_stop
from tests.builders import NOON, a_conversation, a_match, a_resident, a_staff_member
from tests.delivery.fakes import PowerCut
from tests.delivery.office import MINUTE, Office

pytestmark = pytest.mark.engines

DAY = timedelta(days=1)
EVENING = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
"""20:30 in Shenzhen."""


def claim(office: Office) -> list[Claimed]:
    return claim_due(
        office.sessions, channels=office.carriers, now=office.clock.now(), limit=100, rules=ContactRules()
    ).claimed


def test_a_due_contact_is_sent_once(office: Office) -> None:
    contact_id = office.due()
    assert office.deliver().sent == {"accepted": 1}
    assert not office.deliver()
    contact = office.contact(contact_id)
    assert (contact.state, contact.attempts, contact.sent_at) == (ContactState.ACCEPTED, 1, NOON)
    assert contact.provider_ref is not None
    assert office.carrier.contact_ids() == [contact_id]
    assert office.events()[-1] == {"contact": contact_id, "state": "accepted"}


def test_no_transaction_is_open_while_the_carrier_is_called(office: Office, tmp_path: Path) -> None:
    office = Office(f"sqlite:///{tmp_path / 'office.db'}")
    contact_id = office.due()

    def write_meanwhile(_: object) -> None:
        with office.sessions.write() as session:
            session.get_one(Contact, contact_id).template_key = "written meanwhile"

    office.carrier.before_send = write_meanwhile
    assert office.deliver().sent == {"accepted": 1}
    assert office.contact(contact_id).template_key == "written meanwhile"
    office.sessions.engine.dispose()


def test_what_is_not_due_yet_waits(office: Office) -> None:
    office.due(due_at=NOON + MINUTE)
    assert not office.deliver()
    assert next_work_at(office.sessions, channels=office.carriers, now=NOON) == NOON + MINUTE


def test_answers_go_before_thousands_of_offers(office: Office) -> None:
    asked = office.due()
    office.deliver()
    for _ in range(3):
        office.due(due_at=NOON - MINUTE)
    reply = office.answer(asked, office.hears(asked))
    office.deliver(limit=1)
    assert office.carrier.contact_ids() == [asked, reply]


# Stops


@pytest.mark.parametrize("reason", StopReason)
def test_a_stop_of_the_phone_cancels_what_is_due(office: Office, reason: StopReason) -> None:
    contact_id = office.due()
    with office.sessions.write() as session:
        contact = session.get_one(Contact, contact_id)
        place_stop(
            session,
            reason,
            StopScope(contact.resident_id, contact.phone_id),
            placed_by="model",
            message_id=None,
            now=NOON,
        )
        contact.state = ContactState.PLANNED  # as if the stop's own cancelling had missed it
    assert office.deliver().cancelled == 1
    assert office.state(contact_id) is ContactState.CANCELLED
    assert office.carrier.accepted == []


def test_a_stop_between_claim_and_send_still_silences(office: Office) -> None:
    contact_id = office.due()
    (claimed,) = claim(office)
    with office.sessions.write() as session:
        scope = StopScope(claimed.resident_id, claimed.phone_id)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)
    assert begin_send(office.sessions, claimed, now=NOON) is Begun.STOPPED
    assert office.refusal(contact_id) is Refusal.OPTED_OUT


def test_only_the_acknowledgement_passes_the_stop_and_only_while_it_is_one(office: Office) -> None:
    asked = office.due()
    office.deliver()
    heard = office.hears(asked, "退订")
    with office.sessions.write() as session:
        contact = session.get_one(Contact, asked)
        scope = StopScope(contact.resident_id, contact.phone_id)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)
    reply = office.answer(asked, heard)
    acknowledgement = office.answer(asked, heard, ContactPurpose.ACKNOWLEDGEMENT)
    late = office.answer(asked, heard, ContactPurpose.ACKNOWLEDGEMENT)
    with office.sessions.write() as session:
        session.get_one(Contact, late).due_at = NOON + 31 * MINUTE
    office.deliver()
    office.wait(31 * MINUTE)
    office.deliver()
    assert office.carrier.contact_ids() == [asked, acknowledgement]
    assert (office.refusal(reply), office.refusal(late)) == (Refusal.OPTED_OUT, Refusal.OPTED_OUT)


def test_a_deceased_resident_is_not_written_to(office: Office) -> None:
    contact_id = office.due()
    with office.sessions.write() as session:
        session.scalars(select(Resident)).one().status = ResidentStatus.DECEASED
    office.deliver()
    assert office.refusal(contact_id) is Refusal.DECEASED


# Budget and contact hours


def test_a_second_offer_on_one_day_waits_for_the_next_and_the_reason_is_recorded(office: Office) -> None:
    with office.sessions.write() as session:
        match = a_match(session)
    office.due(match)
    second = office.due(match)
    assert office.deliver().sent == {"accepted": 1}
    assert office.contact(second).due_at == datetime(2026, 9, 2, 1, tzinfo=UTC)
    with office.sessions.read() as session:
        assert session.scalars(select(RefusedContact.reason)).all() == [Refusal.DAILY_CAP]


def test_the_budget_counts_the_phone_whoever_it_reaches(office: Office) -> None:
    with office.sessions.write() as session:
        first = a_match(session)
        second = a_match(session, a_resident(session, phone=first.resident.phones[0].phone))
    office.due(first)
    office.due(second)
    report = office.deliver()
    assert (report.sent, report.postponed) == ({"accepted": 1}, 1)


def test_unknown_contacts_spend_the_budget(office: Office) -> None:
    with office.sessions.write() as session:
        match = a_match(session)
    office.carrier.script = ["timeout_before_accept"]
    office.due(match)
    office.deliver()
    office.due(match)
    assert office.deliver().postponed == 1


def test_offers_in_the_evening_wait_for_the_morning_but_answers_do_not() -> None:
    office = Office(now=EVENING)
    offer = office.due()
    assert office.deliver().postponed == 1
    assert office.contact(offer).due_at == datetime(2026, 9, 2, 1, tzinfo=UTC)
    reply = office.answer(offer, office.hears(offer))
    office.deliver()
    assert office.carrier.contact_ids() == [reply]


def test_an_answer_that_comes_too_late_keeps_contact_hours_and_budget() -> None:
    office = Office(now=EVENING)
    offer = office.due()
    reply = office.answer(offer, office.hears(offer))
    office.wait(31 * MINUTE)
    office.deliver()
    assert office.carrier.accepted == []
    assert office.contact(reply).due_at == datetime(2026, 9, 2, 1, tzinfo=UTC)


def test_a_claim_that_outlives_the_contact_hours_is_handed_back(office: Office) -> None:
    contact_id = office.due()
    (claimed,) = claim(office)
    assert begin_send(office.sessions, claimed, now=NOON + timedelta(hours=8)) is Begun.HANDED_BACK
    assert office.state(contact_id) is ContactState.PLANNED


def test_a_postponed_offer_that_would_be_stale_is_cancelled_instead() -> None:
    office = Office(now=EVENING)
    offer = office.due(expires_at=EVENING + timedelta(hours=2))
    office.deliver()
    assert office.refusal(offer) is Refusal.QUIET_HOURS


# What became pointless


@pytest.mark.parametrize("state", [MatchState.DECLINED, MatchState.IN_QUEUE, MatchState.APPLIED_AT_HALL])
def test_an_offer_of_what_is_settled_is_cancelled(office: Office, state: MatchState) -> None:
    contact_id = office.due()
    with office.sessions.write() as session:
        session.scalars(select(Match)).one().state = state
    office.deliver()
    assert office.refusal(contact_id) is Refusal.MATCH_CLOSED


def test_a_resident_who_began_to_talk_is_not_interrupted(office: Office) -> None:
    contact_id = office.due()
    with office.sessions.write() as session:
        a_conversation(session, session.scalars(select(Resident)).one(), last_at=NOON + MINUTE)
    office.wait(2 * MINUTE)
    office.deliver()
    assert office.refusal(contact_id) is Refusal.OPEN_CONVERSATION


def test_a_talk_in_human_hands_is_not_disturbed(office: Office) -> None:
    contact_id = office.due()
    with office.sessions.write() as session:
        resident = session.scalars(select(Resident)).one()
        a_conversation(session, resident, last_at=NOON - DAY, taken_over_by=a_staff_member(session).id)
    office.deliver()
    assert office.refusal(contact_id) is Refusal.IN_HUMAN_HANDS


def test_a_quarantined_phone_is_not_used(office: Office) -> None:
    contact_id = office.due()
    with office.sessions.write() as session:
        session.scalars(select(Phone)).one().state = PhoneState.QUARANTINED
    office.deliver()
    assert office.refusal(contact_id) is Refusal.PHONE_QUARANTINED


def test_an_expired_contact_is_cancelled(office: Office) -> None:
    contact_id = office.due(expires_at=NOON + MINUTE)
    office.wait(MINUTE)
    assert office.deliver().cancelled == 1
    assert office.state(contact_id) is ContactState.CANCELLED


# Pauses


def test_a_paused_campaign_holds_its_contacts_and_no_others_until_it_is_resumed(office: Office) -> None:
    campaign_id = office.campaign()
    held = office.due(campaign_id=campaign_id)
    free = office.due(campaign_id=office.campaign())
    with office.sessions.write() as session:
        pause_campaign(session, session.get_one(Campaign, campaign_id), because="complaints", by="staff:1", now=NOON)
    office.deliver()
    assert office.carrier.contact_ids() == [free]
    assert next_work_at(office.sessions, channels=office.carriers, now=NOON) is None
    with office.sessions.write() as session:
        resume_campaign(session, session.get_one(Campaign, campaign_id), by="staff:1", now=NOON)
    office.deliver()
    assert office.carrier.contact_ids() == [free, held]


def test_a_pause_of_everything_lets_only_answers_through(office: Office) -> None:
    office.due()
    asked = office.due(due_at=NOON + DAY)
    reply = office.answer(asked, office.hears(asked))
    with office.sessions.write() as session:
        pause_everything(session, because="typhoon", by="staff:1", now=NOON)
    office.deliver()
    assert office.carrier.contact_ids() == [reply]
    with office.sessions.write() as session:
        resume_everything(session, by="staff:1", now=NOON)
    assert office.deliver().sent == {"accepted": 1}


def test_a_paused_policy_holds_its_campaigns(office: Office) -> None:
    office.due(campaign_id=office.campaign())
    with office.sessions.write() as session:
        pause_policy(session, "elderly-allowance", because="card under review", by="staff:1", now=NOON)
    assert not office.deliver()


def test_what_expires_during_a_pause_says_so(office: Office) -> None:
    campaign_id = office.campaign()
    contact_id = office.due(campaign_id=campaign_id, expires_at=NOON + DAY)
    with office.sessions.write() as session:
        pause_campaign(session, session.get_one(Campaign, campaign_id), because="complaints", by="staff:1", now=NOON)
    office.wait(DAY)
    office.deliver()
    assert office.refusal(contact_id) is Refusal.CAMPAIGN_PAUSED


# What the carrier says


def test_too_many_requests_puts_off_this_and_what_follows(office: Office) -> None:
    office.carrier.script = ["rate_limited"]
    ids = [office.due() for _ in range(3)]
    assert office.deliver().sent == {"returned": 3}
    assert {office.state(contact_id) for contact_id in ids} == {ContactState.PLANNED}
    office.wait(timedelta(seconds=5))
    assert office.deliver().sent == {"accepted": 3}
    assert sorted(office.carrier.contact_ids()) == sorted(ids)


def test_a_landline_is_rejected_and_its_phone_left_alone(office: Office) -> None:
    office.carrier.script = ["landline"]
    contact_id = office.due()
    office.deliver()
    contact = office.contact(contact_id)
    assert (contact.state, contact.cause, contact.vendor_code) == (ContactState.REJECTED, Cause.LANDLINE, "21614")
    assert office.phone(contact_id).state is PhoneState.LANDLINE


def test_a_landline_is_not_texted_again(office: Office) -> None:
    contact_id = office.due()
    with office.sessions.write() as session:
        session.scalars(select(Phone)).one().state = PhoneState.LANDLINE
    office.deliver()
    assert office.refusal(contact_id) is Refusal.PHONE_UNREACHABLE


def test_an_opt_out_at_the_carrier_is_a_stop_and_closes_the_match(office: Office) -> None:
    office.carrier.script = ["opted_out"]
    office.due()
    office.deliver()
    with office.sessions.read() as session:
        assert session.scalars(select(Match.state)).one() is MatchState.OPTED_OUT


@pytest.mark.parametrize("fate", ["timeout_after_accept", "timeout_before_accept", "bug"])
def test_an_unanswered_create_is_unknown_and_never_sent_again(office: Office, fate: str) -> None:
    office.carrier.script = [fate]
    contact_id = office.due()
    assert office.deliver().sent == {"unknown": 1}
    sent_already = len(office.carrier.accepted)
    office.wait(DAY)
    assert not office.deliver()
    assert office.state(contact_id) is ContactState.UNKNOWN
    assert len(office.carrier.accepted) == sent_already


# Crashes, fences, races


def test_a_crash_between_claim_and_send_leads_to_one_send(office: Office) -> None:
    contact_id = office.due()
    claim(office)
    assert not office.deliver()
    office.wait(2 * MINUTE)
    assert office.reconcile().handed_back == 1
    office.deliver()
    assert office.carrier.contact_ids() == [contact_id]


@pytest.mark.parametrize(("moment", "ends"), [("power_cut_after", "accepted"), ("power_cut_before", "not_sent")])
def test_a_crash_around_the_send_is_settled_by_the_listing_and_never_resent(
    office: Office, moment: str, ends: str
) -> None:
    office.carrier.script = [moment]
    contact_id = office.due()
    with pytest.raises(PowerCut):
        office.deliver()
    for _ in range(4):
        office.wait(11 * MINUTE)
        office.deliver()
        office.reconcile()
    assert office.state(contact_id) == ends
    assert office.carrier.contact_ids().count(contact_id) == (1 if ends == "accepted" else 0)


def test_a_worker_whose_fence_is_old_may_not_settle_nor_send(office: Office) -> None:
    contact_id = office.due()
    (slow,) = claim(office)
    office.wait(2 * MINUTE)
    office.reconcile()
    (quick,) = claim(office)
    assert begin_send(office.sessions, slow, now=office.clock.now()) is Begun.LOST
    settle(office.sessions, slow, Accepted("SMslow"), provider="twilio", now=office.clock.now())
    assert office.state(contact_id) is ContactState.SENDING
    begin_send(office.sessions, quick, now=office.clock.now())
    settle(office.sessions, quick, Accepted("SMquick"), provider="twilio", now=office.clock.now())
    assert office.contact(contact_id).provider_ref == "SMquick"


def test_a_receipt_that_overtakes_the_answer_is_kept(office: Office) -> None:
    contact_id = office.due()
    (claimed,) = claim(office)
    begin_send(office.sessions, claimed, now=NOON)
    office.receipt(contact_id, "delivered", ref="SM1")
    office.apply()
    settle(office.sessions, claimed, Accepted("SM1"), provider="twilio", now=NOON)
    contact = office.contact(contact_id)
    assert (contact.state, contact.provider_ref) == (ContactState.DELIVERED, "SM1")


def race(office: Office, contacts: int) -> None:
    ids = [office.due() for _ in range(contacts)]
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        while office.deliver():
            pass

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    office.deliver()
    assert sorted(office.carrier.contact_ids()) == sorted(ids)


def test_two_workers_send_each_contact_once(tmp_path: Path) -> None:
    office = Office(f"sqlite:///{tmp_path / 'office.db'}")
    race(office, 30)
    office.sessions.engine.dispose()


def test_workers_that_race_never_text_one_phone_twice_a_day(tmp_path: Path) -> None:
    office = Office(f"sqlite:///{tmp_path / 'office.db'}")
    with office.sessions.write() as session:
        first = a_match(session)
        phone = first.resident.phones[0].phone
        matches = [first, *(a_match(session, a_resident(session, phone=phone)) for _ in range(9))]
    for match in matches:
        office.due(match)
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        office.deliver()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    office.deliver()
    assert len(office.carrier.accepted) == 1
    office.sessions.engine.dispose()


def test_a_pool_of_threads_sends_each_contact_once(tmp_path: Path) -> None:
    office = Office(f"sqlite:///{tmp_path / 'office.db'}")
    ids = [office.due() for _ in range(25)]
    assert office.deliver(threads=4).sent == {"accepted": 25}
    assert sorted(office.carrier.contact_ids()) == ids
    office.sessions.engine.dispose()


def test_of_texts_sent_together_each_has_its_own_outcome(tmp_path: Path) -> None:
    office = Office(f"sqlite:///{tmp_path / 'office.db'}")
    ids = [office.due() for _ in range(4)]
    together = claim(office)
    with office.sessions.write() as session:
        scope = StopScope(together[0].resident_id, together[0].phone_id)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)
        session.get_one(Contact, together[1].contact_id).fence += 1
    begun = begin_sends(office.sessions, together, now=NOON)
    assert begun == [Begun.STOPPED, Begun.LOST, Begun.YES, Begun.YES]
    results: list[tuple[Claimed, SendResult]] = [(together[2], Accepted("SM2")), (together[3], Unknown("timeout"))]
    settle_all(office.sessions, results, provider="twilio", now=NOON)
    assert [office.state(contact_id).value for contact_id in ids] == ["cancelled", "sending", "accepted", "unknown"]
    assert [office.contact(contact_id).attempts for contact_id in ids] == [0, 0, 1, 1]
    office.sessions.engine.dispose()


def test_no_more_are_marked_as_handed_over_than_are_in_flight(tmp_path: Path) -> None:
    office = Office(f"sqlite:///{tmp_path / 'office.db'}")
    for _ in range(12):
        office.due()
    marked: list[int] = []

    def count_marked(_: object) -> None:
        with office.sessions.read() as session:
            marked.append(len(session.scalars(select(Contact.id).where(Contact.sent_at.is_not(None))).all()))

    office.carrier.before_send = count_marked
    office.deliver()
    assert marked == list(range(1, 13))
    office.sessions.engine.dispose()


# The rehearsal's broken guards


def test_without_the_duplicate_guard_a_contact_is_sent_twice(office: Office) -> None:
    contact_id = office.due()
    for _ in range(2):
        office.deliver(guards=Guards.without("duplicate_send"))
    assert office.carrier.contact_ids() == [contact_id, contact_id]
    assert office.state(contact_id) is ContactState.ACCEPTED


def test_without_the_stop_guard_a_stopped_resident_is_written_to(office: Office) -> None:
    contact_id = office.due()
    with office.sessions.write() as session:
        contact = session.get_one(Contact, contact_id)
        scope = StopScope(contact.resident_id, contact.phone_id)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="model", message_id=None, now=NOON)
        contact.state = ContactState.PLANNED
        session.scalars(select(Match)).one().state = MatchState.OPTED_OUT
    assert office.deliver(guards=Guards.without("after_stop")).sent == {"accepted": 1}


def test_without_the_hours_guard_and_without_the_budget_guard_offers_go_out() -> None:
    office = Office(now=EVENING)
    with office.sessions.write() as session:
        match = a_match(session)
    office.due(match)
    assert office.deliver(guards=Guards.without("quiet_hours")).sent == {"accepted": 1}
    office.clock.set(datetime(2026, 9, 2, 3, tzinfo=UTC))
    office.due(match)
    office.due(match)
    assert office.deliver(guards=Guards.without("budget")).sent == {"accepted": 2}


# In the transcript


def test_an_accepted_offer_stands_in_the_transcript_and_is_no_talk_of_the_residents(office: Office) -> None:
    contact_id = office.due()
    office.deliver()
    offered = office.contact(contact_id).text
    with office.sessions.read() as session:
        (line,) = session.scalars(select(Message)).all()
        assert (line.contact_id, line.direction, line.text) == (contact_id, Direction.OUT, offered)
        (resident_id,) = session.scalars(select(Resident.id))
        assert talks_of(session, [resident_id]) == {resident_id: (None, None)}


def test_an_offer_that_was_refused_stands_in_no_transcript(office: Office) -> None:
    office.carrier.script = ["landline"]
    office.due()
    office.deliver()
    with office.sessions.read() as session:
        assert session.scalars(select(Message)).all() == []
