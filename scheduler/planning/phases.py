"""Random phases: a campaign that starts with some, drawn by lot, and comes to all. Nobody is denied, some are later.

Those who are not contacted yet are what the contacted are held against; without them an uplift is a guess.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from models.asking import ask, ids
from models.contact import Campaign
from models.report import CampaignPhase

# The whole ladder of contacts and a visit must fit between the last phase and the day the window closes.
DAYS_NEEDED = 30
_DIGITS = 8


def phase_number(resident_id: int, campaign_id: int, phases: int) -> int:
    """The lot of a resident in a campaign, 1 to `phases`: the same at every look, and nobody's choice."""
    lot = hashlib.sha256(f"{campaign_id}:{resident_id}".encode()).hexdigest()[:_DIGITS]
    return int(lot, 16) % phases + 1


def plan_phases(
    starts_on: date, *, phases: int, days_between: int, closes_on: date | None = None, days_needed: int = DAYS_NEEDED
) -> list[date]:
    """First days of the phases. Where a window closes they move together, so that the last phase still has its time.

    Where even that leaves no time, there is one phase: nobody loses the benefit for the sake of a comparison.

    Raises:
        ValueError: fewer than one phase, or phases less than a day apart.
    """
    if phases < 1 or days_between < 1:
        raise ValueError("a campaign has at least one phase, and phases are at least a day apart")
    if closes_on is not None and phases > 1:
        room = (closes_on - starts_on).days - days_needed
        days_between = min(days_between, room // (phases - 1))
    if days_between < 1:
        return [starts_on]
    return [starts_on + timedelta(days=days_between * number) for number in range(phases)]


def start_in_phases(
    session: Session, campaign: Campaign, *, phases: int, days_between: int, closes_on: date | None = None
) -> list[date]:
    """Give a campaign its phases, in the caller's transaction; its end counts as the day the window closes."""
    ends = [day for day in (campaign.ends_on, closes_on) if day is not None]
    days = plan_phases(
        campaign.starts_on, phases=phases, days_between=days_between, closes_on=min(ends) if ends else None
    )
    session.execute(delete(CampaignPhase).where(CampaignPhase.campaign_id == campaign.id))
    for number, day in enumerate(days, start=1):
        session.add(CampaignPhase(campaign_id=campaign.id, number=number, starts_on=day))
    return days


@dataclass(frozen=True)
class Phases:
    """The phases of running campaigns as of a day; a campaign that is not named has begun for all."""

    begun: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """Campaign id → how many phases have begun, of how many."""

    def wait(self, resident_id: int, campaign_id: int) -> bool:
        """Whether this resident's phase has not begun yet."""
        begun, phases = self.begun.get(campaign_id, (1, 1))
        return begun < phases and phase_number(resident_id, campaign_id, phases) > begun


def phases_on(session: Session, campaign_ids: Collection[int], day: date) -> Phases:
    """How far each of these campaigns has come on that day."""
    rows = ask(session, _starts(), campaigns=campaign_ids)
    days: dict[int, list[date]] = {}
    for campaign_id, starts_on in rows:
        days.setdefault(campaign_id, []).append(starts_on)
    return Phases({campaign_id: (sum(d <= day for d in own), len(own)) for campaign_id, own in days.items()})


@cache
def _starts() -> Select[int, date]:
    ours = CampaignPhase.campaign_id.in_(ids("campaigns"))
    return select(CampaignPhase.campaign_id, CampaignPhase.starts_on).where(ours)
