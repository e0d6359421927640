"""Two records of one person become one: nothing is lost, nothing is told twice, and a stop on either holds."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.contact import Contact, ContactMatch
from models.conversation import Consent, ContactStop, Conversation
from models.event import AuditEntry, Event
from models.match import Match
from models.resident import Phone, Preference, Resident
from models.vocabulary import (
    ApplicationChannel,
    ApplicationStatus,
    Author,
    ContactState,
    EventKind,
    MatchState,
    PhoneState,
    Refusal,
    StopReason,
)
from outreach_api.privacy.erase import erase
from outreach_api.residents.find import find_residents
from outreach_api.residents.merging import MergeRefused, _hangs_on, look_again, merge_residents
from outreach_api.residents.same_match import in_order
from scheduler.matching.applications import ApplicationReport, take_applications
from scheduler.planning.stops import StopScope, place_stop, standing_stop
from tests.builders import NOON, a_case, a_contact, a_conversation, a_firm, a_match, a_phone, a_resident
from tests.planning.street import DAY, EIGHT, OTHER_POLICY, POLICY, SHENZHEN, Street
from tests.web.conftest import cards

WHY = "身份证号更正，来了两份"
OLD_NUMBER = "440303195103050021"


def merge(session: Session, stays: int, goes: int, *, seen: str | None = None, because: str = WHY) -> Resident:
    seen = seen or look_again(session, stays, goes).seen
    return merge_residents(session, stays, goes, seen=seen, because=because, by="staff:1", now=NOON, zone=SHENZHEN)


def a_pair(session: Session) -> tuple[Resident, Resident]:
    """The same person twice, with one number in common and one each."""
    shared = a_phone(session)
    stays, goes = a_resident(session, phone=shared), a_resident(session, id_number=OLD_NUMBER)
    own = goes.phones[0]
    own.rank = 1
    goes.phones.append(type(own)(phone_id=shared.id, rank=0, source="grid"))
    session.flush()
    return stays, goes


def a_life(session: Session, who: Resident) -> Match:
    """Something of everything that hangs on somebody."""
    match = a_match(session, who, state=MatchState.INTERESTED)
    contact = a_contact(session, match, state=ContactState.DELIVERED)
    talk = a_conversation(session, who, (Author.RESIDENT, "想领"))
    a_case(session, match, conversation_id=talk.id)
    consent = {"policy_id": match.policy_id, "policy_version": "1", "message_id": talk.messages[0].id, "text": "同意"}
    session.add(Consent(resident_id=who.id, match_id=match.id, given_at=NOON, **consent))
    session.add(Preference(resident_id=who.id, name="slow", since=NOON))
    assert contact.id
    session.flush()
    return match


def test_everything_of_the_one_is_the_others_and_the_pointer_is_kept() -> None:
    street = Street()
    with street.sessions.write() as session:
        stays, goes = a_pair(session)
        match = a_life(session, goes)
        kept = merge(session, stays.id, goes.id)
        assert (kept.id, goes.merged_into_id) == (stays.id, stays.id)
        assert sorted(link.rank for link in kept.phones) == [0, 2]
        assert match.resident_id == stays.id
        left = {
            table.name: session.scalar(select(func.count()).select_from(table).where(column == goes.id))
            for table, column in _hangs_on()
        }
        assert "conversation" in left
        assert set(left.values()) == {0}
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "resident.merge")).one()
        assert (entry.subject, entry.purpose, entry.facts["goes"]) == (f"resident:{stays.id}", WHY, goes.id)
        assert session.scalars(select(Event).where(Event.kind == EventKind.RESIDENTS_MERGED)).one()


@pytest.mark.parametrize("stopped", ["stays", "goes"])
@pytest.mark.parametrize("reason", [StopReason.OPT_OUT, StopReason.DECEASED])
def test_a_stop_on_either_holds_for_both(stopped: str, reason: StopReason) -> None:
    street = Street()
    with street.sessions.write() as session:
        stays, goes = a_pair(session)
        matches = [a_match(session, stays), a_match(session, goes, policy_id=OTHER_POLICY)]
        scope = StopScope({"stays": stays, "goes": goes}[stopped].id, None)
        place_stop(session, reason, scope, placed_by="exact_word", message_id=None, now=NOON)
        planned = [a_contact(session, match) for match in matches]
        merge(session, stays.id, goes.id)
        assert standing_stop(session, resident_id=stays.id, phone_id=None) is reason
        assert {contact.state for contact in planned} == {ContactState.CANCELLED}
        ends = MatchState.OPTED_OUT if reason is StopReason.OPT_OUT else MatchState.DECEASED
        assert {match.state for match in matches} == {ends}
    assert street.plan(EIGHT + DAY).contacts == 0


def test_a_quarantined_number_a_wrong_number_and_a_refusal_hold() -> None:
    street = Street()
    with street.sessions.write() as session:
        stays, goes = a_pair(session)
        own = next(link.phone for link in goes.phones if link.rank == 1)
        own.state, goes.profiling_refused_at = PhoneState.QUARANTINED, NOON
        scope = StopScope(goes.id, own.id)
        place_stop(session, StopReason.WRONG_NUMBER, scope, placed_by="exact_word", message_id=None, now=NOON)
        kept = merge(session, stays.id, goes.id)
        assert kept.profiling_refused_at == NOON
        assert session.get_one(Phone, own.id).state is PhoneState.QUARANTINED
        assert standing_stop(session, resident_id=None, phone_id=own.id) is StopReason.WRONG_NUMBER


def test_what_one_was_told_the_other_is_not_told_again() -> None:
    street = Street()
    first, second = street.matched(POLICY), street.matched(POLICY)
    street.plan()
    with street.sessions.write() as session:
        sent, planned = session.scalars(select(Contact).order_by(Contact.id)).all()
        sent.state, sent.sent_at = ContactState.DELIVERED, sent.due_at
        stays, goes = planned.resident_id, sent.resident_id
        assert {stays, goes} == {first, second}
        assert stays
        assert goes
        merge(session, stays, goes)
        assert (planned.state, planned.refusal) == (ContactState.CANCELLED, Refusal.OPEN_CONTACT)
        matches = session.scalars(select(Match).order_by(Match.episode)).all()
        assert [match.episode for match in matches] == [1, 2]
        assert [match.closed_at is None for match in matches] == [False, True]
        assert session.scalars(select(ContactMatch.match_id)).all() == [matches[1].id] * 2
    assert street.plan(EIGHT + DAY).contacts == 0
    street.plan(EIGHT + 7 * DAY)
    (later,) = [contact for contact in street.contacts() if contact.state is ContactState.PLANNED]
    assert later.ladder_step > 0


def a_closed(state: MatchState, *, days: int = 0) -> Match:
    at = NOON - timedelta(days=days)
    return Match(id=days, state=state, closed_at=at, state_changed_at=at)


def an_open(state: MatchState, *, days: int = 0) -> Match:
    return Match(id=days, state=state, closed_at=None, state_changed_at=NOON - timedelta(days=days))


S = MatchState


@pytest.mark.parametrize(
    ("stands", "other"),
    [
        (a_closed(S.APPLIED_AT_HALL, days=9), an_open(S.INTERESTED, days=1)),
        (a_closed(S.OPTED_OUT, days=9), an_open(S.IN_QUEUE, days=1)),
        (an_open(S.INTERESTED, days=1), a_closed(S.DECLINED, days=5)),
        (a_closed(S.DECLINED, days=1), an_open(S.INTERESTED, days=5)),
        (an_open(S.IN_QUEUE, days=5), an_open(S.IN_OUTREACH, days=1)),
        (an_open(S.NEW, days=5), a_closed(S.RECALLED, days=1)),
        (an_open(S.NEW, days=5), a_closed(S.UNREACHABLE, days=1)),
        (an_open(S.NEW, days=5), a_closed(S.ATTENDED, days=400)),
        (a_closed(S.ATTENDED, days=40), an_open(S.NEW, days=1)),
    ],
)
def test_one_match_stands(stands: Match, other: Match) -> None:
    for pair in permutations((stands, other)):
        assert in_order(pair, today=NOON.date())[-1] is stands


def test_of_an_open_and_a_finished_match_the_finished_one_stands() -> None:
    street = Street()
    with street.sessions.write() as session:
        stays, goes = a_pair(session)
        open_one = a_match(session, stays, state=MatchState.NEW)
        case = a_case(session, open_one)
        done = a_match(session, goes, state=MatchState.APPLIED_AT_HALL, closed_at=NOON - DAY)
        merge(session, stays.id, goes.id)
        assert (open_one.state, done.state) == (MatchState.RECALLED, MatchState.APPLIED_AT_HALL)
        assert (open_one.episode, done.episode, case.match_id) == (1, 2, done.id)


def test_it_is_looked_at_before_it_holds() -> None:
    street = Street()
    with street.sessions.write() as session:
        stays, goes = a_pair(session)
        look = look_again(session, stays.id, goes.id)
        a_match(session, goes)
        with pytest.raises(MergeRefused, match="look again"):
            merge(session, stays.id, goes.id, seen=look.seen)
        other_way_round = look_again(session, goes.id, stays.id).seen
        with pytest.raises(MergeRefused, match="look again"):
            merge(session, stays.id, goes.id, seen=other_way_round)
        with pytest.raises(MergeRefused, match="say why"):
            merge(session, stays.id, goes.id, because=" ")
        merge(session, stays.id, goes.id)
        for one, other in ((stays.id, goes.id), (stays.id, stays.id), (stays.id, a_firm(session).id), (stays.id, 999)):
            with pytest.raises(MergeRefused):
                look_again(session, one, other)


def test_whoever_asks_for_the_old_record_is_given_the_other() -> None:
    street = Street()
    with street.sessions.write() as session:
        stays, goes = a_pair(session)
        match = a_match(session, stays)
        merge(session, stays.id, goes.id)
        for known_by in (OLD_NUMBER, goes.name):
            assert [one.id for one in find_residents(session, known_by, by="staff:1", now=NOON)] == [stays.id]
        third = a_resident(session)
        merge(session, third.id, stays.id)
        assert goes.merged_into_id == third.id
        match_id = match.id
    index = key_ring().blind_index(OLD_NUMBER, kind="id_number")
    report = ApplicationReport(
        "A-1", index, POLICY, ApplicationStatus.SUBMITTED, ApplicationChannel.HALL, date(2026, 9, 1)
    )
    assert take_applications(street.sessions, [report], cards(), now=NOON).settled == 1
    with street.sessions.read() as session:
        assert session.get_one(Match, match_id).state is MatchState.APPLIED_AT_HALL


def test_who_is_erased_is_erased_in_both() -> None:
    street = Street()
    with street.sessions.write() as session:
        stays, goes = a_pair(session)
        merge(session, stays.id, goes.id)
        erase(session, stays.id, by="staff:1", purpose="本人要求", now=NOON)
        assert {one.name for one in session.scalars(select(Resident))} == {""}


def test_a_turn_that_is_being_taken_meanwhile_is_taken_again() -> None:
    street = Street()
    with street.sessions.write() as session:
        stays, goes = a_pair(session)
        talk = a_conversation(session, goes)
        version = talk.version
        merge(session, stays.id, goes.id)
        moved = session.get_one(Conversation, talk.id)
        assert (moved.resident_id, moved.version) == (stays.id, version + 1)
        assert session.scalars(select(ContactStop)).all() == []
