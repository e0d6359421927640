"""Surveys: which questionnaires there are, beginning one by a sample plan, ending one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from models.vocabulary import CampaignState, SurveyWay
from outreach_api.surveys.planning import Sample, SurveyDraft, begin_survey, end_survey
from outreach_api.surveys.questionnaire import AnswerKind, questionnaires
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import NO_NUL, Body, Id
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.policies import InBothLanguages
from outreach_api.web.house import house_of

router = APIRouter(prefix="/api/v1", tags=["reports and surveys"], route_class=OnceRoute)


class QuestionItem(BaseModel):
    id: str
    kind: AnswerKind
    text: str
    options: dict[str, str] = Field(description="Code → its word; of a rating 1 to 5.")


class QuestionnaireItem(BaseModel):
    id: str
    version: int
    name: InBothLanguages
    questions: list[QuestionItem]


class QuestionnaireList(BaseModel):
    items: list[QuestionnaireItem]


class SampleAsked(Body):
    """All who were served, or `each` by lot in every street and item, so many days afterwards."""

    take: Literal["all", "random"] = "all"
    after_days: int = Field(7, ge=0, le=365)
    within_days: int = Field(30, ge=1, le=730)
    each: int = Field(20, ge=1, le=100_000)
    policies: list[Annotated[str, Field(max_length=64, pattern=NO_NUL)]] = Field(
        [], max_length=100, description="These items only; none: all of them."
    )
    channel: SurveyWay = SurveyWay.SMS
    again: SurveyWay | None = Field(SurveyWay.VOICE, description="How those who did not answer are asked once more.")


class SurveyAsked(Body):
    questionnaire: str = Field(min_length=1, max_length=64, pattern=NO_NUL)
    version: int = Field(1, ge=1, le=10_000)
    name: str = Field("", max_length=120, pattern=NO_NUL)
    starts_on: date | None = Field(None, description="Left out: today.")
    sample: SampleAsked = SampleAsked()


class SurveyStands(BaseModel):
    id: int
    name: str
    questionnaire: str
    version: int
    state: CampaignState
    starts_on: date


@router.get("/questionnaires")
def list_questionnaires(_caller: AnyCaller) -> QuestionnaireList:
    """Every version of every questionnaire."""
    found = [
        QuestionnaireItem(
            id=one.id,
            version=one.version,
            name=InBothLanguages(zh=one.name.zh, en=one.name.en),
            questions=[
                QuestionItem(id=each.id, kind=each.kind, text=each.text, options=each.choices())
                for each in one.questions
            ],
        )
        for _, one in sorted(questionnaires().items())
    ]
    return QuestionnaireList(items=found)


@router.post("/surveys", dependencies=[ONCE])
def begin_one_survey(request: Request, caller: AnyCaller, asked: SurveyAsked) -> SurveyStands:
    """Begin a survey: it asks those its plan covers, within the hours, budget and stops of everybody."""
    house = house_of(request)
    now = house.clock.now()
    starts_on = asked.starts_on or now.astimezone(house.settings.zone).date()
    sample = Sample.model_validate(asked.sample.model_dump())
    draft = SurveyDraft(asked.questionnaire, asked.version, sample, starts_on, asked.name)
    with house.sessions.write() as session:
        begun = begin_survey(session, draft, by=caller.actor, now=now)
        return SurveyStands.model_validate(begun, from_attributes=True)


@router.post("/surveys/{survey_id}/end", dependencies=[ONCE])
def end_one_survey(request: Request, caller: AnyCaller, survey_id: Id) -> SurveyStands:
    """Ask nobody more; what was answered stays."""
    house = house_of(request)
    with house.sessions.write() as session:
        ended = end_survey(session, survey_id, by=caller.actor, now=house.clock.now())
        return SurveyStands.model_validate(ended, from_attributes=True)
