"""Opening the demo's campaigns and its staff."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy.orm import Session

from models.contact import Campaign
from models.staff import Staff
from models.vocabulary import CampaignState, Role
from outreach_api.web.auth import hash_password
from scheduler.policies.card import PolicyCard

DAILY_CAP = 60
PASSWORD_BYTES = 6


def open_campaigns(
    session: Session, cards: Iterable[PolicyCard], *, starts_on: date, daily_cap: int = DAILY_CAP
) -> None:
    """One running campaign for each card that may be pushed."""
    for priority, card in enumerate(sorted(cards, key=lambda card: card.id), start=1):
        if card.is_pushable(starts_on):
            session.add(
                Campaign(
                    policy_id=card.id,
                    name=card.name.zh,
                    state=CampaignState.RUNNING,
                    priority=priority,
                    daily_cap=daily_cap,
                    starts_on=starts_on,
                )
            )


def add_staff(session: Session, username: str, display_name: str, role: Role, *, now: datetime) -> str:
    """Add somebody who may sign in; their password, which is shown once and kept nowhere."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    session.add(Staff(username=username, display_name=display_name, role=role, password_hash=hash_password(password)))
    return password
