"""A street on which somebody was served and is asked how it went."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.contact import Contact
from models.match import Match
from models.survey import SurveyAnswer, SurveyInvitation
from models.vocabulary import Channel, ContactPurpose, ContactState, MatchState
from outreach_api.surveys.planning import Sample, SurveyReport, plan_surveys, start_survey
from tests.conversations.street import ALLOWANCE, Neighbour, Street

WEEK = timedelta(days=7)


def serve(street: Street, who: Neighbour, policy: str = ALLOWANCE) -> None:
    with street.sessions.write() as session:
        match = session.get_one(Match, who.matches[policy])
        match.state, match.closed_at = MatchState.APPLIED_AT_HALL, street.clock.now()


def begin(street: Street, questionnaire: str = "after-service", **sample: object) -> None:
    with street.sessions.write() as session:
        starts_on = street.clock.now().date()
        plan = Sample.model_validate(sample)
        start_survey(session, name="回访", questionnaire=questionnaire, version=1, sample=plan, starts_on=starts_on)


def plan(street: Street) -> SurveyReport:
    return plan_surveys(street.sessions, cards=street.cards, channels={Channel.SMS}, now=street.clock.now())


def deliver(street: Street) -> list[str]:
    """Let the planned survey contacts have gone out; what they said."""
    with street.sessions.write() as session:
        found = _planned(session)
        for contact in found:
            contact.state, contact.sent_at = ContactState.DELIVERED, street.clock.now()
        return [contact.text for contact in found]


def _planned(session: Session) -> list[Contact]:
    query = select(Contact).where(Contact.purpose == ContactPurpose.SURVEY, Contact.state == ContactState.PLANNED)
    return list(session.scalars(query))


def asked(street: Street, questionnaire: str = "after-service") -> Neighbour:
    """Somebody served a week ago, who was just sent the first question."""
    who = street.a_resident()
    serve(street, who)
    begin(street, questionnaire)
    street.clock.set(street.clock.now() + WEEK)
    plan(street)
    assert deliver(street)
    return who


def answers(street: Street) -> dict[str, str]:
    """The answers that count, by question."""
    return {row.question: row.value for row in street.all(SurveyAnswer) if row.superseded_at is None}


def invitation(street: Street) -> SurveyInvitation:
    (found,) = street.all(SurveyInvitation)
    assert isinstance(found, SurveyInvitation)
    return found
