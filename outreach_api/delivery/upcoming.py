"""When the sender next has something to do: the rehearsal's clock jumps there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from models.contact import Contact, Receipt
from models.session import Sessions
from models.vocabulary import Channel, ContactState
from outreach_api.delivery.claim import is_deliverable
from outreach_api.delivery.reconcile import next_reconcile_at


def next_delivery_at(sessions: Sessions, *, channels: Collection[Channel], now: datetime) -> datetime | None:
    """The next instant at which a contact is due or expires, a receipt waits, or something unknown can be settled.

    What is overdue counts as now; what a pause holds back does not count until it expires.
    """
    with sessions.read() as session:
        planned = (Contact.state == ContactState.PLANNED, Contact.channel.in_(channels))
        due = func.min(Contact.due_at, type_=Contact.due_at.type)
        ends = func.min(Contact.expires_at, type_=Contact.expires_at.type)
        instants = [
            session.scalar(select(due).where(*planned, is_deliverable(session))),
            session.scalar(select(ends).where(*planned)),
            next_reconcile_at(session),
            now if session.scalar(select(Receipt.id).where(Receipt.applied_at.is_(None)).limit(1)) else None,
        ]
    known = [instant for instant in instants if instant is not None]
    return max(min(known), now) if known else None
