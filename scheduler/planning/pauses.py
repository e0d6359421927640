"""Holding contacts back: a campaign, a policy, or everything. Answers to residents who write are never held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from models.asking import AnyUnion, ask
from models.contact import Campaign
from models.event import AuditEntry, Event, Setting
from models.transitions import UnlawfulTransition
from models.vocabulary import CampaignState, EventKind

PAUSES = "pauses"


@dataclass(frozen=True)
class Pauses:
    """What is paused, each with the reason staff gave."""

    everything: str | None
    policies: dict[str, str]
    campaigns: frozenset[int]

    def hold(self, *, policy_id: str, campaign_id: int | None) -> bool:
        return self.everything is not None or policy_id in self.policies or campaign_id in self.campaigns


def standing_pauses(session: Session) -> Pauses:
    rows = ask(session, _standing()).all()
    value = next((row.value for row in rows if isinstance(row.value, dict)), {})
    held = frozenset(row.campaign for row in rows if row.campaign is not None)
    return Pauses(value.get("everything"), value.get("policies", {}), held)


@cache
def _standing() -> AnyUnion:
    """What was set, and the campaigns that don't run, in one query: it is asked before every text."""
    value = select(Setting.value.label("value"), null().label("campaign")).where(Setting.name == PAUSES)
    return value.union_all(select(null(), Campaign.id).where(Campaign.state != CampaignState.RUNNING))


def pause_everything(session: Session, *, because: str, by: str, now: datetime) -> None:
    _set(session, _pauses_set(session) | {"everything": because}, by=by, now=now)
    _note(session, "pause", "everything", because=because, by=by, now=now)


def resume_everything(session: Session, *, by: str, now: datetime) -> None:
    """Lift the pause of everything; pauses of single policies and campaigns stay."""
    _set(session, _pauses_set(session) | {"everything": None}, by=by, now=now)
    _note(session, "resume", "everything", because=None, by=by, now=now)


def pause_policy(session: Session, policy_id: str, *, because: str, by: str, now: datetime) -> None:
    value = _pauses_set(session)
    _set(session, value | {"policies": value.get("policies", {}) | {policy_id: because}}, by=by, now=now)
    _note(session, "pause", f"policy:{policy_id}", because=because, by=by, now=now)


def resume_policy(session: Session, policy_id: str, *, by: str, now: datetime) -> None:
    value = _pauses_set(session)
    policies = {name: why for name, why in value.get("policies", {}).items() if name != policy_id}
    _set(session, value | {"policies": policies}, by=by, now=now)
    _note(session, "resume", f"policy:{policy_id}", because=None, by=by, now=now)


def pause_campaign(session: Session, campaign: Campaign, *, because: str, by: str, now: datetime) -> None:
    """Pause a campaign; what it has planned stays planned and goes out after it is resumed, unless it expires.

    Raises:
        UnlawfulTransition: the campaign is not running.
    """
    _move(campaign, CampaignState.RUNNING, CampaignState.PAUSED)
    campaign.paused_because = because
    _note(session, "pause", f"campaign:{campaign.id}", because=because, by=by, now=now)


def resume_campaign(session: Session, campaign: Campaign, *, by: str, now: datetime) -> None:
    """Let a paused campaign run again.

    Raises:
        UnlawfulTransition: the campaign is not paused.
    """
    _move(campaign, CampaignState.PAUSED, CampaignState.RUNNING)
    campaign.paused_because = None
    _note(session, "resume", f"campaign:{campaign.id}", because=None, by=by, now=now)


def _move(campaign: Campaign, old: CampaignState, new: CampaignState) -> None:
    if campaign.state is not old:
        raise UnlawfulTransition(f"campaign {campaign.id} is {campaign.state}, not {old}: it can't become {new}")
    campaign.state = new


def _pauses_set(session: Session) -> dict[str, Any]:
    value = session.scalar(select(Setting.value).where(Setting.name == PAUSES))
    return value if isinstance(value, dict) else {}


def _set(session: Session, value: dict[str, Any], *, by: str, now: datetime) -> None:
    session.merge(Setting(name=PAUSES, value=value, changed_at=now, changed_by=by))


def _note(session: Session, action: str, subject: str, *, because: str | None, by: str, now: datetime) -> None:
    session.add(AuditEntry(at=now, actor=by, action=action, subject=subject, purpose=because))
    session.add(Event(at=now, kind=EventKind.CAMPAIGN_CHANGED, facts={"action": action, "subject": subject}))
