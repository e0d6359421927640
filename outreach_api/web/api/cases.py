"""The queue, for the systems of visiting teams. Residents are shown in full: the team goes to that door; audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.case import Appointment, Case, Team
from models.enterprise import Enterprise
from models.event import AuditEntry
from models.match import Match
from models.resident import Resident, ResidentPhone
from models.vocabulary import (
    AppointmentState,
    CaseKind,
    CaseReason,
    CaseState,
    Channel,
    DayPart,
    InvitationState,
    Urgency,
    VisitOutcome,
)
from outreach_api.cases.visits import record_visit
from outreach_api.cases.work_case import FINISHED, Assignee, accept, find_case, standing_appointment
from outreach_api.privacy.masking import mask_address, mask_name, mask_phone, shown_name
from outreach_api.surveys.at_home import (
    LONGEST_TEXT,
    invitation_of,
    questionnaire_of,
    record_answers,
    refuse_at_home,
)
from outreach_api.surveys.questionnaire import AnswerKind, Question
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import MOST_ID, NO_NUL, Id
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.house import house_of
from outreach_api.web.tokens import UnknownTeam
from scheduler.policies.card import PolicyCard

router = APIRouter(prefix="/api/v1/cases", tags=["visiting teams"], route_class=OnceRoute)
LARGEST_PAGE = 500
AnswerText = Annotated[str, Field(max_length=LONGEST_TEXT, pattern=NO_NUL)]


class DoorResident(BaseModel):
    name: str
    phone: str | None
    address: str | None
    community: str | None
    birth_month: str | None
    clerk: str | None
    """Of a firm: whom to ask for."""


class AppointmentItem(BaseModel):
    team: str
    on: date
    part: DayPart


class SurveyQuestion(BaseModel):
    id: str
    kind: AnswerKind
    text: str
    options: dict[str, str]
    """Code → its words; of a rating 1 to 5."""


class CaseItem(BaseModel):
    id: int
    kind: CaseKind
    state: CaseState
    reason: CaseReason
    urgency: Urgency
    opened_at: datetime
    due_at: datetime
    policy_ids: list[str]
    appointment: AppointmentItem | None
    resident: DoorResident | None
    survey: list[SurveyQuestion]
    """What is to be asked at the door, where the visit is a survey."""


class CasePage(BaseModel):
    items: list[CaseItem]
    next: int | None


class Acceptance(BaseModel):
    team: str = Field(max_length=32, pattern=NO_NUL)


class VisitReport(BaseModel):
    client_id: str = Field(min_length=8, max_length=64, pattern=NO_NUL)
    team: str = Field(max_length=32, pattern=NO_NUL)
    visit_on: date
    outcome: VisitOutcome
    policy_id: str | None = Field(None, max_length=64, pattern=NO_NUL)
    note: str | None = Field(None, max_length=2000, pattern=NO_NUL)


class VisitKept(BaseModel):
    visit_id: int
    outcome: VisitOutcome
    case_state: CaseState


class SurveyAnswers(BaseModel):
    """Question → code, codes joined by commas, a number, or words. Left out: not asked or not answered."""

    team: str = Field(max_length=32, pattern=NO_NUL)
    answers: dict[str, AnswerText] = Field(default_factory=dict, max_length=50)
    refused: bool = False
    """They want no surveys any more."""


class SurveyKept(BaseModel):
    state: InvitationState
    next_question: str | None
    case_state: CaseState


class CaseAccepted(BaseModel):
    id: int
    state: CaseState
    team: str
    due_at: datetime


@router.get("")
def list_cases(
    request: Request,
    caller: AnyCaller,
    kind: CaseKind | None = None,
    state: CaseState | None = None,
    team: Annotated[str | None, Query(max_length=32, pattern=NO_NUL)] = None,
    on: date | None = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
    after: Annotated[int, Query(ge=0, le=MOST_ID)] = 0,
) -> CasePage:
    """Cases in the order they were opened; `next` is the `after` of the following page.

    `team` and `on` leave those to whom that team, or any, is to come on that day.
    """
    house = house_of(request)
    query = select(Case).where(Case.id > after).order_by(Case.id).limit(limit + 1)
    if kind is not None:
        query = query.where(Case.kind == kind)
    if state is not None:
        query = query.where(Case.state == state)
    if team is not None or on is not None:
        query = query.where(Case.id.in_(_appointed(team, on)))
    person = joinedload(Case.resident).selectinload(Resident.phones).joinedload(ResidentPhone.phone)
    appointments = selectinload(Case.appointments).joinedload(Appointment.team)
    with house.sessions.write() as session:
        found = session.scalars(query.options(person, appointments)).all()
        shown = found[:limit]
        policies, clerks = _policies(session, shown), _clerks(session, shown)
        items = [_item(session, case, policies, clerks, house.cards) for case in shown]
        if items:
            facts = {"cases": [item.id for item in items]}
            now = house.clock.now()
            session.add(AuditEntry(at=now, actor=caller.actor, action="api.cases", subject="cases", facts=facts))
    return CasePage(items=items, next=shown[-1].id if len(found) > limit else None)


@router.post("/{case_id}/accept", dependencies=[ONCE])
def accept_case(request: Request, _caller: AnyCaller, case_id: Id, acceptance: Acceptance) -> CaseAccepted:
    """Take an open case for a team; 409 when another has it."""
    house = house_of(request)
    with house.sessions.write() as session:
        team = _team(session, acceptance.team)
        case = accept(session, case_id, Assignee(team_id=team.id), by=f"team:{team.code}", now=house.clock.now())
        return CaseAccepted(id=case.id, state=case.state, team=team.code, due_at=case.due_at)


@router.post("/{case_id}/visits", dependencies=[ONCE])
def take_visit(request: Request, _caller: AnyCaller, case_id: Id, report: VisitReport) -> VisitKept:
    """Record what came of a visit; the same `client_id` twice is one visit and gives the first one's answer."""
    house = house_of(request)
    with house.sessions.write() as session:
        team = _team(session, report.team)
        case = find_case(session, case_id)
        visit = record_visit(
            session,
            case,
            report.client_id,
            team,
            report.visit_on,
            report.outcome,
            report.policy_id,
            report.note,
            house.clock.now(),
        )
        return VisitKept(visit_id=visit.id, outcome=visit.outcome, case_state=case.state)


@router.post("/{case_id}/survey", dependencies=[ONCE])
def take_survey(request: Request, _caller: AnyCaller, case_id: Id, report: SurveyAnswers) -> SurveyKept:
    """Record what was answered at the door; in parts if need be, and the same again changes nothing."""
    house = house_of(request)
    now = house.clock.now()
    with house.sessions.write() as session:
        by = f"team:{_team(session, report.team).code}"
        case = find_case(session, case_id)
        if report.refused:
            refuse_at_home(session, case, by=by, now=now)
            return SurveyKept(state=InvitationState.REFUSED, next_question=None, case_state=case.state)
        kept = record_answers(session, case, report.answers, by=by, now=now)
        return SurveyKept(state=kept.state, next_question=kept.question, case_state=case.state)


def survey_questions(session: Session, case: Case, policy: str) -> list[SurveyQuestion]:
    """What is to be asked at the door; nothing where the case is no survey's."""
    invitation = invitation_of(session, case)
    if invitation is None:
        return []
    return [survey_question(question, policy) for question in questionnaire_of(session, invitation).questions]


def survey_question(question: Question, policy: str) -> SurveyQuestion:
    """As it is asked at a door."""
    return SurveyQuestion(
        id=question.id,
        kind=question.kind,
        text=question.said(Channel.VOICE, policy),
        options=question.choices(),
    )


def _team(session: Session, code: str) -> Team:
    team = session.scalars(select(Team).where(Team.code == code)).first()
    if team is None:
        raise UnknownTeam(f"there is no team {code}")
    return team


def _appointed(team: str | None, on: date | None) -> Select[int]:
    query = select(Appointment.case_id).where(Appointment.state == AppointmentState.STANDING)
    if team is not None:
        query = query.join(Team, Team.id == Appointment.team_id).where(Team.code == team)
    return query.where(Appointment.on == on) if on is not None else query


def _appointment(case: Case) -> AppointmentItem | None:
    standing = standing_appointment(case)
    return AppointmentItem(team=standing.team.code, on=standing.on, part=standing.part) if standing else None


def _policies(session: Session, cases: Sequence[Case]) -> dict[int, list[str]]:
    """Open matches of each resident: what a visit may settle in one go."""
    people = {case.resident_id for case in cases if case.resident_id is not None}
    query = select(Match.resident_id, Match.policy_id).where(Match.resident_id.in_(people), Match.closed_at.is_(None))
    found: dict[int, list[str]] = {}
    for resident_id, policy_id in session.execute(query.order_by(Match.id)):
        found.setdefault(resident_id, []).append(policy_id)
    return found


def _clerks(session: Session, cases: Sequence[Case]) -> dict[int, str | None]:
    people = {case.resident_id for case in cases if case.resident_id is not None}
    query = select(Enterprise.resident_id, Enterprise.clerk).where(Enterprise.resident_id.in_(people))
    return dict(session.execute(query).all())


def _item(
    session: Session,
    case: Case,
    policies: dict[int, list[str]],
    clerks: dict[int, str | None],
    cards: Mapping[str, PolicyCard],
) -> CaseItem:
    open_ones = policies.get(case.resident_id or 0, [])
    own = [case.policy_id] if case.policy_id else []
    return CaseItem(
        id=case.id,
        kind=case.kind,
        state=case.state,
        reason=case.reason,
        urgency=case.urgency,
        opened_at=case.opened_at,
        due_at=case.due_at,
        policy_ids=list(dict.fromkeys(own + open_ones)),
        appointment=_appointment(case),
        resident=_resident(case.resident, clerks.get(case.resident.id), case.state) if case.resident else None,
        survey=survey_questions(session, case, card.short_name if (card := cards.get(case.policy_id or "")) else ""),
    )


def _resident(resident: Resident, clerk: str | None, state: CaseState) -> DoorResident:
    """In full while there is something to be done at that door; of a closed case masked."""
    if state in FINISHED:
        return DoorResident(
            name=shown_name(resident),
            phone=mask_phone(resident.phones[0].phone.number) if resident.phones else None,
            address=mask_address(resident.address, street=resident.street, community=resident.community),
            community=resident.community,
            birth_month=None,
            clerk=mask_name(clerk) if clerk else None,
        )
    return DoorResident(
        name=resident.name,
        phone=resident.phones[0].phone.number if resident.phones else None,
        address=resident.address,
        community=resident.community,
        birth_month=f"{resident.birth_date:%Y-%m}" if resident.birth_date else None,
        clerk=clerk,
    )
