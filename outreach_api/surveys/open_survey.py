"""The survey that a message may be an answer to, read into plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.contact import Contact
from models.survey import Survey, SurveyAnswer, SurveyInvitation
from models.vocabulary import ContactState, InvitationState
from outreach_api.surveys.questionnaire import Question, Questionnaire, questionnaires
from scheduler.policies.card import PolicyCard

# Later an answer is no longer one to this question; a finished one may be corrected as long.
ANSWERABLE_FOR = timedelta(days=7)
_NEVER_READ = (ContactState.PLANNED, ContactState.CANCELLED, ContactState.REJECTED, ContactState.NOT_SENT)
_STATES = (InvitationState.INVITED, InvitationState.PARTIAL, InvitationState.FINISHED)


@dataclass(frozen=True)
class OpenSurvey:
    """`question` is the one that is open; None: finished, and only a correction is expected."""

    invitation_id: int
    resident_id: int
    match_id: int
    policy: str
    questionnaire: Questionnaire
    question: Question | None
    last_answered: Question | None


# Kept: it is asked at every turn of every talk, and to put it together takes as long as to answer it.
_SENT_TO = (
    select(SurveyInvitation, Survey, Contact.sent_at)
    .join(Survey, Survey.id == SurveyInvitation.survey_id)
    .join(Contact, Contact.id == SurveyInvitation.contact_id)
    .where(
        SurveyInvitation.resident_id == bindparam("resident_id"),
        SurveyInvitation.state.in_(_STATES),
        Contact.phone_id == bindparam("phone_id"),
        Contact.state.not_in(_NEVER_READ),
        Contact.sent_at >= bindparam("since"),
    )
    .order_by(Contact.sent_at.desc())
    .limit(1)
)


def open_survey(
    session: Session,
    *,
    phone_id: int,
    resident_id: int,
    offered_at: datetime | None,
    cards: Mapping[str, PolicyCard],
    now: datetime,
) -> OpenSurvey | None:
    """The newest survey sent to this phone, unless an offer came after it or it is too long ago."""
    whose = {"resident_id": resident_id, "phone_id": phone_id, "since": now - ANSWERABLE_FOR}
    row = session.execute(_SENT_TO, whose).first()
    if row is None or (offered_at is not None and offered_at > row.sent_at):
        return None
    invitation, survey = row.SurveyInvitation, row.Survey
    asked = questionnaires().get((survey.questionnaire, survey.version))
    if asked is None:
        return None
    finished = invitation.state is InvitationState.FINISHED
    current = asked.question(invitation.question) if invitation.question else asked.first
    card = cards.get(invitation.policy_id)
    return OpenSurvey(
        invitation_id=invitation.id,
        resident_id=invitation.resident_id,
        match_id=invitation.match_id,
        policy=card.short_name if card else invitation.policy_id,
        questionnaire=asked,
        question=None if finished else current,
        last_answered=_last_answered(session, invitation.id, asked),
    )


def _last_answered(session: Session, invitation_id: int, asked: Questionnaire) -> Question | None:
    newest = select(SurveyAnswer.question).where(SurveyAnswer.invitation_id == invitation_id)
    name = session.scalar(newest.order_by(SurveyAnswer.id.desc()).limit(1))
    return asked.question(name) if name else None
