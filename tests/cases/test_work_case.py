from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from models.case import Case
from models.session import Sessions
from models.transitions import UnlawfulTransition
from models.vocabulary import CaseState
from outreach_api.cases.work_case import (
    Assignee,
    CaseNotFound,
    CaseTaken,
    accept,
    assign,
    cancel,
    confirm,
    give_feedback,
    hand_back,
    reopen,
    resolve,
)
from tests.builders import NOON, a_case, a_database, a_match, a_staff_member, a_team

LATER = NOON + timedelta(hours=1)
BY = "staff:1"


@pytest.mark.engines
def test_of_two_who_take_a_case_at_once_one_gets_it(sessions: Sessions) -> None:
    with sessions.write() as session:
        case_id = a_case(session, a_match(session)).id
        rivals = [a_staff_member(session).id for _ in range(6)]
    start = threading.Barrier(len(rivals))
    answers: list[str] = []

    def take(staff_id: int) -> None:
        start.wait()
        try:
            with sessions.write() as session:
                accept(session, case_id, Assignee(staff_id=staff_id), by=f"staff:{staff_id}", now=LATER)
        except CaseTaken:
            answers.append("taken")
        else:
            answers.append("mine")

    threads = [threading.Thread(target=take, args=(rival,)) for rival in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["mine"] + ["taken"] * 5
    with sessions.read() as session:
        case = session.get_one(Case, case_id)
        assert case.accepted_at == LATER
        assert [change.change for change in case.changes] == ["opened", "accepted"]


def test_taking_it_again_is_no_second_acceptance(session: Session) -> None:
    case = a_case(session, a_match(session))
    team = Assignee(team_id=a_team(session).id)
    accept(session, case.id, team, by=BY, now=NOON)
    accept(session, case.id, team, by=BY, now=LATER)
    session.refresh(case)
    assert case.accepted_at == NOON
    assert [change.change for change in case.changes] == ["opened", "accepted"]


def test_a_finished_case_cannot_be_taken(session: Session) -> None:
    case = a_case(session)
    resolve(session, case, by=BY, now=NOON)
    session.flush()
    with pytest.raises(CaseTaken, match="resolved"):
        accept(session, case.id, Assignee(), by=BY, now=LATER)


def test_a_case_that_is_not_there_is_said_so(session: Session) -> None:
    with pytest.raises(CaseNotFound, match="no case 999"):
        accept(session, 999, Assignee(), by=BY, now=NOON)


def test_an_assignment_made_on_an_old_view_is_refused(session: Session) -> None:
    case = a_case(session)
    seen = case.version
    first, second = (Assignee(staff_id=a_staff_member(session).id) for _ in range(2))
    assign(session, case.id, first, seen_version=seen, by=BY, now=NOON)
    session.flush()
    with pytest.raises(CaseTaken):
        assign(session, case.id, second, seen_version=seen, by=BY, now=NOON)
    assert case.staff_id == first.staff_id


def test_the_first_feedback_stops_its_clock(session: Session) -> None:
    case = a_case(session)
    give_feedback(session, case, by=BY, now=NOON, note="已电话说明")
    give_feedback(session, case, by=BY, now=LATER, note="再次说明")
    assert case.first_feedback_at == NOON


def test_reopening_makes_a_new_promise_and_keeps_the_history(session: Session) -> None:
    case = a_case(session)
    promised = case.due_at
    accept(session, case.id, Assignee(), by=BY, now=NOON)
    resolve(session, case, by=BY, now=LATER)
    reopen(session, case, by=BY, now=LATER + timedelta(days=7), note="老人说没办成")
    session.flush()
    session.refresh(case)
    assert (case.state, case.accepted_at, case.resolved_at) == (CaseState.OPEN, None, None)
    assert case.due_at > promised
    assert [change.change for change in case.changes] == ["opened", "accepted", "resolved", "reopened"]


def test_an_accepted_case_is_handed_back_not_reopened(session: Session) -> None:
    case = accept(session, a_case(session).id, Assignee(), by=BY, now=NOON)
    with pytest.raises(UnlawfulTransition):
        reopen(session, case, by=BY, now=NOON, note="")
    hand_back(session, case, by=BY, now=NOON)
    assert case.state is CaseState.OPEN


STEPS: dict[str, Callable[[Session, Case], object]] = {
    "accept": lambda s, c: accept(s, c.id, Assignee(), by=BY, now=LATER),
    "hand_back": lambda s, c: hand_back(s, c, by=BY, now=LATER),
    "feedback": lambda s, c: give_feedback(s, c, by=BY, now=LATER, note="好"),
    "resolve": lambda s, c: resolve(s, c, by=BY, now=LATER),
    "confirm": lambda s, c: confirm(s, c, by=BY, now=LATER),
    "reopen": lambda s, c: reopen(s, c, by=BY, now=LATER, note="再来"),
    "cancel": lambda s, c: cancel(s, c, by=BY, now=LATER),
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=12))
def test_any_order_of_steps_keeps_clocks_and_state_together(steps: list[str]) -> None:
    sessions = a_database()
    with sessions.write() as session:
        case = a_case(session)
        for step in steps:
            try:
                STEPS[step](session, case)
            except (UnlawfulTransition, CaseTaken):
                continue
            session.flush()
            assert (case.state in {CaseState.RESOLVED, CaseState.CONFIRMED}) <= (case.resolved_at is not None)
            assert (case.state is CaseState.CONFIRMED) <= (case.confirmed_at is not None)
            assert (case.state is CaseState.OPEN) <= (case.accepted_at is None and case.resolved_at is None)
    sessions.engine.dispose()
