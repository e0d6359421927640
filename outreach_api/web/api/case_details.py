"""What a case page shows beside the case, and does at once: many to one colleague, one detail, a survey at home."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from models.match import Match
from models.staff import Staff
from models.vocabulary import CaseKind, InvitationState
from outreach_api.cases.bulk import MOST_AT_ONCE, give_many
from outreach_api.cases.suggest import suggestion
from outreach_api.cases.why_eligible import why_eligible
from outreach_api.cases.work_case import FINISHED, find_case
from outreach_api.privacy.masking import mask_text
from outreach_api.privacy.reveal import SHOWN_FOR, reveal
from outreach_api.surveys.at_home import (
    answers_so_far,
    invitation_of,
    record_answers,
    refuse_at_home,
)
from outreach_api.web.access import CASE_WORKERS
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.cases import AnswerText, SurveyKept, SurveyQuestion, survey_questions
from outreach_api.web.api.forms import MOST_ID, Body, Id, Reason
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.policies import InBothLanguages
from outreach_api.web.api.refusals import Unknown
from outreach_api.web.api.residents import RevealAsked, Revealed
from outreach_api.web.console.transcript import names_to_mask
from outreach_api.web.house import house_of
from scheduler.rules.evaluate import Verdict

router = APIRouter(prefix="/api/v1/queue", tags=["queue"], route_class=OnceRoute)
Number = Annotated[int, Field(ge=1, le=MOST_ID)]


class Seen(Body):
    case_id: Number
    version: Number = Field(description="`version` of the case as it was read.")


class ManyGiven(Body):
    staff_id: Number
    why: Reason
    cases: list[Seen] = Field(min_length=1, max_length=MOST_AT_ONCE)


class GivenAndLeft(BaseModel):
    given: int
    left: int = Field(description="Not given: they had changed, were closed, or hands were full.")


class EligibilityLine(BaseModel):
    depth: int
    label: InBothLanguages
    verdict: Verdict
    field: str | None
    seen: bool | int | float | date | str | None = Field(
        description="On what value it was decided; null: a group, or withheld."
    )
    withheld: bool = Field(description="A sensitive value that this reader is not shown.")
    cite: str | None = Field(description="Which sentence of which source says so.")


class Background(BaseModel):
    match_id: int | None
    eligibility: list[EligibilityLine] = Field(description="Why the match was opened, part by part of the rule.")
    suggested_answer: str | None = Field(description="Of a policy question: never sent by itself.")


class SurveyAtHome(BaseModel):
    questions: list[SurveyQuestion]
    answered: dict[str, str] = Field(description="Question → what is kept so far; masked.")


class AnswersAtHome(Body):
    """Question → code, codes joined by commas, a number, or words. Left out: not asked or not answered."""

    answers: dict[str, AnswerText] = Field(default_factory=dict, max_length=50)
    refused: bool = Field(False, description="They want no surveys any more.")  # noqa: FBT003


@router.post("/assign", dependencies=[ONCE])
def assign_many(request: Request, caller: AnyCaller, asked: ManyGiven) -> GivenAndLeft:
    """Give many cases to one colleague. Each by itself: one that changed meanwhile holds up no other."""
    house = house_of(request)
    with house.sessions.read() as session:
        if session.get(Staff, asked.staff_id) is None:
            raise Unknown(f"nobody here has the number {asked.staff_id}")
    seen = [(one.case_id, one.version) for one in asked.cases]
    done = give_many(
        house.sessions, seen, asked.staff_id, why=asked.why.strip(), by=caller.actor, now=house.clock.now()
    )
    return GivenAndLeft(given=done.given, left=done.left)


@router.get("/{case_id}/background")
def read_background(request: Request, caller: AnyCaller, case_id: Id) -> Background:
    """Why the person was found eligible, and what could be answered."""
    house = house_of(request)
    works = caller.role in CASE_WORKERS
    with house.sessions.read() as session:
        case = find_case(session, case_id)
        match = session.get(Match, case.match_id) if case.match_id else None
        today = house.clock.now().astimezone(house.settings.zone).date()
        asks = works and case.kind is CaseKind.POLICY_QUESTION and case.state not in FINISHED
        lines = why_eligible(match, shows_sensitive=works) if match else []
        return Background(
            match_id=case.match_id,
            eligibility=[
                EligibilityLine(
                    depth=one.depth,
                    label=InBothLanguages(zh=one.label.zh, en=one.label.en),
                    verdict=one.verdict,
                    field=one.field.name if one.field else None,
                    seen=one.seen,
                    withheld=one.withheld,
                    cite=one.cite,
                )
                for one in lines
            ],
            suggested_answer=suggestion(session, case, house.cards, today=today) if asks else None,
        )


@router.post("/{case_id}/reveal")
def reveal_in_case(request: Request, caller: AnyCaller, case_id: Id, asked: RevealAsked) -> Revealed:
    """One detail in full of whom the case is about. Who asked, when and what for is on the record."""
    house = house_of(request)
    with house.sessions.write() as session:
        resident_id = find_case(session, case_id).resident_id
        if resident_id is None:
            raise Unknown("the case is about nobody we know")
        now = house.clock.now()
        value = reveal(session, resident_id, asked.detail, actor=caller.actor, purpose=asked.purpose, now=now)
    return Revealed(detail=asked.detail, value=value, shown_until=now + SHOWN_FOR)


@router.get("/{case_id}/survey")
def read_survey_at_home(request: Request, _caller: AnyCaller, case_id: Id) -> SurveyAtHome:
    """The questions of a survey at home, and what was answered so far. Of another case: none."""
    house = house_of(request)
    with house.sessions.read() as session:
        case = find_case(session, case_id)
        card = house.cards.get(case.policy_id or "")
        questions = survey_questions(session, case, card.short_name if card else "")
        invitation = invitation_of(session, case)
        names = names_to_mask(session, case.resident) if case.resident else []
        known = answers_so_far(session, invitation) if invitation else {}
        return SurveyAtHome(
            questions=questions, answered={key: mask_text(said, names=names) for key, said in known.items()}
        )


@router.post("/{case_id}/survey", dependencies=[ONCE])
def answer_survey_at_home(request: Request, caller: AnyCaller, case_id: Id, asked: AnswersAtHome) -> SurveyKept:
    """Keep what was answered at the door; in parts if need be, and the same again changes nothing."""
    house = house_of(request)
    now = house.clock.now()
    with house.sessions.write() as session:
        case = find_case(session, case_id)
        if asked.refused:
            refuse_at_home(session, case, by=caller.actor, now=now)
            return SurveyKept(state=InvitationState.REFUSED, next_question=None, case_state=case.state)
        kept = record_answers(session, case, asked.answers, by=caller.actor, now=now)
        return SurveyKept(state=kept.state, next_question=kept.question, case_state=case.state)
