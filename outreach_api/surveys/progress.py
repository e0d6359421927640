"""How far each survey has come: response and non-response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from models.survey import Survey, SurveyAnswer, SurveyInvitation
from models.vocabulary import InvitationState

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


def survey_progress(session: Session, named: Mapping[tuple[str, int], str]) -> list[Progress]:
    """Every survey, the newest first; `named` says what its questionnaire is called."""

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
