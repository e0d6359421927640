"""Policies' names from the cards that are kept with the decisions: no card file is read for a report."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.policy import PolicyVersion


def policy_names(session: Session) -> dict[str, str]:
    """The short name of every policy that ever decided something, as its newest version says it."""
    rows = session.execute(select(PolicyVersion.policy_id, PolicyVersion.card).order_by(PolicyVersion.id))
    return {policy_id: str(card.get("short_name") or policy_id) for policy_id, card in rows}
