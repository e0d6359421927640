"""The visitor's phone: what it is given, and that what it brings back counts once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import Case, Team, Visit
from models.match import Match, MatchChange
from models.session import Sessions
from models.vocabulary import AppointmentState, CaseState, DayPart, MatchState, VisitOutcome
from outreach_api.cases.appointments import appoint
from outreach_api.cases.day_list import birth_check, day_list
from outreach_api.cases.routing import Slot
from outreach_api.cases.sync_visits import Refused, Taken, VisitRecord, take_records
from outreach_api.cases.visits import Agreed
from outreach_api.conversations.proof import check
from tests.builders import NOON, a_case, a_database, a_match, a_resident, a_team

TODAY = NOON.date()
O = VisitOutcome  # noqa: E741


def an_appointment(session: Session, team: Team, *, on: date = TODAY, case: Case | None = None) -> Case:
    case = case or a_case(session, a_match(session))
    appoint(session, case, team.id, Slot(on, DayPart.MORNING), by="system", now=NOON - timedelta(days=1))
    return case


def a_record(case_id: int, client_id: str = "client-one", **values: object) -> VisitRecord:
    made = VisitRecord(client_id, case_id, None, TODAY, O.APPLIED, "当面办好", Agreed.YES)
    return replace(made, **values)  # type: ignore[arg-type]


def taken(sessions: Sessions, team_id: int, *records: VisitRecord) -> list[Taken]:
    return take_records(sessions, team_id, list(records), today=TODAY, now=NOON)


@pytest.fixture
def team(sessions: Sessions) -> int:
    with sessions.write() as session:
        return a_team(session).id


@pytest.fixture(scope="module")
def door_sessions() -> Iterator[Sessions]:
    sessions = a_database()
    yield sessions
    sessions.engine.dispose()


SENT = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([O.APPLIED, O.DECLINED, O.ALREADY_ENROLLED])), min_size=1, max_size=8
)


@settings(max_examples=25, deadline=None)
@given(batches=st.lists(SENT, min_size=1, max_size=3))
def test_however_often_it_is_sent_a_visit_counts_once(
    door_sessions: Sessions, batches: list[list[tuple[int, VisitOutcome]]]
) -> None:
    """Three doors, sent again and again, in any order and with whatever else they say by then."""
    with door_sessions.write() as session:
        team = a_team(session)
        cases = [an_appointment(session, team).id for _ in range(3)]
    first: dict[int, VisitOutcome] = {}
    for batch in batches:
        records = [a_record(cases[door], f"client-{cases[door]}", outcome=outcome) for door, outcome in batch]
        assert all(one.refused is None for one in taken(door_sessions, team.id, *records))
        for door, outcome in batch:
            first.setdefault(door, outcome)
    with door_sessions.read() as session:
        for door, case_id in enumerate(cases):
            visits = session.scalars(select(Visit).where(Visit.case_id == case_id)).all()
            assert [visit.outcome for visit in visits] == ([first[door]] if door in first else [])
            moves = select(func.count(MatchChange.id)).join(Match).join(Case, Case.match_id == Match.id)
            assert session.scalar(moves.where(Case.id == case_id)) == (door in first)


def test_applying_for_somebody_needs_their_consent(sessions: Sessions, team: int) -> None:
    with sessions.write() as session:
        case = an_appointment(session, session.get_one(Team, team))
    record = a_record(case.id)
    (refused,) = taken(sessions, team, replace(record, consented=Agreed.NOT_ASKED))
    assert refused.refused is Refused.CONSENT_MISSING
    assert taken(sessions, team, record)[0].refused is None
    with sessions.read() as session:
        visit = session.scalars(select(Visit)).one()
        assert visit.consented_at == NOON
        assert session.get_one(Case, case.id).state is CaseState.RESOLVED


def test_one_that_is_refused_keeps_no_other_back(sessions: Sessions, team: int) -> None:
    with sessions.write() as session:
        mine = an_appointment(session, session.get_one(Team, team)).id
        theirs = an_appointment(session, a_team(session)).id
    answers = taken(
        sessions,
        team,
        a_record(999, "client-1"),
        a_record(theirs, "client-2"),
        a_record(mine, "client-3", policy_id="no-such-policy"),
        a_record(mine, "client-4", visit_on=TODAY + timedelta(days=1)),
        a_record(mine, "client-5"),
    )
    assert [one.refused for one in answers] == [
        Refused.UNKNOWN_CASE,
        Refused.NOT_YOURS,
        Refused.NOT_MATCHED,
        Refused.NOT_YET,
        None,
    ]


def test_what_comes_late_leaves_the_new_day_alone(sessions: Sessions, team: int) -> None:
    """Nobody was home on Monday; by the time the phone finds a net, another day has been appointed."""
    with sessions.write() as session:
        case = an_appointment(session, session.get_one(Team, team), on=TODAY + timedelta(days=3))
    assert taken(sessions, team, a_record(case.id, outcome=O.NOT_HOME))[0].refused is None
    with sessions.read() as session:
        kept = session.get_one(Case, case.id)
        assert kept.state is CaseState.ACCEPTED
        assert [one.state for one in kept.appointments] == [AppointmentState.STANDING]


def test_the_list_says_no_more_than_the_visit_needs(session: Session) -> None:
    team = a_team(session)
    resident = a_resident(session, name="陈秀兰", address="湖贝路1号3栋502", birth_date=date(1951, 3, 5))
    for policy in ("elderly-allowance", "elderly-health-check"):
        match = a_match(session, resident, policy_id=policy)
        an_appointment(session, team, case=a_case(session, match, summary="陈秀兰电话13800001234"))
    an_appointment(session, team, on=TODAY + timedelta(days=1))
    an_appointment(session, a_team(session))
    found = day_list(session, team.id, TODAY, {})
    (door,) = found.doors
    assert (door.name, door.address) == ("陈*", "湖贝路1号3栋502")
    assert [one.policy_id for one in door.todo] == ["elderly-allowance", "elderly-health-check"]
    assert door.birth_check == birth_check("1951-03", found.salt)
    assert "秀兰" not in (door.summary or "")
    assert "13800001234" not in (door.summary or "")


def test_the_code_proves_the_visit_until_the_day_is_over(session: Session) -> None:
    team = a_team(session)
    an_appointment(session, team)
    (door,) = day_list(session, team.id, TODAY, {}).doors
    proof = check(session, door.code, now=NOON)
    assert proof is not None
    assert proof.is_valid
    late = check(session, door.code, now=NOON + timedelta(hours=13))
    assert late is not None
    assert not late.is_valid


def test_a_door_that_was_seen_to_stays_on_the_list_without_its_person(sessions: Sessions, team: int) -> None:
    with sessions.write() as session:
        case = an_appointment(session, session.get_one(Team, team))
    taken(sessions, team, a_record(case.id))
    with sessions.read() as session:
        (door,) = day_list(session, team, TODAY, {}).doors
        assert (door.done, door.address, door.phone, door.todo) == (O.APPLIED, "", None, ())
        assert session.scalars(select(Match.state)).one() is MatchState.APPLIED_BY_VISIT
