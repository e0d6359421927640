"""Links to the chat page in texts: the token is made from the contact's number with our key, and kept nowhere.

A text that is planned says where its link goes; the address itself is put in when it is handed to the carrier.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.chat import ChatLink
from models.column_types import key_ring
from models.contact import Contact

LINK_MARK = "〔链接〕"
INVITATION = f"点开链接也能问、也能办：{LINK_MARK}"
LINK_LASTS = timedelta(days=14)
TOKEN_LENGTH = 22
"""Of 128 bits in base64url."""


def token_of_contact(contact_id: int) -> str:
    """The same at every try, and not to be guessed without our key."""
    index = key_ring().blind_index(str(contact_id), kind="chat_link")
    return base64.urlsafe_b64encode(bytes.fromhex(index)).decode().rstrip("=")


def token_digest(token: str) -> str:
    return key_ring().token_digest(token)


def add_link_of_contact(session: Session, contact: Contact, *, now: datetime) -> None:
    """The link that a planned text carries; it counts from when the text is due."""
    if contact.resident_id is None:
        return
    session.add(
        ChatLink(
            token_hash=token_digest(token_of_contact(contact.id)),
            resident_id=contact.resident_id,
            phone_id=contact.phone_id,
            contact_id=contact.id,
            created_at=now,
            created_by="campaign",
            expires_at=contact.due_at + LINK_LASTS,
        )
    )
