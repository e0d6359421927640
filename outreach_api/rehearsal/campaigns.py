"""Opening the demo's campaigns, naming its visiting teams, taking on its agents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Team
from models.contact import Campaign
from models.match import Match
from models.staff import Staff
from models.vocabulary import Role
from outreach_api.bootstrap import House
from outreach_api.forecasts.forecast import forecast, keep_forecast
from outreach_api.language import say
from outreach_api.surveys.planning import Sample, start_survey
from outreach_api.web.staff import add_staff
from outreach_api.web.tokens import Scope, Terms, add_token
from scheduler.planning.campaigns import CampaignDraft, approve_campaign, create_campaign, start_campaign
from scheduler.planning.situation import PUSHED_STATES
from scheduler.policies.card import PolicyCard

DAILY_CAP = 60
DRAWN_UP_BY, APPROVED_BY = "demo-clerk", "demo"
FORECAST_SEEDS = 24
"""Few, for the demo's sake: the band then is from the least to the most that came up."""


def open_campaigns(
    session: Session,
    cards: Iterable[PolicyCard],
    *,
    starts_on: date,
    now: datetime,
    daily_cap: int = DAILY_CAP,
    chat_links: bool = False,
) -> None:
    """One running campaign for each card that may be pushed and that matching found somebody for.

    Each is drawn up by one and approved by another, as in an office.
    """
    matched = set(session.scalars(select(Match.policy_id).distinct()))
    offered = [card for card in cards if card.id in matched and card.is_pushable(starts_on)]
    for priority, card in enumerate(sorted(offered, key=lambda card: card.id), start=1):
        draft = CampaignDraft(
            card.name.zh, starts_on, daily_cap, policy_id=card.id, priority=priority, chat_link=chat_links
        )
        campaign = create_campaign(session, draft, by=DRAWN_UP_BY, now=now)
        approve_campaign(session, campaign, by=APPROVED_BY, now=now)
        start_campaign(session, campaign, by=DRAWN_UP_BY, now=now)


def forecast_campaigns(house: House) -> None:
    """What the running campaigns should come to; kept for the report."""
    now = house.clock.now()
    with house.sessions.read() as session:
        open_ones = select(Match.policy_id).where(Match.state.in_(PUSHED_STATES))
        running = sorted(set(session.scalars(select(Campaign.policy_id).where(Campaign.policy_id.in_(open_ones)))))
    made = forecast(
        house.sessions, running, now=now, cards=house.cards, channels=list(house.carriers), seeds=FORECAST_SEEDS
    )
    with house.sessions.write() as session:
        for one in made:
            keep_forecast(session, one, by="demo", now=now)


def add_teams(session: Session, codes: Iterable[str], *, visits_per_day: int) -> None:
    for code in codes:
        session.add(Team(code=code, name=f"上门小分队 {code}", visits_per_day=visits_per_day))


def agent_token(session: Session, username: str, *, now: datetime) -> str:
    """Take somebody on for the desk; the token with which they work from elsewhere."""
    add_staff(session, username, say("演示坐席", "Demo agent"), Role.AGENT)
    session.flush()
    staff_id = session.scalars(select(Staff.id).where(Staff.username == username)).one()
    return add_token(session, username, Terms([Scope.QUEUE_WRITE], staff_id), now=now, by="demo")


def open_surveys(session: Session, *, starts_on: date) -> None:
    """Everybody served is asked a week later; after a check-up, some by lot in every street."""
    start_survey(
        session,
        name="办完一周回访",
        questionnaire="after-service",
        version=1,
        sample=Sample(after_days=7, within_days=40, policies=("elderly-allowance", "disabled-living-subsidy")),
        starts_on=starts_on,
    )
    start_survey(
        session,
        name="体检回访",
        questionnaire="check-up",
        version=1,
        sample=Sample(take="random", each=30, after_days=7, within_days=40, policies=("elderly-health-check",)),
        starts_on=starts_on,
    )
