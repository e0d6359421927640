"""Which record stands for somebody who had two."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.resident import Resident


def standing_for(session: Session, found: Iterable[Resident]) -> list[Resident]:
    """These residents, a merged one replaced by the one that stands for it; each once, in the same order."""
    ids = dict.fromkeys(one.merged_into_id or one.id for one in found)
    kept = {one.id: one for one in session.scalars(select(Resident).where(Resident.id.in_(ids)))}
    return [kept[number] for number in ids]
