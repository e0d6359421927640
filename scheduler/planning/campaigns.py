"""A campaign from its draft to its end: drawn up by one person, approved by another, then started.

What changes a campaign's substance takes its approval away. Pausing is in `pauses`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.contact import Campaign, Contact
from models.event import AuditEntry, Event
from models.transitions import UnlawfulTransition
from models.vocabulary import CampaignKind, CampaignState, ContactState, EventKind, Refusal, Waiver
from scheduler.planning.cadence import Cadence
from scheduler.planning.notices import NoticeAudience

LONGEST_NOTICE = 300
"""Characters; a longer text comes as many parts."""


class CampaignRefused(ValueError):  # noqa: N818
    """What was asked for is not allowed; the message says why."""


@dataclass(frozen=True)
class CampaignDraft:
    """`policy_id` and no notice, or an urgent notice and no policy. A lower priority goes first."""

    name: str
    starts_on: date
    daily_cap: int
    policy_id: str = ""
    priority: int = 100
    ends_on: date | None = None
    notice: str | None = None
    audience: NoticeAudience = field(default_factory=NoticeAudience)
    waives: frozenset[Waiver] = frozenset()
    chat_link: bool = False
    """Whether its texts carry a link to the chat page."""
    cadence: Cadence | None = None
    """Its own ladder; None: that of the settings, as it stands on each day."""

    @property
    def kind(self) -> CampaignKind:
        return CampaignKind.ORDINARY if self.notice is None else CampaignKind.URGENT


@dataclass(frozen=True)
class CampaignSummary:
    """A campaign as a list shows it: its row, and how many of its contacts are in which state."""

    campaign: Campaign
    contacts: dict[ContactState, int]


def create_campaign(session: Session, draft: CampaignDraft, *, by: str, now: datetime) -> Campaign:
    """Draw a campaign up. Nothing is sent before somebody else has approved it and it was started.

    Raises:
        CampaignRefused: it tells of nothing or of two things, waives what it may not, or its numbers make no sense.
    """
    _check(draft)
    campaign = Campaign(
        kind=draft.kind,
        policy_id=draft.policy_id,
        name=draft.name,
        state=CampaignState.DRAFT,
        priority=draft.priority,
        daily_cap=draft.daily_cap,
        starts_on=draft.starts_on,
        ends_on=draft.ends_on,
        created_by=by,
        notice=draft.notice,
        audience=draft.audience.stored(),
        waives=sorted(draft.waives),
        chat_link=draft.chat_link,
        cadence=_rungs(draft),
    )
    session.add(campaign)
    session.flush()
    _note(session, "create", campaign, by=by, now=now)
    return campaign


def approve_campaign(session: Session, campaign: Campaign, *, by: str, now: datetime) -> None:
    """A second person's approval of this audience, text, pace and waivers.

    Raises:
        CampaignRefused: it is no draft, or who approves it drew it up.
    """
    _locked(session, campaign)
    if campaign.state is not CampaignState.DRAFT:
        raise CampaignRefused(f"campaign {campaign.id} is {campaign.state}: only a draft is approved")
    if campaign.created_by is None or by == campaign.created_by:
        raise CampaignRefused("a second person approves a campaign, not the one who drew it up")
    campaign.approved_by, campaign.approved_at = by, now
    _note(session, "approve", campaign, by=by, now=now)


def change_campaign(session: Session, campaign: Campaign, draft: CampaignDraft, *, by: str, now: datetime) -> None:
    """Change a draft. Its approval is gone, and who changed it is now the one who drew it up.

    Raises:
        CampaignRefused: it is no draft, or the change makes no sense.
    """
    _locked(session, campaign)
    if campaign.state is not CampaignState.DRAFT:
        raise CampaignRefused(f"campaign {campaign.id} is {campaign.state}: only a draft is changed")
    _check(draft)
    campaign.kind, campaign.policy_id, campaign.name = draft.kind, draft.policy_id, draft.name
    campaign.priority, campaign.daily_cap = draft.priority, draft.daily_cap
    campaign.starts_on, campaign.ends_on = draft.starts_on, draft.ends_on
    campaign.notice, campaign.audience = draft.notice, draft.audience.stored()
    campaign.waives = sorted(draft.waives)
    campaign.chat_link, campaign.cadence = draft.chat_link, _rungs(draft)
    campaign.created_by, campaign.approved_by, campaign.approved_at = by, None, None
    _note(session, "change", campaign, by=by, now=now)


def start_campaign(session: Session, campaign: Campaign, *, by: str, now: datetime) -> None:
    """Let an approved draft run: the next planning pass takes it up.

    Raises:
        CampaignRefused: it is not approved.
        UnlawfulTransition: it is no draft.
    """
    _locked(session, campaign)
    if campaign.state is not CampaignState.DRAFT:
        raise UnlawfulTransition(f"campaign {campaign.id} is {campaign.state}, not draft: it can't be started")
    if not campaign.is_approved:
        raise CampaignRefused(f"campaign {campaign.id} has no approval of a second person")
    campaign.state = CampaignState.RUNNING
    _note(session, "start", campaign, by=by, now=now)


def stop_campaign(session: Session, campaign: Campaign, *, because: str, by: str, now: datetime) -> int:
    """End a campaign for good and cancel what it has queued; how many contacts that were."""
    _locked(session, campaign)
    campaign.state = CampaignState.STOPPED
    campaign.paused_because = because
    queued = (Contact.campaign_id == campaign.id, Contact.state == ContactState.PLANNED)
    cancelled = session.scalar(select(func.count()).select_from(Contact).where(*queued)) or 0
    session.execute(
        update(Contact)
        .where(*queued)
        .values(state=ContactState.CANCELLED, refusal=Refusal.CAMPAIGN_PAUSED, settled_at=now)
        .execution_options(synchronize_session=False)
    )
    _note(session, "stop", campaign, by=by, now=now, because=because)
    return cancelled


def campaign_list(session: Session) -> list[CampaignSummary]:
    """Every campaign, newest first."""
    counted = select(Contact.campaign_id, Contact.state, func.count()).where(Contact.campaign_id.is_not(None))
    contacts: dict[int, dict[ContactState, int]] = {}
    for campaign_id, state, count in session.execute(counted.group_by(Contact.campaign_id, Contact.state)):
        contacts.setdefault(campaign_id or 0, {})[state] = count
    rows = session.scalars(select(Campaign).order_by(Campaign.id.desc()))
    return [CampaignSummary(row, contacts.get(row.id, {})) for row in rows]


def _rungs(draft: CampaignDraft) -> list[dict[str, Any]] | None:
    return None if draft.cadence is None else draft.cadence.stored()


def _check(draft: CampaignDraft) -> None:
    if bool(draft.policy_id) == (draft.notice is not None):
        raise CampaignRefused("a campaign tells of one policy, or is an urgent notice; not both, not neither")
    if draft.notice is not None and not 10 <= len(draft.notice) <= LONGEST_NOTICE:
        raise CampaignRefused(f"the notice has {len(draft.notice)} characters; 10 to {LONGEST_NOTICE} are allowed")
    if draft.notice is None and draft.waives:
        raise CampaignRefused("only an urgent notice may exceed the budget or the hours")
    if draft.notice is not None and draft.cadence is not None:
        raise CampaignRefused("an urgent notice goes out once: it has no cadence")
    if draft.daily_cap < 1:
        raise CampaignRefused("the daily cap is at least 1")
    if draft.ends_on is not None and draft.ends_on < draft.starts_on:
        raise CampaignRefused(f"it ends on {draft.ends_on}, before it starts on {draft.starts_on}")


def _locked(session: Session, campaign: Campaign) -> None:
    session.flush()
    session.refresh(campaign, with_for_update=True)


def _note(
    session: Session, action: str, campaign: Campaign, *, by: str, now: datetime, because: str | None = None
) -> None:
    subject = f"campaign:{campaign.id}"
    session.add(AuditEntry(at=now, actor=by, action=action, subject=subject, purpose=because))
    session.add(Event(at=now, kind=EventKind.CAMPAIGN_CHANGED, facts={"action": action, "subject": subject}))
