from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import Case, Visit
from models.conversation import ContactStop
from models.match import MatchChange
from models.vocabulary import (
    CaseKind,
    CaseReason,
    CaseState,
    ContactState,
    MatchState,
    StopReason,
    VisitOutcome,
)
from outreach_api.cases.visits import EFFECTS, VisitRefused, record_visit
from outreach_api.cases.work_case import Assignee, accept
from scheduler.matching.moves import move_match
from tests.builders import NOON, a_case, a_contact, a_match, a_resident, a_team

pytestmark = pytest.mark.engines


def visited(session: Session, case: Case, outcome: VisitOutcome, **values: Any) -> Visit:
    values = {"client_id": str(uuid4()), "team": None, "policy_id": None, "note": None, **values}
    return record_visit(session, case, visit_on=NOON.date(), outcome=outcome, now=NOON, **values)


def test_every_outcome_has_an_effect() -> None:
    assert set(EFFECTS) == set(VisitOutcome)


@pytest.mark.parametrize("outcome", sorted(set(VisitOutcome) - {VisitOutcome.NOT_HOME}))
def test_an_outcome_closes_the_match_and_resolves_the_case(session: Session, outcome: VisitOutcome) -> None:
    match = a_match(session, state=MatchState.IN_QUEUE)
    case = a_case(session, match)
    visit = visited(session, case, outcome)
    assert match.state is EFFECTS[outcome].closes_as
    assert case.state is CaseState.RESOLVED
    assert session.scalars(select(MatchChange.because)).all() == [f"visit:{visit.id}"]


def test_the_same_visit_sent_twice_is_one_visit(session: Session) -> None:
    case = a_case(session, a_match(session))
    first = visited(session, case, VisitOutcome.APPLIED, client_id="c1")
    assert visited(session, case, VisitOutcome.DECLINED, client_id="c1") is first
    assert session.scalar(select(func.count(Visit.id))) == 1


def test_a_client_id_of_another_case_is_refused(session: Session) -> None:
    visited(session, a_case(session, a_match(session)), VisitOutcome.NOT_HOME, client_id="c1")
    with pytest.raises(VisitRefused, match="another case"):
        visited(session, a_case(session, a_match(session)), VisitOutcome.NOT_HOME, client_id="c1")


def test_nobody_home_goes_back_into_the_queue_until_the_third_try(session: Session) -> None:
    match = a_match(session)
    case = a_case(session, match)
    team = a_team(session)
    seen = []
    for _ in range(3):
        accept(session, case.id, Assignee(team_id=team.id), by="team", now=NOON)
        visited(session, case, VisitOutcome.NOT_HOME, team=team)
        session.flush()
        seen.append((case.state, match.state))
    waiting = (CaseState.OPEN, MatchState.IN_OUTREACH)
    assert seen == [waiting, waiting, (CaseState.RESOLVED, MatchState.UNREACHABLE)]


def test_a_death_stops_everything_and_asks_somebody_to_check(session: Session) -> None:
    resident = a_resident(session)
    matches = [a_match(session, resident, policy_id=policy) for policy in ("elderly-allowance", "elderly-health-check")]
    planned = a_contact(session, matches[1])
    visited(session, a_case(session, matches[0]), VisitOutcome.DECEASED)
    assert {match.state for match in matches} == {MatchState.DECEASED}
    assert planned.state is ContactState.CANCELLED
    stop = session.scalars(select(ContactStop)).one()
    assert (stop.reason, stop.resident_id) == (StopReason.DECEASED, resident.id)
    check = session.scalars(select(Case).where(Case.kind == CaseKind.IDENTITY)).one()
    assert check.reason is CaseReason.CHECK_DEATH


def test_a_visit_may_be_about_another_benefit_of_the_same_person(session: Session) -> None:
    resident = a_resident(session)
    allowance = a_match(session, resident)
    checkup = a_match(session, resident, policy_id="elderly-health-check")
    case = a_case(session, allowance)
    visited(session, case, VisitOutcome.APPLIED)
    visited(session, case, VisitOutcome.ATTENDED, policy_id="elderly-health-check")
    assert (allowance.state, checkup.state) == (MatchState.APPLIED_BY_VISIT, MatchState.ATTENDED)


def test_a_match_that_closed_meanwhile_stays_as_it_is(session: Session) -> None:
    match = a_match(session)
    case = a_case(session, match)
    move_match(session, match, MatchState.APPLIED_AT_HALL, because="application:1", now=NOON)
    visited(session, case, VisitOutcome.APPLIED)
    assert match.state is MatchState.APPLIED_AT_HALL
    assert case.state is CaseState.RESOLVED


def test_a_policy_the_resident_was_not_matched_for_is_refused(session: Session) -> None:
    case = a_case(session, a_match(session))
    with pytest.raises(VisitRefused, match="not matched"):
        visited(session, case, VisitOutcome.APPLIED, policy_id="no-such-policy")
    assert session.scalar(select(func.count(Visit.id))) == 0
