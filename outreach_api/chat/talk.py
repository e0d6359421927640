"""The talk as its page shows it: lines since the last one seen, and how things stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from models.chat import ChatLink, ChatVisit
from models.conversation import Conversation, Inbound, Message
from models.resident import Phone, ResidentPhone
from models.vocabulary import Author, Channel, Direction, InboundState
from scheduler.planning.stops import standing_stop

PROVIDER = "chat"
MOST_LINES = 60
_UNSETTLED = (InboundState.PENDING, InboundState.PROCESSING)


@dataclass(frozen=True)
class Page:
    """Whose page it is; values that hold for as long as it is open."""

    link_id: int
    visit_id: int
    resident_id: int
    phone_id: int


def reference(link_id: int, client_id: str) -> str:
    """What makes a message of a page one message, however often it is sent."""
    return f"{link_id}:{client_id}"


def lines_since(session: Session, page: Page, last_seen: int) -> list[dict[str, Any]]:
    """The newest lines after `last_seen`, oldest first.

    On a phone that several share only what was said on this resident's pages is shown: the rest may be another's.
    """
    rows = session.execute(
        select(Message, Inbound.provider_ref, Inbound.provider)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .outerjoin(Inbound, Inbound.id == Message.inbound_id)
        .where(Conversation.phone_id == page.phone_id, Message.id > last_seen, *_own(session, page))
        .order_by(Message.id.desc())
        .limit(MOST_LINES)
    ).all()
    return [_line(message, ref if provider == PROVIDER else None) for message, ref, provider in reversed(rows)]


def _own(session: Session, page: Page) -> tuple[ColumnElement[bool], ...]:
    owners = session.scalar(select(func.count()).where(ResidentPhone.phone_id == page.phone_id))
    if owners == 1:
        return ()
    visits = select(ChatVisit.id).join(ChatLink, ChatLink.id == ChatVisit.link_id)
    here = Inbound.chat_visit_id.in_(visits.where(ChatLink.resident_id == page.resident_id))
    greeted = Message.shown.is_not(None) & Message.inbound_id.is_(None)
    return (or_(here, greeted & (Conversation.resident_id == page.resident_id)),)


def _line(message: Message, ref: str | None) -> dict[str, Any]:
    incoming = message.direction is Direction.IN
    line: dict[str, Any] = {
        "id": message.id,
        "at": message.at.isoformat(),
        "by": "me" if incoming else "staff" if message.author is Author.STAFF else "us",
        "channel": message.channel.value,
        "text": message.text,
    }
    if incoming and ref:
        line["client_id"] = ref.partition(":")[2]
    if message.author is Author.SYSTEM:
        line["by"] = "system"
    if message.shown:
        line["shown"] = message.shown
    return line


def standing(session: Session, page: Page) -> dict[str, Any]:
    """What waits for an answer, whether a person has the talk, and whether a stop stands."""
    phone = session.get_one(Phone, page.phone_id)
    waiting = session.execute(
        select(Inbound.provider_ref, Inbound.text).where(
            Inbound.sender_index == phone.number_index,
            Inbound.state.in_(_UNSETTLED),
            Inbound.chat_visit_id == page.visit_id,
        )
    )
    talk = session.scalar(
        select(Conversation.taken_over_by)
        .where(Conversation.phone_id == page.phone_id)
        .order_by(Conversation.id.desc())
        .limit(1)
    )
    visit = session.get_one(ChatVisit, page.visit_id)
    return {
        "waiting": [{"client_id": ref.partition(":")[2], "text": text} for ref, text in waiting],
        "staff": talk is not None,
        "stopped": bool(standing_stop(session, resident_id=page.resident_id, phone_id=page.phone_id)),
        "relation": visit.relation,
        "real_name": visit.real_name,
    }


def written_of_late(session: Session, phone: Phone, *, now: datetime) -> int:
    """How much was written on the pages of this phone in the last minute."""
    here = (Inbound.sender_index == phone.number_index, Inbound.provider == PROVIDER)
    lately = Inbound.received_at > now - timedelta(minutes=1)
    return session.scalar(select(func.count()).select_from(Inbound).where(*here, lately)) or 0


def inbound_row(
    page: Page, phone: Phone, client_id: str, text: str, button: str | None, now: datetime
) -> dict[str, Any]:
    """What was written on a page, as a row of the inbox that all channels share."""
    return {
        "provider": PROVIDER,
        "provider_ref": reference(page.link_id, client_id),
        "channel": Channel.CHAT,
        "sender": phone.number,
        "sender_index": phone.number_index,
        "recipient": PROVIDER,
        "text": text,
        "received_at": now,
        "due_at": now,
        "chat_visit_id": page.visit_id,
        "button": button,
    }
