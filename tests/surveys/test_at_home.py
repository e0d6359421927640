"""A survey at home: a visit is planned like any question, and what is answered at the door counts like a message."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.case import Case
from models.contact import Contact
from models.conversation import ContactStop
from models.resident import Preference
from models.survey import SurveyAnswer, SurveyInvitation
from models.vocabulary import CaseKind, CaseReason, CaseState, DayPart, InvitationState
from outreach_api.cases.appointments import appoint
from outreach_api.cases.day_list import day_list
from outreach_api.cases.routing import Slot
from outreach_api.cases.sync_visits import Refused, SurveyRecord, take_surveys
from outreach_api.cases.work_case import cancel
from outreach_api.surveys.at_home import AnswersRefused, record_answers, refuse_at_home
from tests.builders import a_team
from tests.conversations.street import ALLOWANCE, Neighbour, Street
from tests.surveys.asking import WEEK, answers, asked, begin, deliver, invitation, plan, serve

FINE = {"satisfaction": "5", "received": "yes", "obstacles": "papers,distance", "comment": "都挺好"}


def visited(street: Street) -> Neighbour:
    """Somebody served a week ago, for whom a visit now waits."""
    who = street.a_resident()
    serve(street, who)
    begin(street, channel="visit")
    street.clock.set(street.clock.now() + WEEK)
    assert plan(street).asked == 1
    return who


def the_visit(street: Street) -> Case:
    (found,) = [case for case in street.all(Case) if case.reason is CaseReason.SURVEY]
    assert isinstance(found, Case)
    return found


def record(street: Street, given: dict[str, str]) -> InvitationState:
    with street.sessions.write() as session:
        case = session.get_one(Case, the_visit(street).id)
        return record_answers(session, case, given, by="team:T01", now=street.clock.now()).state


def test_a_visit_is_opened_and_nothing_is_sent(street: Street) -> None:
    who = visited(street)
    case = the_visit(street)
    assert (case.kind, case.state, case.match_id) == (CaseKind.HOME_VISIT, CaseState.OPEN, who.matches[ALLOWANCE])
    assert deliver(street) == []
    assert plan(street).asked == 0


def test_answers_at_the_door_finish_the_survey_and_the_visit(street: Street) -> None:
    visited(street)
    assert record(street, FINE) is InvitationState.FINISHED
    assert answers(street) == FINE | {"comment": "text"}
    assert the_visit(street).state is CaseState.RESOLVED
    assert [case.kind for case in street.all(Case)] == [CaseKind.HOME_VISIT]


def test_answers_come_in_parts_are_corrected_and_repeated(street: Street) -> None:
    visited(street)
    assert record(street, {"satisfaction": "5"}) is InvitationState.PARTIAL
    assert record(street, {"satisfaction": "5", "received": "yes"}) is InvitationState.PARTIAL
    assert record(street, {"satisfaction": "4"}) is InvitationState.PARTIAL
    rows = [row for row in street.all(SurveyAnswer) if row.question == "satisfaction"]
    assert [(row.value, row.superseded_at is None) for row in rows] == [("5", False), ("4", True)]
    assert invitation(street).question == "obstacles"
    assert the_visit(street).state is CaseState.OPEN
    assert record(street, {"obstacles": "none", "comment": "没有"}) is InvitationState.FINISHED


def test_anger_and_missing_money_at_the_door_open_their_cases_at_once(street: Street) -> None:
    visited(street)
    record(street, {"satisfaction": "1", "reason": "跑了三趟", "received": "no"})
    complaints = [case for case in street.all(Case) if case.kind is CaseKind.COMPLAINT]
    assert {case.reason for case in complaints} <= {CaseReason.COMPLAINT, CaseReason.SURVEY_PROBLEM}
    assert complaints
    record(street, {"satisfaction": "1"})
    assert len([case for case in street.all(Case) if case.kind is CaseKind.COMPLAINT]) == len(complaints)


@pytest.mark.parametrize(
    "wrong", [{"satisfaction": "6"}, {"received": "yes,no"}, {"colour": "red"}, {"comment": "长" * 301}]
)
def test_an_answer_that_is_none_keeps_nothing(street: Street, wrong: dict[str, str]) -> None:
    visited(street)
    with pytest.raises(AnswersRefused):
        record(street, {"satisfaction": "5"} | wrong)
    assert answers(street) == {}


def test_a_no_at_the_door_is_one_to_surveys_alone(street: Street) -> None:
    visited(street)
    with street.sessions.write() as session:
        refuse_at_home(session, session.get_one(Case, the_visit(street).id), by="team:T01", now=street.clock.now())
    assert [row.name for row in street.all(Preference)] == ["no_surveys"]
    assert street.all(ContactStop) == []
    assert the_visit(street).state is CaseState.RESOLVED
    with pytest.raises(AnswersRefused):
        record(street, {"satisfaction": "5"})


def test_who_wants_no_surveys_or_no_messages_is_not_visited_for_one(street: Street) -> None:
    who = street.a_resident()
    serve(street, who)
    street.tell(who, "退订")
    begin(street, channel="visit")
    street.clock.set(street.clock.now() + WEEK)
    assert plan(street).held_back == {"opted_out": 1}
    assert street.all(Case) == []


def test_a_visit_that_came_to_nothing_is_no_answer(street: Street) -> None:
    visited(street)
    with street.sessions.write() as session:
        cancel(session, session.get_one(Case, the_visit(street).id), by="staff:1", now=street.clock.now())
    plan(street)
    assert invitation(street).state is InvitationState.NO_ANSWER


def test_the_silent_are_visited_where_the_plan_says_so(street: Street) -> None:
    who = street.a_resident()
    serve(street, who)
    begin(street, again="visit")
    street.clock.set(street.clock.now() + WEEK)
    plan(street)
    assert deliver(street)
    street.clock.set(street.clock.now() + WEEK)
    assert plan(street).asked == 1
    assert the_visit(street).resident_id == who.resident_id
    assert len(street.all(Contact)) >= 1
    with street.sessions.read() as session:
        assert session.scalars(select(SurveyInvitation.asks)).all() == [2]


def test_a_text_survey_is_not_answered_at_the_door(street: Street) -> None:
    asked(street)
    with street.sessions.write() as session:
        case = Case(kind=CaseKind.HOME_VISIT, reason=CaseReason.REQUESTED, opened_at=street.clock.now())
        with pytest.raises(AnswersRefused):
            record_answers(session, case, {"satisfaction": "5"}, by="team:T01", now=street.clock.now())


def test_what_a_visitors_phone_brings_back_is_kept_once_and_only_from_the_team_that_goes(street: Street) -> None:
    visited(street)
    case_id = the_visit(street).id
    with street.sessions.write() as session:
        team, other = a_team(session).id, a_team(session).id
        session.get_one(Case, case_id).team_id = team
    now = street.clock.now()
    sent = [SurveyRecord("door-0001", case_id, FINE)]
    assert [one.refused for one in take_surveys(street.sessions, other, sent, now=now)] == [Refused.NOT_YOURS]
    wrong = [SurveyRecord("door-0001", case_id, {"satisfaction": "9"})]
    assert [one.refused for one in take_surveys(street.sessions, team, wrong, now=now)] == [Refused.ANSWERS_WRONG]
    for _ in range(2):
        assert [one.refused for one in take_surveys(street.sessions, team, sent, now=now)] == [None]
    assert answers(street) == FINE | {"comment": "text"}
    assert the_visit(street).state is CaseState.RESOLVED


def test_who_is_asked_at_the_door_is_on_the_days_list_with_the_questions(street: Street) -> None:
    visited(street)
    tomorrow = street.clock.now().date() + timedelta(days=1)
    with street.sessions.write() as session:
        case = session.get_one(Case, the_visit(street).id)
        team = a_team(session).id
        appoint(session, case, team, Slot(tomorrow, DayPart.MORNING), by="system", now=street.clock.now())
        (door,) = day_list(session, team, tomorrow, street.cards).doors
        assert (door.survey_case_id, door.survey[0].id) == (case.id, "satisfaction")
