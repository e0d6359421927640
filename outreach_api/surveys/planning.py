"""Whom to ask and when: a sample of those served, contacted within the same hours, budget and stops as everybody."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import Case
from models.contact import Contact, ContactMatch
from models.event import AuditEntry
from models.match import Match
from models.report_views import DONE
from models.resident import Phone, Preference, Resident, ResidentPhone
from models.session import Sessions, lock_resident
from models.survey import Survey, SurveyInvitation
from models.vocabulary import (
    PROACTIVE_PURPOSES,
    CampaignState,
    Channel,
    ContactPurpose,
    ContactState,
    InvitationState,
    PhoneState,
    Refusal,
    ResidentStatus,
    SurveyWay,
)
from outreach_api.surveys.at_home import ask_at_home, settle_visits
from outreach_api.surveys.effects import NO_SURVEYS
from outreach_api.surveys.questionnaire import Questionnaire, questionnaires
from scheduler.planning.budget import budget_refusal
from scheduler.planning.pauses import standing_pauses
from scheduler.planning.preferences import honouring, wishes_of
from scheduler.planning.quiet_hours import next_allowed
from scheduler.planning.rules import ContactRules, contact_rules
from scheduler.planning.situation import HUMAN_HANDS, UNFINISHED_CASES, talks_of
from scheduler.planning.spending import Planned, spending
from scheduler.planning.stops import REFUSAL_OF_STOP, standing_stop
from scheduler.policies.card import PolicyCard

SIGNATURE = "【罗湖民政】回访："
STOP_LINE = "不想收到回访，回复“不回访”。"
ASK_AGAIN_AFTER = timedelta(days=3)
GIVE_UP_AFTER = timedelta(days=7)
EXPIRES_AFTER = timedelta(days=2)
MOST_ASKS = 2
_UNREAD = (ContactState.CANCELLED, ContactState.REJECTED, ContactState.NOT_SENT, ContactState.UNDELIVERED)

log = structlog.get_logger(__name__)


class Sample(BaseModel):
    """A sample plan: all who were served, or `each` by lot in every street and policy, so many days afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    take: Literal["all", "random"] = "all"
    after_days: int = Field(7, ge=0, le=365)
    within_days: int = Field(30, ge=1, le=730)
    each: int = Field(20, ge=1)
    policies: tuple[str, ...] = ()
    channel: SurveyWay = SurveyWay.SMS
    again: SurveyWay | None = SurveyWay.VOICE
    """How those who did not answer are asked once more, where that is at work; None: not."""


@dataclass
class SurveyReport:
    framed: int = 0
    drawn: int = 0
    asked: int = 0
    given_up: int = 0
    held_back: dict[str, int] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        return vars(self)


@dataclass(frozen=True)
class _Pass:
    cards: Mapping[str, PolicyCard]
    channels: Collection[Channel]
    rules: ContactRules
    now: datetime
    report: SurveyReport

    @property
    def today(self) -> date:
        return self.now.astimezone(self.rules.zone).date()

    def channel_of(self, way: SurveyWay | None) -> Channel | None:
        """The channel of a way to ask, if it is at work."""
        return next((channel for channel in self.channels if channel.value == way), None)


def plan_surveys(
    sessions: Sessions, *, cards: Mapping[str, PolicyCard], channels: Collection[Channel], now: datetime
) -> SurveyReport:
    """Frame, draw and ask for every running survey. A pass again at once asks nobody twice.

    A refusal leaves the invitation drawn: it is asked another day, as long as the survey runs.
    """
    report = SurveyReport()
    with sessions.write() as session:
        ongoing = _Pass(cards, channels, contact_rules(session), now, report)
        surveys = session.scalars(select(Survey.id).where(Survey.state == CampaignState.RUNNING)).all()
        paused = standing_pauses(session).everything is not None
    for survey_id in surveys:
        with sessions.write() as session:
            survey = session.get_one(Survey, survey_id)
            if survey.starts_on <= ongoing.today and (survey.ends_on is None or survey.ends_on >= ongoing.today):
                _frame(session, survey, ongoing)
            _settle_silent(session, survey, ongoing)
        if not paused:
            _ask_all(sessions, survey_id, ongoing)
    log.info("surveys_planned", **report.facts())
    return report


def _frame(session: Session, survey: Survey, ongoing: _Pass) -> None:
    """Take in whom the plan newly covers. The lot of a resident in a survey does not depend on when they come in."""
    sample = Sample.model_validate(survey.sample)
    served = select(Match.id, Match.resident_id, Match.policy_id, Resident.street).join(
        Resident, Resident.id == Match.resident_id
    )
    rows = session.execute(
        served.where(
            Match.state.in_(DONE),
            Match.closed_at <= ongoing.now - timedelta(days=sample.after_days),
            Match.closed_at >= ongoing.now - timedelta(days=sample.within_days),
            Match.id.not_in(select(SurveyInvitation.match_id).where(SurveyInvitation.survey_id == survey.id)),
            *([Match.policy_id.in_(sample.policies)] if sample.policies else []),
        )
    ).all()
    taken = dict(
        session.execute(
            select(SurveyInvitation.stratum, func.count())
            .where(SurveyInvitation.survey_id == survey.id, SurveyInvitation.state != InvitationState.NOT_DRAWN)
            .group_by(SurveyInvitation.stratum)
        ).all()
    )
    for row in sorted(rows, key=lambda row: _lot(survey.id, row.id)):
        stratum = f"{row.street or ''}|{row.policy_id}"
        drawn = sample.take == "all" or taken.get(stratum, 0) < sample.each
        taken[stratum] = taken.get(stratum, 0) + drawn
        session.add(
            SurveyInvitation(
                survey_id=survey.id,
                resident_id=row.resident_id,
                match_id=row.id,
                policy_id=row.policy_id,
                stratum=stratum,
                channel=sample.channel,
                state=InvitationState.DRAWN if drawn else InvitationState.NOT_DRAWN,
                framed_at=ongoing.now,
            )
        )
        ongoing.report.framed += 1
        ongoing.report.drawn += drawn


def _lot(survey_id: int, match_id: int) -> str:
    return hashlib.sha256(f"{survey_id}:{match_id}".encode()).hexdigest()


def _settle_silent(session: Session, survey: Survey, ongoing: _Pass) -> None:
    """What was never read is asked anew; who kept silent is asked once more on another channel, then left alone."""
    wished = Sample.model_validate(survey.sample).again
    again = wished if wished is SurveyWay.VISIT or ongoing.channel_of(wished) else None
    rows = session.execute(
        select(SurveyInvitation, Contact.state)
        .join(Contact, Contact.id == SurveyInvitation.contact_id)
        .where(SurveyInvitation.survey_id == survey.id, SurveyInvitation.state == InvitationState.INVITED)
    ).all()
    for invitation, state in rows:
        waited = ongoing.now - (invitation.invited_at or ongoing.now)
        if state in _UNREAD:
            invitation.state = InvitationState.DRAWN if invitation.asks < MOST_ASKS else InvitationState.HELD_BACK
        elif waited >= ASK_AGAIN_AFTER and again is not None and invitation.asks < MOST_ASKS:
            invitation.state, invitation.channel = InvitationState.DRAWN, again
        elif waited >= GIVE_UP_AFTER:
            invitation.state = InvitationState.NO_ANSWER
            ongoing.report.given_up += 1
    settle_visits(session, survey.id)


def _ask_all(sessions: Sessions, survey_id: int, ongoing: _Pass) -> None:
    with sessions.read() as session:
        query = select(SurveyInvitation.id).where(
            SurveyInvitation.survey_id == survey_id, SurveyInvitation.state == InvitationState.DRAWN
        )
        waiting = session.scalars(query.order_by(SurveyInvitation.id)).all()
    for invitation_id in waiting:
        with sessions.write() as session:
            invitation = session.get_one(SurveyInvitation, invitation_id)
            lock_resident(session, invitation.resident_id)
            outcome = _ask(session, invitation, ongoing)
        if isinstance(outcome, Refusal):
            ongoing.report.held_back[outcome.value] = ongoing.report.held_back.get(outcome.value, 0) + 1
        else:
            ongoing.report.asked += 1


def _ask(session: Session, invitation: SurveyInvitation, ongoing: _Pass) -> Contact | Case | Refusal:
    """Plan the contact that puts the first question, or the visit, or say why not."""
    survey = session.get_one(Survey, invitation.survey_id)
    resident = session.get_one(Resident, invitation.resident_id)
    refusal = _refusal_of(session, resident)
    if refusal is not None:
        if refusal in (Refusal.PREFERENCE, Refusal.DECEASED):
            invitation.state = InvitationState.REFUSED
        return refusal
    if invitation.channel is SurveyWay.VISIT:
        return ask_at_home(session, invitation, now=ongoing.now)
    phone = _own_phone(session, resident.id)
    if isinstance(phone, Refusal):
        invitation.state = InvitationState.HELD_BACK
        return phone
    channel = ongoing.channel_of(invitation.channel) or Channel.SMS
    wishes = wishes_of(session, [resident.id]).get(resident.id, frozenset())
    due_at = next_allowed(ongoing.now, channel, honouring(ongoing.rules, wishes).hours)
    spent = spending(session, {resident.id}, {phone.id}, now=ongoing.now, planned=Planned.COUNTS)
    mine = spent.of(resident_id=resident.id, phone_id=phone.id)
    over = budget_refusal(mine, channel, ongoing.rules.budget, at=due_at)
    if over is not None:
        return over
    asked = questionnaires()[survey.questionnaire, survey.version]
    contact = _contact(invitation, asked, phone, channel, due_at, ongoing)
    session.add(contact)
    session.flush()
    session.add(ContactMatch(contact_id=contact.id, match_id=invitation.match_id))
    invitation.contact_id, invitation.invited_at = contact.id, ongoing.now
    invitation.state, invitation.asks = InvitationState.INVITED, invitation.asks + 1
    return contact


def _contact(
    invitation: SurveyInvitation,
    asked: Questionnaire,
    phone: Phone,
    channel: Channel,
    due_at: datetime,
    ongoing: _Pass,
) -> Contact:
    card = ongoing.cards.get(invitation.policy_id)
    policy = card.short_name if card else ""
    return Contact(
        resident_id=invitation.resident_id,
        phone_id=phone.id,
        channel=channel,
        purpose=ContactPurpose.SURVEY,
        template_key=f"survey.{asked.id}.{asked.version}",
        variables={"policy": policy},
        text=f"{SIGNATURE}{asked.first.said(channel, policy)}{STOP_LINE}",
        created_at=ongoing.now,
        due_at=due_at,
        expires_at=due_at + EXPIRES_AFTER,
    )


def _refusal_of(session: Session, resident: Resident) -> Refusal | None:
    if resident.status is ResidentStatus.DECEASED:
        return Refusal.DECEASED
    stop = standing_stop(session, resident_id=resident.id, phone_id=None)
    if stop is not None:
        return REFUSAL_OF_STOP[stop]
    no_surveys = (Preference.resident_id == resident.id, Preference.name == NO_SURVEYS)
    if session.scalar(select(Preference.id).where(*no_surveys)) is not None:
        return Refusal.PREFERENCE
    hands = (Case.resident_id == resident.id, Case.kind.in_(HUMAN_HANDS), Case.state.in_(UNFINISHED_CASES))
    taken_over = talks_of(session, [resident.id]).get(resident.id, (None, None))[1] is not None
    if taken_over or session.scalar(select(Case.id).where(*hands).limit(1)) is not None:
        return Refusal.IN_HUMAN_HANDS
    waiting = (
        Contact.resident_id == resident.id,
        Contact.state.in_((ContactState.PLANNED, ContactState.SENDING)),
        Contact.purpose.in_(PROACTIVE_PURPOSES),
    )
    return Refusal.OPEN_CONTACT if session.scalar(select(Contact.id).where(*waiting).limit(1)) is not None else None


def _own_phone(session: Session, resident_id: int) -> Phone | Refusal:
    """The first usable phone that is this resident's alone: the question names what they were helped with."""
    phones = session.scalars(
        select(Phone)
        .join(ResidentPhone, ResidentPhone.phone_id == Phone.id)
        .where(ResidentPhone.resident_id == resident_id, Phone.state == PhoneState.USABLE)
        .order_by(ResidentPhone.rank)
    ).all()
    for phone in phones:
        sharing = select(func.count()).select_from(ResidentPhone).where(ResidentPhone.phone_id == phone.id)
        stopped = standing_stop(session, resident_id=None, phone_id=phone.id)
        if session.scalar(sharing) == 1 and stopped is None:
            return phone
    return Refusal.PHONE_UNREACHABLE if phones else Refusal.NO_PHONE


class SurveyRefused(ValueError):  # noqa: N818
    """There can be no such survey, or it is over; says why."""


@dataclass(frozen=True)
class SurveyDraft:
    """`starts_on` is a day of the residents'."""

    questionnaire: str
    version: int
    sample: Sample
    starts_on: date
    name: str = ""


def begin_survey(session: Session, draft: SurveyDraft, *, by: str, now: datetime) -> Survey:
    """Begin a survey, on the record.

    Raises:
        SurveyRefused: there is no such questionnaire.
    """
    try:
        begun = start_survey(
            session,
            name=draft.name.strip() or draft.questionnaire,
            questionnaire=draft.questionnaire,
            version=draft.version,
            sample=draft.sample,
            starts_on=draft.starts_on,
        )
    except ValueError as fault:
        raise SurveyRefused(str(fault)) from fault
    _record(session, "survey.begin", begun.id, by=by, now=now)
    return begun


def end_survey(session: Session, survey_id: int, *, by: str, now: datetime) -> Survey:
    """Ask nobody more; what was answered stays.

    Raises:
        SurveyRefused: no such survey, or it has ended.
    """
    found = session.get(Survey, survey_id)
    if found is None or found.state is CampaignState.STOPPED:
        raise SurveyRefused(f"there is no survey {survey_id} that goes on")
    found.state = CampaignState.STOPPED
    _record(session, "survey.end", survey_id, by=by, now=now)
    return found


def _record(session: Session, action: str, survey_id: int, *, by: str, now: datetime) -> None:
    session.add(AuditEntry(at=now, actor=by, action=action, subject=f"survey:{survey_id}"))


def start_survey(
    session: Session, *, name: str, questionnaire: str, version: int, sample: Sample, starts_on: date
) -> Survey:
    """Begin a survey.

    Raises:
        ValueError: there is no such questionnaire.
    """
    if (questionnaire, version) not in questionnaires():
        raise ValueError(f"there is no questionnaire {questionnaire} of version {version}")
    survey = Survey(
        name=name,
        questionnaire=questionnaire,
        version=version,
        sample=sample.model_dump(mode="json"),
        starts_on=starts_on,
    )
    session.add(survey)
    session.flush()
    return survey
