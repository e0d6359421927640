"""When the sender next has something to do: the rehearsal's clock jumps there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, exists, func, or_, select

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
        given = {} if held is None else {"held": list(held)}
        look = _look(held_everything=held is None)
        due, ends, receipts, is_open = ask(session, look, channels=list(channels), **given).one()
        instants = [due, ends, now if receipts else None, next_reconcile_at(session) if is_open else None]
    known = [instant for instant in instants if instant is not None]
    return max(min(known), now) if known else None


@cache
def _look(*, held_everything: bool) -> AnyColumns:
    """When the next is due, when the next expires, whether a receipt waits, and whether anything is unsettled."""
    ends = select(func.min(Contact.expires_at, type_=Contact.expires_at.type)).where(*_planned())
    unsettled = exists().where(Contact.state.in_((ContactState.SENDING, ContactState.UNKNOWN)))
    due = _due(held_everything=held_everything).scalar_subquery()
    return select(due, ends.scalar_subquery(), exists().where(Receipt.applied_at.is_(None)), unsettled)


def _due(*, held_everything: bool) -> AnyColumns:
    """The earliest due contact that no pause holds back. Answers are never held."""
    due = select(func.min(Contact.due_at, type_=Contact.due_at.type)).where(*_planned())
    answers = Contact.purpose.in_(ANSWERS)
    if held_everything:
        return due.where(answers)
    return due.where(or_(answers, Contact.campaign_id.is_(None), Contact.campaign_id.not_in(ids("held"))))


def _planned() -> tuple[ColumnElement[bool], ...]:
    return (Contact.state == ContactState.PLANNED, Contact.channel.in_(ids("channels")))
