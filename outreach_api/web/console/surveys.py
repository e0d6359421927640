"""Surveys on the console: how far each has come, and the form for what is answered at the door."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from models.case import Case
from models.vocabulary import Channel
from outreach_api.cases.work_case import find_case
from outreach_api.privacy.small_cells import all_in_tens
from outreach_api.surveys.at_home import (
    LONGEST_TEXT,
    AnswersRefused,
    answers_so_far,
    invitation_of,
    questionnaire_of,
    record_answers,
    refuse_at_home,
)
from outreach_api.surveys.progress import Progress, survey_progress
from outreach_api.surveys.questionnaire import Question, questionnaires
from outreach_api.web.access import CSRF_FIELD, Viewer, sees_people
from outreach_api.web.console.case_page import back_to
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for

router = APIRouter(include_in_schema=False)
REFUSED = "refused"


@router.get("/surveys", name="surveys")
def surveys(request: Request, viewer: Viewer) -> Response:
    """Every survey with its response and non-response; answers themselves are in the reports."""
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        named = {key: speaker.label(found.name) for key, found in questionnaires().items()}
        found = survey_progress(session, named)
        surveys = found if sees_people(viewer.role, viewer.sight) else [_in_tens(one) for one in found]
        return render(request, "surveys.html", section="surveys", surveys=surveys)


def _in_tens(one: Progress) -> Progress:
    """As who does not see the people may have it."""
    counts = {field.name: getattr(one, field.name) for field in fields(one)}
    survey, questionnaire = counts.pop("survey"), counts.pop("questionnaire")
    return Progress(survey, questionnaire, **all_in_tens(counts))


@router.get("/cases/{case_id}/survey", name="survey_form")
def survey_form(request: Request, viewer: Viewer, case_id: int, said: str | None = None) -> Response:
    with house_of(request).sessions.read() as session:
        return _form(request, session, find_case(session, case_id), said="said_answer_wrong" if said else "")


def _form(request: Request, session: Session, found: Case, *, said: str) -> Response:
    invitation = invitation_of(session, found)
    if invitation is None:
        return back_to(found.id)
    card = house_of(request).cards.get(invitation.policy_id)
    policy = card.short_name if card else invitation.policy_id
    return render(
        request,
        "survey_form.html",
        section="cases",
        case=found,
        questions=[_shown(question, policy) for question in questionnaire_of(session, invitation).questions],
        known=answers_so_far(session, invitation),
        longest=LONGEST_TEXT,
        said=said,
    )


def _shown(question: Question, policy: str) -> dict[str, object]:
    return {
        "id": question.id,
        "kind": question.kind.value,
        "text": question.said(Channel.VOICE, policy),
        "choices": question.choices(),
        "most": question.most,
    }


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form whose names are the questions'; what is ticked together is joined."""
    form = await request.form()
    names = [name for name in form if name != CSRF_FIELD]
    return {name: ",".join(str(value) for value in form.getlist(name)) for name in names}


@router.post("/cases/{case_id}/survey", name="record_survey")
def record_survey(
    request: Request, viewer: Viewer, case_id: int, given: Annotated[dict[str, str], Depends(_fields)]
) -> Response:
    house = house_of(request)
    now = house.clock.now()
    try:
        with house.sessions.write() as session:
            found = find_case(session, case_id)
            if given.pop(REFUSED, ""):
                refuse_at_home(session, found, by=viewer.actor, now=now)
            else:
                record_answers(session, found, given, by=viewer.actor, now=now)
    except AnswersRefused:
        return back_to(f"{case_id}/survey", "said_answer_wrong")
    return back_to(case_id)
