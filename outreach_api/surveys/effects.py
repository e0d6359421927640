"""What a turn of a survey changes: an answer kept, an invitation moved on, surveys refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.contact import Contact
from models.resident import Preference
from models.survey import SurveyAnswer, SurveyInvitation
from models.vocabulary import ContactPurpose, ContactState, InvitationState, Refusal

if TYPE_CHECKING:
    from outreach_api.conversations.effects import Ground

NO_SURVEYS = "no_surveys"
"""The preference that stops surveys and nothing else; an opt-out of messages stops everything."""
ASKABLE = (InvitationState.DRAWN, InvitationState.INVITED, InvitationState.PARTIAL)


@dataclass(frozen=True)
class KeepAnswer:
    """A later answer to the same question supersedes the earlier one, which is kept."""

    invitation_id: int
    question: str
    value: str
    text: str | None
    themes: tuple[str, ...]


@dataclass(frozen=True)
class MoveInvitation:
    invitation_id: int
    state: InvitationState
    question: str | None


@dataclass(frozen=True)
class RefuseSurveys:
    resident_id: int


def keep_answer(session: Session, effect: KeepAnswer, ground: Ground) -> None:
    put_answer(session, effect, message_id=ground.message.id, now=ground.now)


def put_answer(session: Session, effect: KeepAnswer, *, message_id: int | None, now: datetime) -> None:
    """`message_id` is None where a visitor wrote the answer down."""
    session.execute(
        update(SurveyAnswer)
        .where(
            SurveyAnswer.invitation_id == effect.invitation_id,
            SurveyAnswer.question == effect.question,
            SurveyAnswer.superseded_at.is_(None),
        )
        .values(superseded_at=now)
    )
    session.add(
        SurveyAnswer(
            invitation_id=effect.invitation_id,
            question=effect.question,
            value=effect.value,
            text=effect.text,
            themes=list(effect.themes),
            at=now,
            message_id=message_id,
        )
    )


def move_invitation(session: Session, effect: MoveInvitation, ground: Ground) -> None:
    invitation = session.get_one(SurveyInvitation, effect.invitation_id)
    invitation.state = effect.state
    invitation.question = effect.question
    if effect.state is InvitationState.FINISHED:
        invitation.finished_at = ground.now


def refuse_surveys(session: Session, effect: RefuseSurveys, ground: Ground) -> None:
    """No surveys any more: what is planned is called off, offers go on."""
    stop_surveys(session, effect.resident_id, now=ground.now)


def stop_surveys(session: Session, resident_id: int, *, now: datetime) -> None:
    mine = (Preference.resident_id == resident_id, Preference.name == NO_SURVEYS)
    if session.scalar(select(Preference.id).where(*mine)) is None:
        session.add(Preference(resident_id=resident_id, name=NO_SURVEYS, value={}, since=now))
    session.execute(
        update(SurveyInvitation)
        .where(SurveyInvitation.resident_id == resident_id, SurveyInvitation.state.in_(ASKABLE))
        .values(state=InvitationState.REFUSED, question=None)
        .execution_options(synchronize_session="fetch")
    )
    session.execute(
        update(Contact)
        .where(
            Contact.resident_id == resident_id,
            Contact.purpose == ContactPurpose.SURVEY,
            Contact.state == ContactState.PLANNED,
        )
        .values(state=ContactState.CANCELLED, refusal=Refusal.PREFERENCE, settled_at=now)
        .execution_options(synchronize_session="fetch")
    )
