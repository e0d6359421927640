"""Who may speak for a resident: a family member at a phone, for one policy, as long as the mandate is in force."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from models.resident import Mandate


@dataclass(frozen=True)
class InForce:
    mandate_id: int
    resident_id: int
    policy_id: str
    phone_id: int
    relation: str


# Kept: it is asked at every turn of every talk, and to put it together takes as long as to answer it.
_IN_FORCE = (
    select(Mandate)
    .where(
        or_(
            Mandate.resident_id.in_(bindparam("resident_ids", expanding=True)),
            Mandate.phone_id.in_(bindparam("phone_ids", expanding=True)),
        ),
        Mandate.phone_id.is_not(None),
        Mandate.granted_at <= bindparam("now"),
        Mandate.expires_at > bindparam("now"),
        Mandate.revoked_at.is_(None),
    )
    .order_by(Mandate.id)
)


def mandates_in_force(
    session: Session, *, now: datetime, resident_ids: Collection[int] = (), phone_ids: Collection[int] = ()
) -> list[InForce]:
    """Those of these residents, and those held at these phones; neither expired nor revoked."""
    given = {"resident_ids": list(resident_ids), "phone_ids": list(phone_ids), "now": now}
    rows = session.scalars(_IN_FORCE, given)
    return [
        InForce(row.id, row.resident_id, row.policy_id, row.phone_id, row.relation)
        for row in rows
        if row.phone_id is not None
    ]
