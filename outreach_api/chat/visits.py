"""Opening the page: surname and birth month in a few tries, or a real-name sign-in (rule 6).

What is then kept in the browser is a secret that opens this link only.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.chat import ChatLink, ChatVisit
from models.crypto import KeyRing
from models.id_number import IdNumberFault, parse_id_number
from models.resident import Resident
from models.vocabulary import CaseKind, CaseReason
from outreach_api.cases.open_case import open_case
from outreach_api.chat.links import leads_somewhere
from outreach_api.conversations.speaking import fits_resident
from scheduler.planning.chat_links import token_digest

TRIES = 3
VISIT_LASTS = timedelta(hours=12)
STILL_OPEN = timedelta(minutes=3)
"""A page is taken for open so long after it was last known to be."""


class Denied(StrEnum):
    WRONG = "wrong"
    LOCKED = "locked"
    ANOTHER = "another"
    """Somebody else is signed in than the link belongs to."""


def open_visit(
    session: Session, link: ChatLink, *, surname: str, month: int, relation: str | None, now: datetime
) -> tuple[ChatVisit, str] | Denied:
    """A visit and its secret, if that is the resident. The third failure locks the link, and a person looks."""
    locked = session.scalars(select(ChatLink).where(ChatLink.id == link.id).with_for_update()).one()
    if locked.locked_at is not None:
        return Denied.LOCKED
    resident = session.get_one(Resident, locked.resident_id)
    if not fits_resident(resident, surname=surname, month=month):
        return _failed(session, locked, now=now)
    locked.tries = 0
    return _let_in(session, locked, relation=relation, real_name=False, now=now)


def open_visit_by_real_name(
    session: Session, link: ChatLink, *, id_number: str, ring: KeyRing, now: datetime
) -> tuple[ChatVisit, str] | Denied:
    """A visit of whoever a provider of identities says has this number, if that is the resident.

    A link that was locked by wrong guesses opens too: nothing is guessed here.
    """
    resident = session.get_one(Resident, link.resident_id)
    parsed = parse_id_number(id_number, today=now.date())
    if isinstance(parsed, IdNumberFault):
        return Denied.WRONG
    if resident.id_number_index != ring.blind_index(parsed.text, kind="id_number"):
        return Denied.ANOTHER
    return _let_in(session, link, relation=None, real_name=True, now=now)


def _let_in(
    session: Session, link: ChatLink, *, relation: str | None, real_name: bool, now: datetime
) -> tuple[ChatVisit, str]:
    secret = secrets.token_urlsafe(24)
    visit = ChatVisit(
        link_id=link.id,
        secret_hash=token_digest(secret),
        relation=relation,
        real_name=real_name,
        opened_at=now,
        expires_at=min(now + VISIT_LASTS, link.expires_at),
        seen_at=now,
    )
    session.add(visit)
    session.flush()
    return visit, secret


def _failed(session: Session, link: ChatLink, *, now: datetime) -> Denied:
    link.tries += 1
    if link.tries < TRIES:
        return Denied.WRONG
    link.locked_at = now
    open_case(
        session, kind=CaseKind.HUMAN, reason=CaseReason.UNKNOWN_CALLER, now=now, resident_id=link.resident_id, by="chat"
    )
    return Denied.LOCKED


def resume_visit(session: Session, link: ChatLink, secret: str, *, now: datetime) -> ChatVisit | None:
    """The visit of the browser that has this secret; a secret of another link opens nothing here."""
    found = session.scalar(
        select(ChatVisit).where(ChatVisit.secret_hash == token_digest(secret), ChatVisit.link_id == link.id)
    )
    return found if found is not None and now < found.expires_at else None


def close_visit(visit: ChatVisit, *, now: datetime) -> None:
    visit.expires_at = now


def note_seen(session: Session, visit_ids: Collection[int], *, now: datetime) -> frozenset[int]:
    """Note that these pages are open; those among them that no longer may be."""
    session.execute(update(ChatVisit).where(ChatVisit.id.in_(visit_ids)).values(seen_at=now))
    rows = session.execute(
        select(ChatVisit, ChatLink).join(ChatLink, ChatLink.id == ChatVisit.link_id).where(ChatVisit.id.in_(visit_ids))
    )
    return frozenset(visit.id for visit, link in rows if now >= visit.expires_at or not leads_somewhere(link, now=now))


def is_page_open(session: Session, visit_id: int | None, *, now: datetime) -> bool:
    """Whether somebody would see at once what is written to this page."""
    visit = session.get(ChatVisit, visit_id) if visit_id is not None else None
    return visit is not None and now < visit.expires_at and now - visit.seen_at < STILL_OPEN
