"""The visitor's phone page: a shell that works without a net, the day's list, and what comes back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from models.vocabulary import Channel, VisitOutcome
from outreach_api.cases.day_list import ExpectedAt, take_along, team_of
from outreach_api.cases.sync_visits import Refused, SurveyRecord, VisitRecord, take_records, take_surveys
from outreach_api.cases.visits import Agreed
from outreach_api.conversations.proof import spaced
from outreach_api.surveys.at_home import LONGEST_TEXT
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import FOLDER, render, speaker_for
from outreach_api.web.words import Speaker

router = APIRouter(include_in_schema=False)
public = APIRouter(include_in_schema=False)
MOST_RECORDS = 100
# What the page's script says, in the language of the page.
SCRIPT_WORDS = (
    "visit_recorded", "visit_waits_sync", "visit_synced", "visit_all_synced", "visit_offline", "visit_sign_in_again",
    "visit_identity_same", "visit_identity_differs", "visit_consent_first", "visit_nothing_today", "visit_sync_first",
    "visit_call", "visit_bring", "visit_check_identity", "visit_birth_month", "visit_code", "visit_consent", "note",
    "visit_not_taken", "visit_what", "visit_choose", "visit_survey", "visit_survey_keep", "visit_survey_refused",
    "visit_survey_kept",
)  # fmt: skip


class Record(BaseModel):
    client_id: str = Field(min_length=8, max_length=64)
    case_id: int
    policy_id: str | None = Field(None, max_length=64)
    visit_on: date
    outcome: VisitOutcome
    note: str | None = Field(None, max_length=2000)
    consented: bool = False


class Answered(BaseModel):
    client_id: str = Field(min_length=8, max_length=64)
    case_id: int
    answers: dict[str, Annotated[str, Field(max_length=LONGEST_TEXT)]] = Field(default_factory=dict, max_length=50)
    refused: bool = False


class Records(BaseModel):
    records: list[Record] = Field(default_factory=list, max_length=MOST_RECORDS)
    surveys: list[Answered] = Field(default_factory=list, max_length=MOST_RECORDS)


@public.get("/visits/worker.js", name="visits_worker")
def worker() -> Response:
    """The page's service worker: served from here, because it may only see what lies below its own address."""
    return FileResponse(FOLDER / "static" / "visits_worker.js", media_type="text/javascript")


@router.get("/visits/day", name="visits_day")
def shell(request: Request, viewer: Viewer) -> Response:
    """The page without anybody in it: it is kept on the phone, and fills itself from the list."""
    speaker = speaker_for(request)
    said = {key: speaker.t(key) for key in SCRIPT_WORDS}
    outcomes = speaker.options(VisitOutcome)
    refused = {why.value: speaker.t(f"visit_refused_{why.value}") for why in Refused}
    words = {"said": said, "outcomes": outcomes, "refused": refused}
    return render(request, "visits.html", section="visits", words=words)


@router.get("/visits/list", name="visits_list")
def today(request: Request, viewer: Viewer) -> Response:
    """Who expects the viewer's team today, on the record."""
    house = house_of(request)
    now = house.clock.now()
    on = now.astimezone(house.settings.zone).date()
    speaker = speaker_for(request)
    with house.sessions.write() as session:
        team = team_of(session, viewer.staff_id)
        found = take_along(session, team, on, house.cards, by=viewer.actor, now=now)
        doors = [_shown(door, speaker) for door in found.doors]
    return JSONResponse({"day": on.isoformat(), "team": team.name, "salt": found.salt, "doors": doors})


@router.post("/visits/sync", name="visits_sync")
def sync(request: Request, viewer: Viewer, sent: Records) -> Response:
    """Take what was recorded at the doors; answers for each record whether it is kept."""
    house = house_of(request)
    now = house.clock.now()
    records = [
        VisitRecord(
            one.client_id, one.case_id, one.policy_id, one.visit_on, one.outcome, one.note,
            Agreed.YES if one.consented else Agreed.NOT_ASKED,
        )
        for one in sent.records
    ]  # fmt: skip
    on = now.astimezone(house.settings.zone).date()
    with house.sessions.read() as session:
        team_id = team_of(session, viewer.staff_id).id
    taken = take_records(house.sessions, team_id, records, today=on, now=now)
    answered = [SurveyRecord(one.client_id, one.case_id, one.answers, one.refused) for one in sent.surveys]
    taken += take_surveys(house.sessions, team_id, answered, now=now)
    return JSONResponse({"results": [asdict(one) for one in taken]})


def _shown(door: ExpectedAt, speaker: Speaker) -> dict[str, Any]:
    return {
        "case": door.case_id,
        "part": speaker.word(door.part),
        "name": door.name,
        "address": door.address,
        "phone": door.phone,
        "birth_check": door.birth_check,
        "marks": [speaker.word(mark) for mark in door.marks],
        "todo": [
            {
                "id": one.policy_id,
                "name": speaker.label(one.name) if one.name else one.policy_id,
                "bring": "、".join(one.documents),
            }
            for one in door.todo
        ],
        "summary": door.summary,
        "done": door.done.value if door.done else None,
        "code": spaced(door.code),
        "survey_case": door.survey_case_id,
        "survey": [
            {
                "id": one.id,
                "kind": one.kind.value,
                "text": one.said(Channel.VOICE, door.survey_policy),
                "options": list(one.choices().items()),
            }
            for one in door.survey
        ],
    }
