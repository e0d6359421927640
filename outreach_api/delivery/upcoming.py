"""When the sender next has something to do: the rehearsal's clock jumps there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from models.asking import AnyColumns, ask, ids
from models.contact import Contact, Receipt
from models.session import Sessions
from models.vocabulary import Channel, ContactState
from outreach_api.delivery.claim import held_back
from outreach_api.delivery.lanes import ANSWERS
from outreach_api.delivery.reconcile import next_reconcile_at


def next_delivery_at(sessions: Sessions, *, channels: Collection[Channel], now: datetime) -> datetime | None:
    """The next instant at which a contact is due or expires, a receipt waits, or something unknown can be settled.

    What is overdue counts as now; what a pause holds back does not count until it expires.
    """
    with sessions.read() as session:
        held = held_back(session)
        due = _due(held_everything=held is None)
        given = {} if held is None else {"held": list(held)}
        instants = [
            ask(session, due, channels=list(channels), **given).scalar(),
            *_ends_and_receipts(session, channels, now),
            next_reconcile_at(session),
        ]
    known = [instant for instant in instants if instant is not None]
    return max(min(known), now) if known else None


def _ends_and_receipts(session: Session, channels: Collection[Channel], now: datetime) -> list[datetime | None]:
    ends, receipts = ask(session, _others(), channels=list(channels)).one()
    return [ends, now if receipts else None]


@cache
def _due(*, held_everything: bool) -> AnyColumns:
    """The earliest due contact that no pause holds back. Answers are never held."""
    due = select(func.min(Contact.due_at, type_=Contact.due_at.type)).where(*_planned())
    answers = Contact.purpose.in_(ANSWERS)
    if held_everything:
        return due.where(answers)
    return due.where(or_(answers, Contact.campaign_id.is_(None), Contact.campaign_id.not_in(ids("held"))))


@cache
def _others() -> AnyColumns:
    ends = select(func.min(Contact.expires_at, type_=Contact.expires_at.type)).where(*_planned())
    return select(ends.scalar_subquery(), exists().where(Receipt.applied_at.is_(None)))


def _planned() -> tuple[ColumnElement[bool], ...]:
    return (Contact.state == ContactState.PLANNED, Contact.channel.in_(ids("channels")))
