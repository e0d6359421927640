"""What waits right now, in one look: an idle house must cost next to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, exists, or_, select

from models.asking import ask
from models.contact import Contact, Receipt
from models.conversation import ContactStop, Inbound
from models.session import Sessions
from models.vocabulary import ContactState, InboundState
from outreach_api.delivery.reconcile import next_reconcile_at


@dataclass(frozen=True)
class Due:
    receipts: bool
    inbound: bool
    contacts: bool
    unsettled: bool
    """Something sent is unknown or stuck, and can be looked into."""
    last_stop_at: datetime | None
    """When somebody last asked for silence."""


def look_for_due(sessions: Sessions, now: datetime) -> Due:
    """Whether receipts, residents' messages or contacts wait at `now`.

    A contact that a pause holds back counts as waiting: whether it may go is decided when it is claimed.
    """
    with sessions.read() as session:
        receipts, inbound, contacts, open_ones, last_stop_at = ask(session, _query(), now=now).one()
        settled_at = next_reconcile_at(session) if open_ones else None
    unsettled = settled_at is not None and settled_at <= now
    return Due(bool(receipts), bool(inbound), bool(contacts), unsettled, last_stop_at)


@cache
def _query() -> Select[bool, bool, bool, bool, datetime | None]:
    """Kept: it is asked at every look, and to put it together takes longer than to answer it."""
    now = bindparam("now", type_=Contact.due_at.type)
    answerable = (InboundState.PENDING, InboundState.PROCESSING)
    return select(
        exists().where(Receipt.applied_at.is_(None)),
        exists().where(Inbound.state.in_(answerable), Inbound.due_at <= now),
        exists().where(Contact.state == ContactState.PLANNED, or_(Contact.due_at <= now, Contact.expires_at <= now)),
        exists().where(Contact.state.in_((ContactState.SENDING, ContactState.UNKNOWN))),
        select(ContactStop.placed_at).order_by(ContactStop.id.desc()).limit(1).scalar_subquery(),
    )
