"""Queueing an answer to somebody who wrote: a row in the caller's transaction, sent after it commits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.contact import Contact
from models.vocabulary import Channel, ContactPurpose

# An answer that missed the evening still goes out the next morning, as a contact that keeps hours and budget.
REPLY_EXPIRES_AFTER = timedelta(hours=36)


@dataclass(frozen=True)
class Rendered:
    """A text ready to go, with the template it came from."""

    template_key: str
    text: str
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Addressee:
    phone_id: int
    resident_id: int | None
    channel: Channel


def queue_reply(
    session: Session,
    rendered: Rendered,
    to: Addressee,
    *,
    purpose: ContactPurpose,
    conversation_id: int | None,
    inbound_id: int | None,
    now: datetime,
) -> Contact:
    """Queue a reply or an acknowledgement of a stop: due at once, outside the contact budget.

    An acknowledgement passes the stop that it acknowledges; a reply does not.
    """
    contact = Contact(
        resident_id=to.resident_id,
        phone_id=to.phone_id,
        conversation_id=conversation_id,
        inbound_id=inbound_id,
        channel=to.channel,
        purpose=purpose,
        template_key=rendered.template_key,
        variables=rendered.variables,
        text=rendered.text,
        created_at=now,
        due_at=now,
        expires_at=now + REPLY_EXPIRES_AFTER,
    )
    session.add(contact)
    session.flush()
    return contact
