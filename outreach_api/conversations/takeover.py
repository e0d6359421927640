"""A person takes a conversation over: the bot is not called until it is handed back, and then goes on from there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from models.conversation import Conversation, Inbound, Message
from models.vocabulary import Author, Channel, ContactPurpose, Direction
from outreach_api.chat.visits import is_page_open
from outreach_api.conversations.copy_deck import say
from outreach_api.delivery.outbox import Addressee, Rendered, queue_reply
from outreach_api.wechat.followers import ADDRESS
from scheduler.planning.stops import standing_stop


class InOtherHands(Exception):  # noqa: N818
    """Somebody else has this conversation, or nobody has."""


class MayNotWrite(Exception):  # noqa: N818
    """They asked not to be written to."""


def take_over(session: Session, conversation: Conversation, staff_id: int) -> None:
    """From here on the bot keeps quiet.

    Raises:
        InOtherHands: a colleague has it.
    """
    if conversation.taken_over_by not in (None, staff_id):
        raise InOtherHands(f"conversation {conversation.id} is in the hands of staff {conversation.taken_over_by}")
    conversation.taken_over_by = staff_id
    session.flush()


def hand_back(session: Session, conversation: Conversation, staff_id: int) -> None:
    """The assistant answers again, from where the conversation stands.

    Raises:
        InOtherHands: it is not this person's to hand back.
    """
    if conversation.taken_over_by != staff_id:
        raise InOtherHands(f"conversation {conversation.id} is not in the hands of staff {staff_id}")
    conversation.taken_over_by = None
    session.flush()


def write_as_staff(
    session: Session, conversation: Conversation, text: str, *, now: datetime, inbound_id: int | None = None
) -> None:
    """Send a person's own words: to the chat page while it is open, else as a text. Nobody waits for them on a call.

    Raises:
        MayNotWrite: a stop stands.
    """
    if standing_stop(session, resident_id=conversation.resident_id, phone_id=conversation.phone_id):
        raise MayNotWrite(f"a stop stands for conversation {conversation.id}")
    last = next((line for line in reversed(conversation.messages) if line.direction is Direction.IN), None)
    answered = inbound_id if inbound_id is not None else last.inbound_id if last is not None else None
    on_the_page = page_is_open(session, conversation, now=now)
    channel = Channel.CHAT if on_the_page or _came_by_wechat(session, last) else Channel.SMS
    contact = (
        None
        if on_the_page
        else queue_reply(
            session,
            Rendered("staff.words", text),
            Addressee(conversation.phone_id, conversation.resident_id, channel),
            purpose=ContactPurpose.REPLY,
            conversation_id=conversation.id,
            inbound_id=answered,
            now=now,
        )
    )
    session.add(
        Message(
            conversation_id=conversation.id,
            at=now,
            direction=Direction.OUT,
            author=Author.STAFF,
            channel=channel,
            text=text,
            inbound_id=answered,
            contact_id=contact.id if contact else None,
        )
    )
    conversation.last_at = now
    session.flush()


def page_is_open(session: Session, conversation: Conversation, *, now: datetime) -> bool:
    """Whether what is written now would be seen on the chat page: it is open, and was written on last."""
    last = next((line for line in reversed(conversation.messages) if line.direction is Direction.IN), None)
    if last is None or last.inbound_id is None or last.channel is not Channel.CHAT:
        return False
    return is_page_open(session, session.get_one(Inbound, last.inbound_id).chat_visit_id, now=now)


def tell_the_page(session: Session, conversation: Conversation, line: str, *, now: datetime) -> None:
    """Say on an open chat page who is there now."""
    if not page_is_open(session, conversation, now=now):
        return
    session.add(
        Message(
            conversation_id=conversation.id,
            at=now,
            direction=Direction.OUT,
            author=Author.SYSTEM,
            channel=Channel.CHAT,
            text=say(line).text,
        )
    )
    session.flush()


def _came_by_wechat(session: Session, last: Message | None) -> bool:
    if last is None or last.inbound_id is None or last.channel is not Channel.CHAT:
        return False
    return session.get_one(Inbound, last.inbound_id).sender.startswith(ADDRESS)
