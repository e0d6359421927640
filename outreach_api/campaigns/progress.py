"""How far a campaign has come: its contacts by channel and state, and where the matches stand that it spoke of."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.contact import Campaign, Contact, ContactMatch
from models.match import Match
from models.vocabulary import Channel, ContactState, MatchState

ARRIVED = frozenset({ContactState.DELIVERED, ContactState.ANSWERED, ContactState.VOICEMAIL})


@dataclass(frozen=True)
class Progress:
    contacts: dict[Channel, dict[ContactState, int]] = field(default_factory=dict)
    spoken_of: int = 0
    """Matches that a contact of this campaign went out for."""
    arrived: int = 0
    """Those of them a contact arrived for."""
    states: dict[MatchState, int] = field(default_factory=dict)
    """Where the matches stand that it spoke of."""


def campaign_progress(session: Session, campaign: Campaign) -> Progress:
    """Counted from the contacts of this campaign alone."""
    mine = Contact.campaign_id == campaign.id
    contacts: dict[Channel, dict[ContactState, int]] = {}
    grouped = select(Contact.channel, Contact.state, func.count()).where(mine).group_by(Contact.channel, Contact.state)
    for channel, state, number in session.execute(grouped):
        contacts.setdefault(channel, {})[state] = number
    told = (
        select(ContactMatch.match_id)
        .join(Contact, Contact.id == ContactMatch.contact_id)
        .where(mine, Contact.sent_at.is_not(None))
        .distinct()
    )
    by_state = select(Match.state, func.count()).where(Match.id.in_(told)).group_by(Match.state)
    states: dict[MatchState, int] = dict(session.execute(by_state).all())
    reached = told.where(Contact.state.in_(ARRIVED)).subquery()
    arrived = session.scalar(select(func.count()).select_from(reached)) or 0
    return Progress(contacts, sum(states.values()), arrived, states)
