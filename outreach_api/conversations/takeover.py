"""A person takes a conversation over: the bot is not called until it is handed back, and then goes on from there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from models.conversation import Conversation, Message
from models.vocabulary import Author, Channel, ContactPurpose, Direction
from outreach_api.delivery.outbox import Addressee, Rendered, queue_reply
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
    """Send a person's own words. On the phone nobody waits for them, so there they go as a text.

    Raises:
        MayNotWrite: a stop stands.
    """
    if standing_stop(session, resident_id=conversation.resident_id, phone_id=conversation.phone_id):
        raise MayNotWrite(f"a stop stands for conversation {conversation.id}")
    last = next((line for line in reversed(conversation.messages) if line.direction is Direction.IN), None)
    channel = Channel.CHAT if last is not None and last.channel is Channel.CHAT else Channel.SMS
    answered = inbound_id if inbound_id is not None else last.inbound_id if last is not None else None
    contact = queue_reply(
        session,
        Rendered("staff.words", text),
        Addressee(conversation.phone_id, conversation.resident_id, channel),
        purpose=ContactPurpose.REPLY,
        conversation_id=conversation.id,
        inbound_id=answered,
        now=now,
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
            contact_id=contact.id,
        )
    )
    conversation.last_at = now
    session.flush()
