"""Each quarter a department looks at its items again and says that the cards still hold."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import AuditEntry
from models.policy import PolicyConfirmation
from scheduler.policies.card import PolicyCard

LONGEST_REMARK = 200


def quarter_of(day: date) -> str:
    """`2026Q4`."""
    return f"{day.year}Q{(day.month - 1) // 3 + 1}"


def confirmed_in(session: Session, quarter: str) -> dict[str, PolicyConfirmation]:
    """What was confirmed in a quarter, by item."""
    rows = session.scalars(select(PolicyConfirmation).where(PolicyConfirmation.quarter == quarter))
    return {row.policy_id: row for row in rows}


def confirm(session: Session, card: PolicyCard, *, remark: str, by: str, now: datetime, today: date) -> None:
    """Say for this quarter that the card holds. A second time in it, or for a later version, replaces the first."""
    quarter = quarter_of(today)
    row = confirmed_in(session, quarter).get(card.id)
    if row is None:
        row = PolicyConfirmation(
            policy_id=card.id, quarter=quarter, version=card.version, confirmed_by=by, confirmed_at=now
        )
        session.add(row)
    row.version, row.confirmed_by, row.confirmed_at = card.version, by, now
    row.remark = remark.strip()[:LONGEST_REMARK] or None
    facts = {"quarter": quarter, "version": card.version}
    session.add(AuditEntry(at=now, actor=by, action="policy.confirm", subject=f"policy:{card.id}", facts=facts))
