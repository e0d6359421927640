"""A pass over a street: who is found, who is not, and what a later pass changes."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from models.contact import Campaign, Contact, ContactMatch
from models.match import Match, MatchLedger
from models.resident import Resident
from models.session import Sessions
from models.vocabulary import (
    CampaignState,
    Channel,
    ContactPurpose,
    ContactState,
    DeltaKind,
    MatchState,
    Refusal,
)
from scheduler.matching.explain import explain_match, replays
from scheduler.matching.population import Population
from scheduler.matching.run import MatchingReport, run_matching
from scheduler.policies.card import PolicyCard
from scheduler.roster.people import person_key
from scheduler.rules.rule import parse_rule
from tests.builders import NOON, a_key_ring
from tests.matching.conftest import ELSEWHERE, FANG, MEI, UNCLEAR, YOUNG, Person, Street, later

pytestmark = pytest.mark.engines

Cards = dict[str, PolicyCard]
EVERYBODY = (MEI, FANG, YOUNG, ELSEWHERE, UNCLEAR)


def matched_names(sessions: Sessions) -> set[str]:
    with sessions.read() as session:
        return set(session.scalars(select(Resident.name)))


def only_match(sessions: Sessions) -> Match:
    with sessions.read() as session:
        match = session.scalars(select(Match)).one()
        assert match.ledger
        session.expunge_all()
        return match


def run(sessions: Sessions, street: Street, cards: Cards, *people: object, **kwargs: object) -> MatchingReport:
    population = street.population(people, **kwargs)  # type: ignore[arg-type]
    return run_matching(sessions, population, cards, now=NOON)


def test_eligible_and_not_enrolled_is_newly_matched(sessions: Sessions, street: Street, cards: Cards) -> None:
    report = run(sessions, street, cards, *EVERYBODY, enrolled=[FANG])
    assert report.policies["elderly-allowance"].newly_matched == 1
    assert matched_names(sessions) == {MEI.name}


def test_somebody_a_field_is_missing_for_is_undecided_and_not_matched(
    sessions: Sessions, street: Street, cards: Cards
) -> None:
    figures = run(sessions, street, cards, UNCLEAR, MEI).policies["elderly-allowance"]
    assert (figures.undecided, figures.newly_matched) == (1, 1)
    assert matched_names(sessions) == {MEI.name}


def test_the_same_snapshot_twice_creates_nothing(sessions: Sessions, street: Street, cards: Cards) -> None:
    population = street.population([MEI])
    first = run_matching(sessions, population, cards, now=NOON)
    second = run_matching(sessions, population, cards, now=NOON)
    assert (first.repeated, second.repeated) == (False, True)
    with sessions.read() as session:
        assert len(session.scalars(select(MatchLedger)).all()) == 1


def test_a_known_match_is_not_found_again(sessions: Sessions, street: Street, cards: Cards) -> None:
    run(sessions, street, cards, MEI)
    assert run(sessions, street, cards, MEI, YOUNG).policies["elderly-allowance"].newly_matched == 0


def test_enrolment_closes_the_match_and_cancels_what_was_planned(
    sessions: Sessions, street: Street, cards: Cards
) -> None:
    run(sessions, street, cards, MEI)
    contact_id = plan_a_text(sessions, only_match(sessions))
    run(sessions, street, cards, MEI, enrolled=[MEI])
    match = only_match(sessions)
    assert match.state is MatchState.ALREADY_ENROLLED
    with sessions.read() as session:
        contact = session.get_one(Contact, contact_id)
        assert (contact.state, contact.refusal) == (ContactState.CANCELLED, Refusal.MATCH_CLOSED)
        assert session.scalars(select(MatchLedger.delta)).all() == [DeltaKind.NEWLY_ELIGIBLE, DeltaKind.ENROLLED]


def test_corrected_data_recalls_the_match_and_a_second_correction_opens_it_anew(
    sessions: Sessions, street: Street, cards: Cards
) -> None:
    run(sessions, street, cards, MEI)
    run(sessions, street, cards, later(MEI, hukou="非深户"))
    assert only_match(sessions).state is MatchState.RECALLED
    run(sessions, street, cards, MEI)
    with sessions.read() as session:
        rows = session.execute(select(Match.episode, Match.state).order_by(Match.id)).all()
    assert [tuple(row) for row in rows] == [(1, MatchState.RECALLED), (2, MatchState.NEW)]


def test_who_refused_to_be_matched_is_left_out_of_matching(sessions: Sessions, street: Street, cards: Cards) -> None:
    run(sessions, street, cards, MEI)
    run(sessions, street, cards, later(MEI, hukou="非深户"))
    with sessions.write() as session:
        session.scalars(select(Resident)).one().profiling_refused_at = NOON
    run(sessions, street, cards, MEI)
    assert only_match(sessions).state is MatchState.RECALLED


def test_not_knowing_closes_nothing(sessions: Sessions, street: Street, cards: Cards) -> None:
    run(sessions, street, cards, MEI)
    run(sessions, street, cards, later(MEI, hukou=""))
    assert only_match(sessions).state is MatchState.NEW


def test_a_changed_rule_recalls_and_says_so(sessions: Sessions, street: Street, cards: Cards) -> None:
    run(sessions, street, cards, MEI)
    stricter = {"field": "age_years", "op": "gte", "value": 80, "label": {"zh": "满80周岁", "en": "80 or over"}}
    changed = cards["elderly-allowance"].model_copy(update={"version": 2, "rule": parse_rule(stricter)})
    report = run(sessions, street, {"elderly-allowance": changed}, MEI)
    assert report.policies["elderly-allowance"].closed == {"rule_changed": 1}
    assert only_match(sessions).state is MatchState.RECALLED


def test_a_birthday_between_two_imports_is_a_new_match(sessions: Sessions, street: Street, cards: Cards) -> None:
    nearly = later(MEI, born=date(1956, 3, 10))
    assert run(sessions, street, cards, nearly).policies["elderly-allowance"].newly_matched == 0
    report = run(sessions, street, cards, nearly, as_of=date(2026, 3, 10))
    assert report.policies["elderly-allowance"].newly_matched == 1


def test_every_decision_replays_and_is_explained_in_chinese(sessions: Sessions, street: Street, cards: Cards) -> None:
    run(sessions, street, cards, MEI)
    with sessions.write() as session:
        match = session.scalars(select(Match)).one()
        assert replays(session, match.ledger[0])
        lines = list(explain_match(session, match))
        assert any("满70周岁：符合（年龄：75岁）" in line for line in lines)
        match.ledger[0].row = {**match.ledger[0].row, "age_years": 60}
        assert not replays(session, match.ledger[0])


def test_identifiers_are_not_plain_in_the_database(sessions: Sessions, street: Street, cards: Cards) -> None:
    run(sessions, street, cards, MEI)
    with sessions.read() as session:
        connection = session.connection()
        stored = str(connection.exec_driver_sql("select * from resident").all())
        stored += str(connection.exec_driver_sql("select * from phone").all())
        stored += str(connection.exec_driver_sql("select * from match_ledger").all())
    for secret in (MEI.name, MEI.number, "湖贝路", "13800000001", "满70"):
        assert secret not in stored


def plan_a_text(sessions: Sessions, match: Match) -> int:
    with sessions.write() as session:
        resident = session.get_one(Resident, match.resident_id)
        campaign = Campaign(
            policy_id=match.policy_id, name="a", state=CampaignState.RUNNING, daily_cap=9, starts_on=NOON.date()
        )
        session.add(campaign)
        session.flush()
        contact = Contact(
            resident_id=resident.id,
            phone_id=resident.phones[0].phone_id,
            campaign_id=campaign.id,
            channel=Channel.SMS,
            purpose=ContactPurpose.OFFER,
            template_key="offer",
            variables={},
            text="…",
            created_at=NOON,
            due_at=NOON,
        )
        session.add(contact)
        session.flush()
        session.add(ContactMatch(contact_id=contact.id, match_id=match.id))
        return contact.id


def test_without_a_list_of_who_receives_it_nobody_is_said_to_miss_it(
    sessions: Sessions, street: Street, cards: Cards
) -> None:
    population = street.population([MEI])
    (population.folder / "enrolments" / "elderly-allowance.parquet").unlink()
    figures = run_matching(sessions, population, cards, now=NOON).policies["elderly-allowance"]
    assert (figures.enrolment_known, figures.newly_matched) == (False, 0)
    assert matched_names(sessions) == set()


def test_a_stale_list_of_recipients_finds_nobody_missing(sessions: Sessions, street: Street, cards: Cards) -> None:
    then = Population(street.population([MEI]).folder, as_of=date(2026, 9, 1))
    assert {file.feed for file in then.stale} == {"population", "enrolments"}
    figures = run_matching(sessions, then, cards, now=NOON).policies["elderly-allowance"]
    assert (figures.enrolment_known, figures.newly_matched) == (False, 0)


def a_merged_record(sessions: Sessions, person: Person, *, into: Person) -> None:
    """What is left of a record that was merged: its key in the files, and who stands for it."""
    with sessions.write() as session:
        stands = session.scalars(
            select(Resident).where(Resident.person_key == person_key(a_key_ring(), into.number, None))
        ).one()
        values = {"name": person.name, "name_index": "x", "created_at": NOON}
        key = person_key(a_key_ring(), person.number, None)
        session.add(Resident(person_key=key, merged_into_id=stands.id, **values))


def test_a_record_that_was_merged_is_never_matched_again(sessions: Sessions, street: Street, cards: Cards) -> None:
    run(sessions, street, cards, MEI)
    a_merged_record(sessions, FANG, into=MEI)
    assert run(sessions, street, cards, MEI, FANG).policies["elderly-allowance"].newly_matched == 0


def test_a_list_may_know_somebody_by_the_record_that_was_merged(
    sessions: Sessions, street: Street, cards: Cards
) -> None:
    run(sessions, street, cards, MEI)
    a_merged_record(sessions, FANG, into=MEI)
    report = run(sessions, street, cards, MEI, FANG, enrolled=[FANG])
    assert report.policies["elderly-allowance"].closed == {"enrolled": 1}
    with sessions.write() as session:
        match = session.scalars(select(Match)).one()
        match.state = MatchState.RECALLED
    assert (
        run(sessions, street, cards, MEI, FANG, YOUNG, enrolled=[FANG]).policies["elderly-allowance"].newly_matched == 0
    )
