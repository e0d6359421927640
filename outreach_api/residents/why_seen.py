"""Why somebody was or was not contacted, as far as who looks may see it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models.vocabulary import Reach
from outreach_api.privacy.sight import current_sight
from scheduler.planning.why import Fact, Why, why_resident

OF_NO_ITEM = frozenset({Fact.STOPPED, Fact.STOP_RELEASED})
"""A stop holds for every department."""


def why_seen(session: Session, resident_id: int, now: datetime, zone: ZoneInfo) -> list[Why]:
    """All of it; to a department what is about its own items, and that they are not to be contacted.

    What is narrowed away leaves a contact without an item: another department's, which is not there for this one.
    """
    facts = why_resident(session, resident_id, now, zone)
    if current_sight().reach is not Reach.DEPARTMENT:
        return facts
    return [one for one in facts if one.policy_ids or one.fact in OF_NO_ITEM]
