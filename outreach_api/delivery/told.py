"""What was sent unasked belongs in the transcript too: staff read there what a resident was told, answered or not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.contact import Contact
from models.conversation import Conversation, Message
from models.resident import ResidentPhone
from models.session import lock_resident
from models.vocabulary import Author, Direction


def note_told(session: Session, contact_id: int, *, now: datetime) -> None:
    """Write the contact into the transcript of its phone, once; a reply was written when it was queued.

    The conversation that this may begin is nobody's talk yet: only what a resident says counts as talking.
    """
    if session.scalar(select(Message.id).where(Message.contact_id == contact_id).limit(1)) is not None:
        return
    contact = session.get_one(Contact, contact_id)
    if contact.resident_id is not None:
        lock_resident(session, contact.resident_id)
    at = contact.sent_at or now
    talk = _newest_conversation(session, contact.phone_id) or _begin(session, contact, at)
    session.add(
        Message(
            conversation_id=talk.id,
            at=at,
            direction=Direction.OUT,
            author=Author.ASSISTANT,
            channel=contact.channel,
            text=contact.text,
            contact_id=contact.id,
        )
    )
    contact.conversation_id = talk.id
    session.flush()


def _newest_conversation(session: Session, phone_id: int) -> Conversation | None:
    query = select(Conversation).where(Conversation.phone_id == phone_id)
    return session.scalar(query.order_by(Conversation.id.desc()).limit(1))


def _begin(session: Session, contact: Contact, at: datetime) -> Conversation:
    """Whose phone several people share is not known until somebody says who they are."""
    sharing = session.scalar(
        select(func.count()).select_from(ResidentPhone).where(ResidentPhone.phone_id == contact.phone_id)
    )
    resident_id = contact.resident_id if sharing == 1 else None
    talk = Conversation(resident_id=resident_id, phone_id=contact.phone_id, started_at=at, last_at=at, state={})
    session.add(talk)
    session.flush()
    return talk
