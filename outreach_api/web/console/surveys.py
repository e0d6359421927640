"""Surveys on the console: how far each has come, and the form for what is answered at the door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from models.case import Case
from models.survey import Survey, SurveyAnswer, SurveyInvitation
from models.vocabulary import Channel, InvitationState
from outreach_api.cases.work_case import find_case
from outreach_api.surveys.at_home import (
    LONGEST_TEXT,
    AnswersRefused,
    invitation_of,
    questionnaire_of,
    record_answers,
    refuse_at_home,
)
from outreach_api.surveys.questionnaire import Question, questionnaires
from outreach_api.web.access import CSRF_FIELD, Viewer
from outreach_api.web.console.case_page import back_to
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for

router = APIRouter(include_in_schema=False)
REFUSED = "refused"
ANSWERED = (InvitationState.PARTIAL, InvitationState.FINISHED)


@dataclass(frozen=True)
class Progress:
    survey: Survey
    questionnaire: str
    framed: int
    drawn: int
    invited: int
    answered: int
    finished: int
    refused: int
    dissatisfied: int


@router.get("/surveys", name="surveys")
def surveys(request: Request, viewer: Viewer) -> Response:
    """Every survey with its response and non-response; answers themselves are in the reports."""
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        named = {key: speaker.label(found.name) for key, found in questionnaires().items()}
        return render(request, "surveys.html", section="surveys", surveys=_progress(session, named))


def _progress(session: Session, named: dict[tuple[str, int], str]) -> list[Progress]:
    def counted(*states: InvitationState) -> object:
        return func.sum(case((SurveyInvitation.state.in_(states), 1), else_=0))

    query = (
        select(
            Survey,
            func.count(SurveyInvitation.id),
            counted(InvitationState.NOT_DRAWN),
            func.count(SurveyInvitation.invited_at),
            counted(*ANSWERED),
            counted(InvitationState.FINISHED),
            counted(InvitationState.REFUSED),
        )  # type: ignore[call-overload]
        .outerjoin(SurveyInvitation, SurveyInvitation.survey_id == Survey.id)
        .group_by(Survey.id)
        .order_by(Survey.id.desc())
    )
    unhappy = _dissatisfied(session)
    return [
        Progress(
            survey,
            named.get((survey.questionnaire, survey.version), survey.questionnaire),
            framed,
            framed - (left or 0),
            invited,
            answered or 0,
            finished or 0,
            refused or 0,
            unhappy.get(survey.id, 0),
        )
        for survey, framed, left, invited, answered, finished, refused in session.execute(query)
    ]


def _dissatisfied(session: Session) -> dict[int, int]:
    """Survey → ratings of 1 and 2 that stand."""
    query = (
        select(SurveyInvitation.survey_id, func.count())
        .join(SurveyAnswer, SurveyAnswer.invitation_id == SurveyInvitation.id)
        .where(
            SurveyAnswer.question == "satisfaction",
            SurveyAnswer.value.in_(("1", "2")),
            SurveyAnswer.superseded_at.is_(None),
        )
        .group_by(SurveyInvitation.survey_id)
    )
    return dict(session.execute(query).all())


@router.get("/cases/{case_id}/survey", name="survey_form")
def survey_form(request: Request, viewer: Viewer, case_id: int, said: str | None = None) -> Response:
    with house_of(request).sessions.read() as session:
        return _form(request, session, find_case(session, case_id), said="said_answer_wrong" if said else "")


def _form(request: Request, session: Session, found: Case, *, said: str) -> Response:
    invitation = invitation_of(session, found)
    if invitation is None:
        return back_to(found.id)
    known = session.scalars(
        select(SurveyAnswer).where(SurveyAnswer.invitation_id == invitation.id, SurveyAnswer.superseded_at.is_(None))
    )
    card = house_of(request).cards.get(invitation.policy_id)
    policy = card.short_name if card else invitation.policy_id
    return render(
        request,
        "survey_form.html",
        section="cases",
        case=found,
        questions=[_shown(question, policy) for question in questionnaire_of(session, invitation).questions],
        known={row.question: row.text or row.value for row in known},
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
