"""Surveys after a service: whom a plan takes, what they were asked, what they answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.column_types import Encrypted
from models.vocabulary import CampaignState, InvitationState, SurveyWay


class Survey(Base):
    """A sample plan at work: which questionnaire, whom it takes, and since when."""

    __tablename__ = "survey"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    questionnaire: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    sample: Mapped[dict[str, Any]]
    """`{"take": "all" or "random", "after_days": 7, "within_days": 30, "each": 20, "channel": "sms"}`."""
    state: Mapped[CampaignState] = mapped_column(default=CampaignState.RUNNING)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


class SurveyInvitation(Base):
    """One member of a survey's frame. Those not drawn have a row too: without them nothing could be weighted."""

    __tablename__ = "survey_invitation"
    __table_args__ = (
        UniqueConstraint("survey_id", "match_id"),
        Index("ix_survey_invitation_resident", "resident_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    match_id: Mapped[int] = mapped_column(ForeignKey("match.id"), index=True)
    policy_id: Mapped[str] = mapped_column(String(64))
    stratum: Mapped[str] = mapped_column(String(160))
    """Street and policy."""
    channel: Mapped[SurveyWay] = mapped_column(default=SurveyWay.SMS)
    state: Mapped[InvitationState] = mapped_column(default=InvitationState.DRAWN)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    """The newest contact that asked."""
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    """The visit at which they are asked, where one is."""
    asks: Mapped[int] = mapped_column(default=0)
    """How often they were asked."""
    question: Mapped[str | None] = mapped_column(String(32))
    """The question that is open; None before the first answer and after the last."""
    framed_at: Mapped[datetime]
    invited_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class SurveyAnswer(Base):
    """One answer to one question. A corrected one stays and says when it was superseded."""

    __tablename__ = "survey_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("survey_invitation.id"), index=True)
    question: Mapped[str] = mapped_column(String(32))
    value: Mapped[str] = mapped_column(String(120))
    """A code of the questionnaire, several joined by commas, a number, or `text`."""
    text: Mapped[str | None] = mapped_column(Encrypted("survey_answer.text"))
    """What was said, in the resident's own words."""
    themes: Mapped[list[str]] = mapped_column(default=list)
    at: Mapped[datetime]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    superseded_at: Mapped[datetime | None]
