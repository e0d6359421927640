"""The steps a campaign can take, and from where: one table for every way of taking them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from models.contact import Campaign
from models.vocabulary import CampaignState
from scheduler.planning.campaigns import CampaignRefused, approve_campaign, start_campaign, stop_campaign
from scheduler.planning.pauses import pause_campaign, resume_campaign


class CampaignStep(StrEnum):
    APPROVE = "approve"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


REASON_NEEDED = frozenset({CampaignStep.PAUSE, CampaignStep.STOP})


class CampaignNotFound(LookupError):  # noqa: N818
    """There is no campaign of that number."""


def find_campaign(session: Session, campaign_id: int) -> Campaign:
    """The campaign.

    Raises:
        CampaignNotFound: no such campaign.
    """
    found = session.get(Campaign, campaign_id)
    if found is None:
        raise CampaignNotFound(f"there is no campaign {campaign_id}")
    return found


def next_steps(campaign: Campaign, actor: str) -> tuple[CampaignStep, ...]:
    """What this person can do with it now, the usual next step first."""
    match campaign.state:
        case CampaignState.DRAFT if campaign.is_approved:
            return (CampaignStep.START, CampaignStep.STOP)
        case CampaignState.DRAFT:
            return (CampaignStep.STOP,) if campaign.created_by == actor else (CampaignStep.APPROVE, CampaignStep.STOP)
        case CampaignState.RUNNING:
            return (CampaignStep.PAUSE, CampaignStep.STOP)
        case CampaignState.PAUSED:
            return (CampaignStep.RESUME, CampaignStep.STOP)
        case CampaignState.STOPPED:
            return ()


def take_step(session: Session, campaign_id: int, step: CampaignStep, *, because: str, by: str, now: datetime) -> None:
    """Take one step.

    Raises:
        CampaignNotFound: no such campaign.
        CampaignRefused: it may not be done by them, or without a reason.
        UnlawfulTransition: the campaign is in another state.
    """
    campaign = find_campaign(session, campaign_id)
    because = because.strip()
    if step in REASON_NEEDED and not because:
        raise CampaignRefused("say why")
    match step:
        case CampaignStep.APPROVE:
            approve_campaign(session, campaign, by=by, now=now)
        case CampaignStep.START:
            start_campaign(session, campaign, by=by, now=now)
        case CampaignStep.PAUSE:
            pause_campaign(session, campaign, because=because, by=by, now=now)
        case CampaignStep.RESUME:
            resume_campaign(session, campaign, by=by, now=now)
        case CampaignStep.STOP:
            stop_campaign(session, campaign, because=because, by=by, now=now)
