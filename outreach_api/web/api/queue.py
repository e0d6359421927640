"""The queue as people at a desk work it: masked, by filter, step by step."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from models.case import Appointment, Case
from models.resident import Resident, ResidentPhone
from models.staff import Staff
from models.vocabulary import (
    CaseKind,
    CaseReason,
    CaseState,
    DayPart,
    EscalationLevel,
    PriorityMark,
    Topic,
    Urgency,
)
from outreach_api.cases.merge_cases import merge
from outreach_api.cases.next_case import take_next
from outreach_api.cases.open_case import OPEN_CASE_STATES, hours_in_force, record_change
from outreach_api.cases.policy_answers import LONGEST_ANSWER, LONGEST_QUESTION, Keep, answer_case
from outreach_api.cases.presence import come_back, go_away, is_on_shift
from outreach_api.cases.route_by_hand import Wanted, send_team
from outreach_api.cases.steps import STEPS_IN, Step, as_shown, take_step
from outreach_api.cases.work_case import Assignee, CaseNotFound, assign, find_case, standing_appointment
from outreach_api.privacy.masking import mask_text
from outreach_api.web.api.callers import AnyCaller, person_of
from outreach_api.web.api.forms import MOST_ID, NO_NUL, Body, Id, Note, Reason
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.api.people import MaskedResident, masked
from outreach_api.web.api.refusals import Unknown
from outreach_api.web.console.transcript import names_to_mask
from outreach_api.web.house import house_of

router = APIRouter(prefix="/api/v1/queue", tags=["queue"], route_class=OnceRoute)
Version = Annotated[int, Field(ge=1, le=MOST_ID, description="`version` of the case as it was read.")]


class Holder(BaseModel):
    team: str | None = Field(description="Code of the team it was routed to or that has it.")
    staff_id: int | None


class AppointmentOnDay(BaseModel):
    team: str
    on: date
    part: DayPart


class QueuedCase(BaseModel):
    id: int
    version: int = Field(description="Send it back with each step: a case that changed meanwhile answers 409.")
    kind: CaseKind
    reason: CaseReason
    state: CaseState
    urgency: Urgency
    marks: list[PriorityMark]
    escalation: EscalationLevel
    policy_id: str | None
    conversation_id: int | None
    resident: MaskedResident | None
    holder: Holder
    appointment: AppointmentOnDay | None
    opened_at: datetime
    due_at: datetime
    merged_into_id: int | None


class CaseEntry(BaseModel):
    at: datetime
    by: str = Field(examples=["staff:4"])
    change: str = Field(examples=["accepted"])
    detail: dict[str, Any]
    note: str | None = Field(description="Masked.")


class CaseInFull(QueuedCase):
    summary: str | None = Field(description="Masked.")
    steps: list[Step] = Field(description="What can be done with it in this state.")
    history: list[CaseEntry]


class StepTaken(Body):
    step: Step
    version: Version
    note: Note = Field("", description="Needed for feedback, reopen and cancel.")


class Assignment(Body):
    version: Version
    staff_id: int = Field(ge=1, le=MOST_ID)
    why: Reason


class Routing(Body):
    version: Version
    team_id: int = Field(ge=1, le=MOST_ID)
    on: date | None = Field(None, description="Left out: the team's first free half day.")
    part: DayPart = DayPart.MORNING
    why: Reason


class Merging(Body):
    version: Version
    into: int = Field(ge=1, le=MOST_ID)


class KeptQuestion(Body):
    topic: Topic
    question: str = Field(min_length=2, max_length=LONGEST_QUESTION, pattern=NO_NUL)


class Answer(Body):
    version: Version
    answer: str = Field(min_length=2, max_length=LONGEST_ANSWER, pattern=NO_NUL)
    keep: KeptQuestion | None = Field(
        None, description="The question in general words: proposed for the assistant, until a second person agrees."
    )


class AnswerSent(BaseModel):
    sent: bool = Field(description="False: they want no messages.")
    case: QueuedCase


class Presence(Body):
    here: bool


class PresenceKept(BaseModel):
    on_shift: bool = Field(description="Whether they count as at their desk now.")


class NextCase(BaseModel):
    case: QueuedCase | None = Field(description="Null: nothing waits.")


@router.get("")
def list_queue(
    request: Request,
    caller: AnyCaller,
    kind: CaseKind | None = None,
    state: CaseState | None = None,
    urgency: Urgency | None = None,
    policy: Annotated[str | None, Query(max_length=64, pattern=NO_NUL)] = None,
    overdue: bool = False,  # noqa: FBT001, FBT002 - a filter of the address
    escalated: bool = False,  # noqa: FBT001, FBT002
    mine: Annotated[bool, Query(description="Only what whom the token acts for has in hand.")] = False,  # noqa: FBT002
    limit: Limit = 100,
    after: Cursor = None,
) -> Page[QueuedCase]:
    """Cases, what is promised soonest first. Without a state, those that are unfinished."""
    house = house_of(request)
    wanted = [Case.state == state] if state else [Case.state.in_(OPEN_CASE_STATES)]
    for column, value in ((Case.kind, kind), (Case.urgency, urgency), (Case.policy_id, policy)):
        wanted += [column == value] if value else []
    wanted += _flags(house.clock.now(), caller.staff_id or 0, overdue=overdue, escalated=escalated, mine=mine)
    with house.sessions.read() as session:
        shown, more = cut(session.scalars(_page(wanted, after, limit)).all(), limit)
        last = shown[-1] if more else None
        return Page(items=[_queued(case) for case in shown], next=cursor(last.due_at, last.id) if last else None)


@router.get("/{case_id}")
def read_case(request: Request, _caller: AnyCaller, case_id: Id) -> CaseInFull:
    """One case with its history."""
    with house_of(request).sessions.read() as session:
        case = session.get(Case, case_id, options=_WITH)
        if case is None:
            raise CaseNotFound(f"there is no case {case_id}")
        return _in_full(session, case)


@router.post("/next", dependencies=[ONCE])
def take_next_case(request: Request, caller: AnyCaller) -> NextCase:
    """Take the most pressing case of the kinds this role works."""
    house, staff_id = house_of(request), person_of(caller)
    with house.sessions.write() as session:
        assert caller.role is not None  # noqa: S101 - who acts for a person has their role
        found = take_next(session, caller.role, staff_id, by=caller.actor, now=house.clock.now())
        return NextCase(case=_queued(found) if found else None)


@router.post("/presence", dependencies=[ONCE])
def set_presence(request: Request, caller: AnyCaller, told: Presence) -> PresenceKept:
    """Say that whom the token acts for is at their desk, or away whatever their shift says: outreach counts on it."""
    house, staff_id = house_of(request), person_of(caller)
    now = house.clock.now()
    with house.sessions.write() as session:
        if told.here:
            come_back(session, staff_id)
        else:
            go_away(session, staff_id, now=now)
        session.flush()
        return PresenceKept(on_shift=is_on_shift(session, staff_id, hours_in_force(session), now))


@router.post("/{case_id}/steps", dependencies=[ONCE])
def take_case_step(request: Request, caller: AnyCaller, case_id: Id, asked: StepTaken) -> QueuedCase:
    """Accept, hand back, give feedback, resolve, confirm, reopen, cancel."""
    house = house_of(request)
    with house.sessions.write() as session:
        case = take_step(
            session,
            case_id,
            asked.step,
            staff_id=person_of(caller),
            seen_version=asked.version,
            note=asked.note.strip(),
            now=house.clock.now(),
        )
        return _shown(session, case)


@router.post("/{case_id}/holder", dependencies=[ONCE])
def assign_case(request: Request, caller: AnyCaller, case_id: Id, asked: Assignment) -> QueuedCase:
    """Give a case to a colleague, with the reason."""
    house = house_of(request)
    now = house.clock.now()
    with house.sessions.write() as session:
        if session.get(Staff, asked.staff_id) is None:
            raise Unknown(f"nobody here has the number {asked.staff_id}")
        to = Assignee(staff_id=asked.staff_id)
        case = assign(session, case_id, to, seen_version=asked.version, by=caller.actor, now=now)
        record_change(session, case, "routed_by_hand", by=caller.actor, now=now, note=asked.why)
        return _shown(session, case)


@router.post("/{case_id}/team", dependencies=[ONCE])
def route_case(request: Request, caller: AnyCaller, case_id: Id, asked: Routing) -> QueuedCase:
    """Send a team of one's own choice, with the reason."""
    house = house_of(request)
    with house.sessions.write() as session:
        case = send_team(
            session,
            case_id,
            Wanted(asked.team_id, asked.on, asked.part),
            why=asked.why,
            seen_version=asked.version,
            by=caller.actor,
            now=house.clock.now(),
        )
        return _shown(session, case)


@router.post("/{case_id}/merge", dependencies=[ONCE])
def merge_cases(request: Request, caller: AnyCaller, case_id: Id, asked: Merging) -> QueuedCase:
    """Close this case as a duplicate of another, which is the answer."""
    house = house_of(request)
    with house.sessions.write() as session:
        into = merge(session, case_id, asked.into, seen_version=asked.version, by=caller.actor, now=house.clock.now())
        return _shown(session, into)


@router.post("/{case_id}/answer", dependencies=[ONCE])
def answer_case_question(request: Request, caller: AnyCaller, case_id: Id, asked: Answer) -> AnswerSent:
    """Answer a policy question: the answer goes to who asked, and the case is resolved."""
    house = house_of(request)
    with house.sessions.write() as session:
        case = as_shown(session, case_id, asked.version)
        keep = Keep(asked.keep.topic, asked.keep.question.strip()) if asked.keep else None
        sent = answer_case(session, case, asked.answer.strip(), keep=keep, by=caller.actor, now=house.clock.now())
        return AnswerSent(sent=sent, case=_shown(session, case))


_WITH = (
    joinedload(Case.resident).selectinload(Resident.phones).joinedload(ResidentPhone.phone),
    joinedload(Case.team),
    selectinload(Case.appointments).joinedload(Appointment.team),
)


def _flags(now: datetime, staff_id: int, *, overdue: bool, escalated: bool, mine: bool) -> list[ColumnElement[bool]]:
    flags: list[ColumnElement[bool]] = []
    if overdue:
        flags.append((Case.due_at < now) & Case.kept_at.is_(None) & Case.state.in_(OPEN_CASE_STATES))
    if escalated:
        flags.append((Case.escalation != EscalationLevel.NONE) & Case.kept_at.is_(None))
    if mine:
        flags.append(Case.staff_id == staff_id)
    return flags


def _page(wanted: list[ColumnElement[bool]], after: str | None, limit: int) -> Select[Case]:
    query = select(Case).where(*wanted).order_by(Case.due_at, Case.id).limit(limit + 1).options(*_WITH)
    mark = read_cursor(after, datetime, int)
    return query.where(tuple_(Case.due_at, Case.id) > mark) if mark else query


def _shown(session: Session, case: Case) -> QueuedCase:
    """As it is after the step, with its new version."""
    session.flush()
    return _queued(find_case(session, case.id))


def _queued(case: Case) -> QueuedCase:
    return QueuedCase(**_values(case))


def _values(case: Case) -> dict[str, Any]:
    standing = standing_appointment(case)
    return {
        "id": case.id,
        "version": case.version,
        "kind": case.kind,
        "reason": case.reason,
        "state": case.state,
        "urgency": case.urgency,
        "marks": case.marks,
        "escalation": case.escalation,
        "policy_id": case.policy_id,
        "conversation_id": case.conversation_id,
        "resident": masked(case.resident),
        "holder": Holder(team=case.team.code if case.team else None, staff_id=case.staff_id),
        "appointment": (
            AppointmentOnDay(team=standing.team.code, on=standing.on, part=standing.part) if standing else None
        ),
        "opened_at": case.opened_at,
        "due_at": case.due_at,
        "merged_into_id": case.merged_into_id,
    }


def _in_full(session: Session, case: Case) -> CaseInFull:
    names = names_to_mask(session, case.resident) if case.resident else []
    history = [
        CaseEntry(
            at=entry.at,
            by=entry.by,
            change=entry.change,
            detail=entry.detail,
            note=mask_text(entry.note, names=names) if entry.note else None,
        )
        for entry in case.changes
    ]
    return CaseInFull(
        **_values(case),
        summary=mask_text(case.summary, names=names) if case.summary else None,
        steps=list(STEPS_IN[case.state]),
        history=history,
    )
