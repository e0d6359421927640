"""Who may speak for a resident: a family member at a phone, for one policy, as long as the mandate is in force."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.resident import Mandate


@dataclass(frozen=True)
class InForce:
    mandate_id: int
    resident_id: int
    policy_id: str
    phone_id: int
    relation: str


def mandates_in_force(
    session: Session, *, now: datetime, resident_ids: Collection[int] = (), phone_ids: Collection[int] = ()
) -> list[InForce]:
    """Those of these residents, and those held at these phones; neither expired nor revoked."""
    rows = session.scalars(
        select(Mandate)
        .where(
            or_(Mandate.resident_id.in_(resident_ids), Mandate.phone_id.in_(phone_ids)),
            Mandate.phone_id.is_not(None),
            Mandate.granted_at <= now,
            Mandate.expires_at > now,
            Mandate.revoked_at.is_(None),
        )
        .order_by(Mandate.id)
    )
    return [
        InForce(row.id, row.resident_id, row.policy_id, row.phone_id, row.relation)
        for row in rows
        if row.phone_id is not None
    ]
