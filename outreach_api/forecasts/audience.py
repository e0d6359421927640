"""Whom a campaign would speak to, read once as values; the simulation then needs no database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from math import inf
from random import Random

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import Case
from models.contact import Campaign
from models.match import Match
from models.report import CampaignPhase
from models.resident import Resident
from models.survey import Survey, SurveyInvitation
from models.vocabulary import CampaignState, CaseKind, Channel, InvitationState
from outreach_api.surveys.planning import Sample
from scheduler.planning.budget import Spent
from scheduler.planning.deciding import beside_their_housemates
from scheduler.planning.decision import Bench
from scheduler.planning.guards import ALL_GUARDS
from scheduler.planning.pauses import Pauses
from scheduler.planning.phases import phase_number
from scheduler.planning.rules import ContactRules, contact_rules
from scheduler.planning.situation import (
    PUSHED_STATES,
    UNFINISHED_CASES,
    Card,
    ResidentSituation,
    Terms,
    campaigns_on,
    read_situations,
)
from scheduler.planning.spending import Planned, spending

RESIDENTS_AT_A_TIME = 500
MOST_RESIDENTS = 2000
"""Of a larger audience so many are drawn; caps, teams and backlog shrink with it, and the figures grow back."""


@dataclass(frozen=True)
class Asking:
    """A survey that runs: how many days after the service it asks, and how many of each policy at most."""

    after_days: int
    most: Mapping[str, float]
    """By policy; a policy that is missing is not asked about."""


@dataclass(frozen=True)
class Audience:
    """The residents of all campaigns that run, in the order in which the planner takes them."""

    people: tuple[ResidentSituation, ...]
    caps: Mapping[str, float]
    """First contacts a day, by policy."""
    matches: Mapping[str, int]
    rules: ContactRules
    spent: Mapping[int, tuple[Spent, ...]] = field(default_factory=dict)
    """By resident, of the last week."""
    backlog: tuple[datetime, ...] = ()
    """When the visits that wait already were promised."""
    begins_on: Mapping[tuple[int, str], date] = field(default_factory=dict)
    """Where a campaign starts in phases: the first day for a resident and a policy."""
    surveys: tuple[Asking, ...] = ()
    each_stands_for: float = 1.0

    def bench(self, now: datetime) -> Bench:
        return Bench(self.rules, self.rules.cadence, ALL_GUARDS, now)


def read_audience(
    session: Session,
    *,
    now: datetime,
    cards: Mapping[str, Card],
    channels: Collection[Channel],
    campaign: Campaign | None = None,
) -> Audience:
    """The audience of the campaigns that run today, and of `campaign`, which may be a draft or not stored at all.

    A pause counts as lifted: nobody knows until when it stands.
    """
    rules = contact_rules(session)
    rules = replace(rules, cadence=rules.cadence.served_by(channels))
    today = now.astimezone(rules.zone).date()
    campaigns = campaigns_on(session, today) | ({campaign.policy_id: campaign} if campaign else {})
    no_pause = Pauses(None, {}, frozenset())
    terms = Terms(campaigns, no_pause, cards, rules.zone, now, ALL_GUARDS, channels=frozenset(channels))
    order = _in_order(session, campaigns)
    drawn, each = _draw(order)
    people: list[ResidentSituation] = []
    for start in range(0, len(drawn), RESIDENTS_AT_A_TIME):
        people += read_situations(session, drawn[start : start + RESIDENTS_AT_A_TIME], terms)
    counted: dict[str, int] = defaultdict(int)
    for person in people:
        for match in person.matches:
            counted[match.policy_id] += 1
    return Audience(
        people=tuple(replace(person, has_open_contact=False) for person in people),
        caps={policy_id: found.daily_cap / each for policy_id, found in campaigns.items()},
        matches=dict(counted),
        rules=rules,
        spent=_spent(session, people, now),
        backlog=_backlog(session, each),
        begins_on=_begins_on(session, people, campaigns),
        surveys=_surveys(session, counted, today),
        each_stands_for=each,
    )


def _in_order(session: Session, campaigns: Mapping[str, Campaign]) -> list[int]:
    rows = session.execute(
        select(Match.id, Match.resident_id, Match.policy_id).where(
            Match.state.in_(PUSHED_STATES), Match.policy_id.in_(campaigns)
        )
    ).all()
    in_order = sorted(rows, key=lambda row: (campaigns[row.policy_id].priority, row.id))
    return beside_their_housemates(session, [row.resident_id for row in in_order])


def _draw(resident_ids: list[int]) -> tuple[list[int], float]:
    if len(resident_ids) <= MOST_RESIDENTS:
        return resident_ids, 1.0
    places = sorted(Random(len(resident_ids)).sample(range(len(resident_ids)), MOST_RESIDENTS))  # noqa: S311 - a sample, no secret
    return [resident_ids[place] for place in places], len(resident_ids) / MOST_RESIDENTS


def _spent(session: Session, people: list[ResidentSituation], now: datetime) -> dict[int, tuple[Spent, ...]]:
    found: dict[int, tuple[Spent, ...]] = {}
    for start in range(0, len(people), RESIDENTS_AT_A_TIME):
        some = people[start : start + RESIDENTS_AT_A_TIME]
        counted = spending(session, {person.resident_id for person in some}, set(), now=now, planned=Planned.COUNTS)
        found |= {resident_id: tuple(spent.values()) for resident_id, spent in counted.by_resident.items()}
    return found


def _backlog(session: Session, each_stands_for: float) -> tuple[datetime, ...]:
    waiting = select(Case.due_at).where(Case.kind == CaseKind.HOME_VISIT, Case.state.in_(UNFINISHED_CASES))
    found = session.scalars(waiting.order_by(Case.due_at)).all()
    step = max(1, round(each_stands_for))
    return tuple(found[::step])


def _begins_on(
    session: Session, people: list[ResidentSituation], campaigns: Mapping[str, Campaign]
) -> dict[tuple[int, str], date]:
    days: dict[int, list[date]] = defaultdict(list)
    phases = session.scalars(select(CampaignPhase).order_by(CampaignPhase.campaign_id, CampaignPhase.number))
    for phase in phases:
        days[phase.campaign_id].append(phase.starts_on)
    return {
        (person.resident_id, match.policy_id): days[match.campaign_id][
            phase_number(person.resident_id, match.campaign_id, len(days[match.campaign_id])) - 1
        ]
        for person in people
        for match in person.matches
        if match.campaign_id in days
    }


def _surveys(session: Session, policies: Collection[str], today: date) -> tuple[Asking, ...]:
    """Those that run. One that draws by lot takes so many in every street; who was drawn already counts."""
    streets = session.scalar(select(func.count(Resident.street.distinct()))) or 1
    found = []
    for survey in session.scalars(select(Survey).where(Survey.state == CampaignState.RUNNING).order_by(Survey.id)):
        sample = Sample.model_validate(survey.sample)
        if survey.ends_on is not None and survey.ends_on < today:
            continue
        drawn = select(SurveyInvitation.policy_id, func.count()).where(
            SurveyInvitation.survey_id == survey.id, SurveyInvitation.state != InvitationState.NOT_DRAWN
        )
        taken = dict(session.execute(drawn.group_by(SurveyInvitation.policy_id)).all())
        each = inf if sample.take == "all" else sample.each * streets
        asked = [policy for policy in policies if not sample.policies or policy in sample.policies]
        found.append(Asking(sample.after_days, {policy: each - taken.get(policy, 0) for policy in asked}))
    return tuple(found)
