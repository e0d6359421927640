"""What waits right now, and when something next will, each in one look: an idle house must cost next to nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, exists, func, or_, select

from models.asking import AnyColumns, ask, ids
from models.contact import Contact, Receipt
from models.conversation import ContactStop, Inbound
from models.session import Sessions
from models.vocabulary import Channel, ContactState, InboundState
from outreach_api.delivery.claim import held_back
from outreach_api.delivery.lanes import ANSWERS
from outreach_api.delivery.reconcile import BETWEEN_LISTINGS, FIRST_LISTING_AFTER, last_listed, last_unlisted


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
        receipts, inbound, contacts, listed, unlisted, last_stop_at = ask(session, _query(), now=now).one()
    settled_at = _reconcile_at(listed, unlisted)
    unsettled = settled_at is not None and settled_at <= now
    return Due(bool(receipts), bool(inbound), bool(contacts), unsettled, last_stop_at)


def next_work_at(sessions: Sessions, *, channels: Collection[Channel], now: datetime) -> datetime | None:
    """The next instant at which a message waits for its answer, a contact is due or expires, a receipt waits, or
    something unknown can be settled: the rehearsal's clock jumps there.

    What is overdue counts as now; what a pause holds back does not count until it expires.
    """
    with sessions.read() as session:
        held = held_back(session)
        given = {} if held is None else {"held": list(held)}
        upcoming = _upcoming(held_everything=held is None)
        inbound, contact, end, receipts, *open_ones = ask(session, upcoming, channels=list(channels), **given).one()
    instants = [inbound, contact, end, now if receipts else None, _reconcile_at(*open_ones)]
    known = [instant for instant in instants if instant is not None]
    return max(min(known), now) if known else None


def _reconcile_at(listed: datetime | None, unlisted: datetime | None) -> datetime | None:
    """When there is next something to free or to list."""
    instants = [listed and listed + BETWEEN_LISTINGS, unlisted and unlisted + FIRST_LISTING_AFTER]
    return min((instant for instant in instants if instant is not None), default=None)


@cache
def _query() -> Select[bool, bool, bool, datetime | None, datetime | None, datetime | None]:
    """Kept: it is asked at every look, and to put it together takes longer than to answer it."""
    now = bindparam("now", type_=Contact.due_at.type)
    answerable = or_(Inbound.state == InboundState.PENDING, Inbound.state == InboundState.PROCESSING)
    return select(
        _any_receipt(),
        exists().where(answerable, Inbound.due_at <= now),
        exists().where(Contact.state == ContactState.PLANNED, or_(Contact.due_at <= now, Contact.expires_at <= now)),
        last_listed(),
        last_unlisted(),
        select(ContactStop.placed_at).order_by(ContactStop.id.desc()).limit(1).scalar_subquery(),
    )


@cache
def _upcoming(*, held_everything: bool) -> AnyColumns:
    inbound = select(func.min(Inbound.due_at, type_=Inbound.due_at.type)).where(Inbound.state == InboundState.PENDING)
    ends = select(func.min(Contact.expires_at, type_=Contact.expires_at.type)).where(*_planned())
    due = _due(held_everything=held_everything)
    return select(
        inbound.scalar_subquery(), due, ends.scalar_subquery(), _any_receipt(), last_listed(), last_unlisted()
    )


def _due(*, held_everything: bool) -> ScalarSelect[datetime]:
    """The earliest due contact that no pause holds back. Answers are never held."""
    due = select(func.min(Contact.due_at, type_=Contact.due_at.type)).where(*_planned())
    answers = Contact.purpose.in_(ANSWERS)
    if held_everything:
        return due.where(answers).scalar_subquery()
    held = or_(answers, Contact.campaign_id.is_(None), Contact.campaign_id.not_in(ids("held")))
    return due.where(held).scalar_subquery()


def _planned() -> tuple[ColumnElement[bool], ...]:
    return (Contact.state == ContactState.PLANNED, Contact.channel.in_(ids("channels")))


def _any_receipt() -> ColumnElement[bool]:
    return exists().where(Receipt.applied_at.is_(None))
