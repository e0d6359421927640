"""What was sent unasked belongs in the transcript too: staff read there what a resident was told, answered or not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import RowMapping, Select, func, select
from sqlalchemy.orm import Session

from models.asking import AnyColumns, ask, ids
from models.bulk import change_rows, insert_rows, insert_with_ids
from models.contact import Contact
from models.conversation import Conversation, Message
from models.resident import ResidentPhone
from models.session import lock_residents
from models.vocabulary import Author, Channel, Direction, Stage


def note_told(session: Session, contact_ids: Collection[int], *, now: datetime) -> None:
    """Write the contacts into the transcripts of their phones, once; a reply was written when it was queued.

    The conversation that this may begin is nobody's talk yet: only what a resident says counts as talking.
    """
    contacts = _untold(session, contact_ids)
    if not contacts:
        return
    lock_residents(session, {contact["resident_id"] for contact in contacts} - {None})
    talks = _talks(session, contacts, now=now)
    lines = [_line(contact, talks[contact["phone_id"]], now=now) for contact in contacts]
    insert_rows(session, Message, lines)
    joined = [{"id": contact["id"], "conversation_id": talks[contact["phone_id"]]} for contact in contacts]
    change_rows(session, Contact, joined)


def _untold(session: Session, contact_ids: Collection[int]) -> Sequence[RowMapping]:
    return ask(session, _written_by_us(), contacts=list(contact_ids)).mappings().all()


@cache
def _written_by_us() -> AnyColumns:
    told = select(Message.contact_id).where(Message.contact_id.in_(ids("contacts")))
    columns = (Contact.id, Contact.resident_id, Contact.phone_id, Contact.channel, Contact.sent_at, Contact.text)
    # A call tells nobody anything until somebody picks up: then it writes its own words.
    written = (Contact.channel != Channel.VOICE, Contact.id.not_in(told))
    return select(*columns).where(Contact.id.in_(ids("contacts")), *written).order_by(Contact.id)


def _talks(session: Session, contacts: Sequence[RowMapping], *, now: datetime) -> dict[int, int]:
    """The newest conversation of each phone, by phone; begun where there was none."""
    of_phone = {contact["phone_id"]: contact for contact in contacts}
    talks: dict[int, int] = dict(ask(session, _newest(), phones=list(of_phone)).all())
    silent = [phone_id for phone_id in of_phone if phone_id not in talks]
    if silent:
        shared = _shared(session, silent)
        begun = [_beginning(of_phone[phone_id], shared=phone_id in shared, now=now) for phone_id in silent]
        talks |= dict(zip(silent, insert_with_ids(session, Conversation, begun), strict=True))
    return talks


@cache
def _newest() -> Select[int, int]:
    newest = select(Conversation.phone_id, func.max(Conversation.id)).where(Conversation.phone_id.in_(ids("phones")))
    return newest.group_by(Conversation.phone_id)


def _shared(session: Session, phone_ids: Collection[int]) -> frozenset[int]:
    """Phones that are not one resident's: whom a talk there is with is not known until somebody says who they are."""
    return frozenset(phone_ids) - frozenset(ask(session, _owned_by_one(), phones=list(phone_ids)).scalars())


@cache
def _owned_by_one() -> Select[int]:
    query = select(ResidentPhone.phone_id).where(ResidentPhone.phone_id.in_(ids("phones")))
    return query.group_by(ResidentPhone.phone_id).having(func.count() == 1)


def _beginning(contact: RowMapping, *, shared: bool, now: datetime) -> dict[str, Any]:
    at = contact["sent_at"] or now
    return {
        "resident_id": None if shared else contact["resident_id"],
        "phone_id": contact["phone_id"],
        "stage": Stage.OPEN,
        "state": {},
        "started_at": at,
        "last_at": at,
        "version": 1,
    }


def _line(contact: RowMapping, conversation_id: int, *, now: datetime) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "at": contact["sent_at"] or now,
        "direction": Direction.OUT,
        "author": Author.ASSISTANT,
        "channel": contact["channel"],
        "text": contact["text"],
        "contact_id": contact["id"],
    }
