"""A visitor's day: who expects their team, and what came of it at the doors."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from models.vocabulary import DayPart, PriorityMark, VisitOutcome
from outreach_api.cases.day_list import ExpectedAt, take_along, team_of
from outreach_api.cases.sync_visits import Refused, SurveyRecord, Taken, VisitRecord, take_records, take_surveys
from outreach_api.cases.visits import Agreed
from outreach_api.conversations.proof import spaced
from outreach_api.web.api.callers import AnyCaller, person_of
from outreach_api.web.api.cases import AnswerText, SurveyQuestion, survey_question
from outreach_api.web.api.forms import MOST_ID, NO_NUL, Body
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.policies import InBothLanguages
from outreach_api.web.house import house_of

router = APIRouter(prefix="/api/v1/visits", tags=["visiting teams"], route_class=OnceRoute)
MOST_RECORDS = 100
ClientId = Annotated[
    str, Field(min_length=8, max_length=64, pattern=NO_NUL, description="Of your own making; twice the same is one.")
]
Number = Annotated[int, Field(ge=1, le=MOST_ID)]


class ToDoItem(BaseModel):
    policy_id: str
    name: InBothLanguages | None
    documents: list[str] = Field(description="What they are to have at hand.")


class Door(BaseModel):
    case_id: int
    part: DayPart
    name: str = Field(description="Masked: who opens says it.")
    address: str = Field(description="In full, as the phone is: the team goes there. Empty once they have been there.")
    phone: str | None
    birth_check: str | None = Field(description="SHA-256 of `salt:YYYY-MM`, to compare with the month they say.")
    marks: list[PriorityMark]
    todo: list[ToDoItem]
    summary: str | None = Field(description="Masked.")
    code: str = Field(description="What the team says, so that the resident can check who is at the door.")
    survey_case_id: int | None
    survey: list[SurveyQuestion]
    done: VisitOutcome | None


class VisitDay(BaseModel):
    on: date
    team: str = Field(description="Its code.")
    salt: str
    doors: list[Door] = Field(description="In the order of the walk.")


class VisitMade(Body):
    client_id: ClientId
    case_id: Number
    policy_id: str | None = Field(None, max_length=64, pattern=NO_NUL)
    visit_on: date
    outcome: VisitOutcome
    note: str | None = Field(None, max_length=2000, pattern=NO_NUL)
    consented: bool = Field(False, description="An application needs their consent.")  # noqa: FBT003


class SurveyMade(Body):
    client_id: ClientId
    case_id: Number
    answers: dict[str, AnswerText] = Field(default_factory=dict, max_length=50)
    refused: bool = Field(False, description="They want no surveys any more.")  # noqa: FBT003


class DayRecords(Body):
    visits: list[VisitMade] = Field([], max_length=MOST_RECORDS)
    surveys: list[SurveyMade] = Field([], max_length=MOST_RECORDS)


class RecordTaken(BaseModel):
    client_id: str
    refused: Refused | None = Field(description="Null: it is kept.")


class DayTaken(BaseModel):
    results: list[RecordTaken]


@router.get("/day")
def read_visit_day(request: Request, caller: AnyCaller) -> VisitDay:
    """Whom the team of the caller visits today. Doors and phones are shown in full, on the record."""
    house, staff_id = house_of(request), person_of(caller)
    now = house.clock.now()
    on = now.astimezone(house.settings.zone).date()
    with house.sessions.write() as session:
        team = team_of(session, staff_id)
        found = take_along(session, team, on, house.cards, by=caller.actor, now=now)
        return VisitDay(on=on, team=team.code, salt=found.salt, doors=[_door(door) for door in found.doors])


@router.post("/day/records", dependencies=[ONCE])
def take_day_records(request: Request, caller: AnyCaller, sent: DayRecords) -> DayTaken:
    """What was recorded at the doors, perhaps without a net: one that is refused keeps no other back."""
    house, staff_id = house_of(request), person_of(caller)
    now = house.clock.now()
    today = now.astimezone(house.settings.zone).date()
    with house.sessions.read() as session:
        team_id = team_of(session, staff_id).id
    visits = [
        VisitRecord(
            one.client_id, one.case_id, one.policy_id, one.visit_on, one.outcome, one.note,
            Agreed.YES if one.consented else Agreed.NOT_ASKED,
        )
        for one in sent.visits
    ]  # fmt: skip
    surveys = [SurveyRecord(one.client_id, one.case_id, one.answers, one.refused) for one in sent.surveys]
    taken: list[Taken] = take_records(house.sessions, team_id, visits, today=today, now=now)
    taken += take_surveys(house.sessions, team_id, surveys, now=now)
    return DayTaken(results=[RecordTaken(client_id=one.client_id, refused=one.refused) for one in taken])


def _door(door: ExpectedAt) -> Door:
    return Door(
        case_id=door.case_id,
        part=door.part,
        name=door.name,
        address=door.address,
        phone=door.phone,
        birth_check=door.birth_check,
        marks=list(door.marks),
        todo=[ToDoItem.model_validate(one, from_attributes=True) for one in door.todo],
        summary=door.summary,
        code=spaced(door.code),
        survey_case_id=door.survey_case_id,
        survey=[survey_question(one, door.survey_policy) for one in door.survey],
        done=door.done,
    )
