"""Links to the chat page: one resident's, expiring, revocable; the token is in the address and its hash is here."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.chat import ChatLink
from models.resident import Resident
from models.vocabulary import PhoneState
from scheduler.planning.chat_links import LINK_LASTS, token_digest

TOKEN_BYTES = 16


class LinkRefused(Exception):  # noqa: N818
    """This resident can't be given a link; says why."""


def make_link(
    session: Session, resident: Resident, *, by: str, now: datetime, lasts: timedelta = LINK_LASTS
) -> tuple[ChatLink, str]:
    """A new link and its token, which is kept nowhere.

    Raises:
        LinkRefused: nobody could say who they are on it, or it would belong to no conversation.
    """
    if resident.birth_date is None:
        raise LinkRefused("no birth date is known, so nobody could say who they are")
    usable = [owned.phone_id for owned in resident.phones if owned.phone.state is not PhoneState.QUARANTINED]
    if not usable:
        raise LinkRefused("there is no phone whose conversation it could join")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link = ChatLink(
        token_hash=token_digest(token),
        resident_id=resident.id,
        phone_id=usable[0],
        created_at=now,
        created_by=by,
        expires_at=now + lasts,
    )
    session.add(link)
    session.flush()
    return link, token


def find_link(session: Session, token: str, *, now: datetime) -> ChatLink | None:
    """The link of this token, as long as it leads anywhere. A locked one is found: whoever is in, stays in."""
    link = session.scalar(select(ChatLink).where(ChatLink.token_hash == token_digest(token)))
    return link if link is not None and leads_somewhere(link, now=now) else None


def leads_somewhere(link: ChatLink, *, now: datetime) -> bool:
    return link.revoked_at is None and now < link.expires_at


def revoke_link(link: ChatLink, *, now: datetime) -> None:
    """From here on it leads nowhere, and closes the pages that were opened with it."""
    link.revoked_at = link.revoked_at or now
