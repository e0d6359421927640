"""What is shown in full: to whom, with which open purpose, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from models.case import Appointment
from models.resident import Resident
from models.staff import Staff
from models.vocabulary import CaseState, DayPart, Role
from outreach_api.privacy.reveal import USUAL_AN_HOUR, Detail, NothingOpen, TooManyReveals, reveal
from tests.builders import NOON, a_case, a_conversation, a_database, a_match, a_staff_member, a_team


@pytest.fixture
def session() -> Iterator[Session]:
    with a_database().write() as session:
        yield session


def look(session: Session, who: Staff, at: Resident, *, later: timedelta = timedelta()) -> str:
    return reveal(session, at.id, Detail.PHONE, actor=f"staff:{who.id}", purpose="约上门时间", now=NOON + later)


def test_what_is_closed_is_shown_to_a_supervisor_alone(session: Session) -> None:
    match = a_match(session)
    case = a_case(session, match)
    agent, boss = a_staff_member(session, Role.AGENT), a_staff_member(session, Role.SUPERVISOR)
    assert look(session, agent, match.resident)
    case.state = CaseState.RESOLVED
    with pytest.raises(NothingOpen):
        look(session, agent, match.resident)
    assert look(session, boss, match.resident)


def test_who_talks_to_somebody_may_look(session: Session) -> None:
    match = a_match(session)
    talk = a_conversation(session, match.resident)
    agent = a_staff_member(session, Role.AGENT)
    with pytest.raises(NothingOpen):
        look(session, agent, match.resident)
    talk.taken_over_by = agent.id
    assert look(session, agent, match.resident)


def test_a_visiting_team_sees_details_on_its_day_and_at_its_doors(session: Session) -> None:
    ours, others = a_team(session), a_team(session)
    match = a_match(session)
    case = a_case(session, match)
    day = Appointment(case_id=case.id, team_id=ours.id, on=NOON.date(), part=DayPart.MORNING, made_at=NOON)
    session.add(day)
    visitor = a_staff_member(session, Role.TEAM_MEMBER, team_id=ours.id)
    with pytest.raises(NothingOpen):
        look(session, a_staff_member(session, Role.TEAM_MEMBER, team_id=others.id), match.resident)
    with pytest.raises(NothingOpen):
        look(session, visitor, match.resident, later=timedelta(days=1))
    assert look(session, visitor, match.resident)


def test_more_than_a_person_looks_at_in_an_hour_needs_a_supervisor(session: Session) -> None:
    match = a_match(session)
    a_case(session, match)
    agent = a_staff_member(session, Role.AGENT)
    for second in range(USUAL_AN_HOUR):
        look(session, agent, match.resident, later=timedelta(seconds=second))
    with pytest.raises(TooManyReveals):
        look(session, agent, match.resident, later=timedelta(minutes=30))
    assert look(session, a_staff_member(session, Role.SUPERVISOR), match.resident, later=timedelta(minutes=30))
    assert look(session, agent, match.resident, later=timedelta(hours=1, minutes=1))
