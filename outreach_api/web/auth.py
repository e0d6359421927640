"""Sign-in of staff: password, session, lock-out.

Sessions are about a person at a browser, so they run on the real clock even where a rehearsal turns a virtual one.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models.ciphers import keyed_digests
from models.column_types import key_ring
from models.event import AuditEntry
from models.session import Sessions
from models.staff import Staff, StaffSession
from models.vocabulary import Role
from outreach_api.privacy.sight import WHOLE, Sight
from outreach_api.settings import Settings
from outreach_api.web.second_factor import passes

SHORTEST_PASSWORD = 10
FAILURES_BEFORE_LOCK = 5
LONGEST_LOCK = timedelta(hours=1)
SEEN_EVERY = timedelta(minutes=1)
CHECKS_AT_ONCE = 4
_hasher = PasswordHasher()
_CHECKING = BoundedSemaphore(CHECKS_AT_ONCE)


class Visit(StrEnum):
    """Who asked for a page: a person, or the page itself, which then is no sign of life."""

    BY_PERSON = "by_person"
    BY_PAGE = "by_page"


class SignInRefused(Exception):  # noqa: N818
    """Wrong name or password, or locked: which of them is told to nobody."""


@dataclass(frozen=True)
class SignedIn:
    """Who is at the browser."""

    staff_id: int
    session_id: int
    display_name: str
    role: Role
    locale: str
    csrf: str
    sight: Sight = WHOLE
    two_factors: bool = False
    """Whether they showed both when they signed in."""
    password_until: datetime | None = None
    """When the password that somebody gave them ends."""

    @property
    def actor(self) -> str:
        return f"staff:{self.staff_id}"


def hash_password(password: str) -> str:
    """Argon2id hash.

    Raises:
        ValueError: too short.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"a password has at least {SHORTEST_PASSWORD} characters")
    return _hasher.hash(password)


def sign_in(sessions: Sessions, username: str, password: str, *, code: str = "", now: datetime) -> str:
    """Open a session; its token, of which only the hash is kept. `code` is that of a second factor.

    Who has a factor gives its code. Who has none opens a session of one factor: what that opens is for the role to say.

    An unknown name costs as much time as a wrong password. From the fifth failure on the name is locked, for a minute
    at first, then twice as long each time, up to an hour.

    Raises:
        SignInRefused: for whatever reason.
    """
    with sessions.read() as session:
        found = session.execute(select(Staff.id, Staff.password_hash).where(Staff.username == username)).first()
    # The hash takes long by design, so no transaction is open meanwhile.
    is_right = _matches(found.password_hash if found else _nobodys_hash(), password)
    with sessions.write() as session:
        staff = session.get(Staff, found.id, with_for_update=True) if found else None
        token = _try(session, staff, code, is_right=is_right, now=now)
    if token is None:
        raise SignInRefused
    return token


def sign_in_vouched(sessions: Sessions, username: str, *, two_factors: bool = False, now: datetime) -> str:
    """Open a session for whom a provider of identities vouches; an account is found, never made.

    `two_factors` is whether the provider says that it asked for both.

    Raises:
        SignInRefused: there is no account of this name, or it is closed.
    """
    with sessions.write() as session:
        staff = session.scalar(select(Staff).where(Staff.username == username).with_for_update())
        is_open = staff is not None and staff.disabled_at is None
        token = open_session(session, staff, two_factors=two_factors, now=now) if staff and is_open else None
        if token is None:
            subject = f"staff:{staff.id}" if staff else "unknown"
            session.add(AuditEntry(at=now, actor="nobody", action="sign_in.refused", subject=subject))
    if token is None:
        raise SignInRefused
    return token


def resume(sessions: Sessions, token: str, settings: Settings, *, now: datetime, visit: Visit) -> SignedIn | None:
    """Who the token belongs to, unless the session has ended, idled out or grown too old.

    What a page fetches by itself is not activity: a screen left alone signs out.
    """
    with sessions.read() as session:
        query = select(StaffSession).options(joinedload(StaffSession.staff))
        found = session.scalars(query.where(StaffSession.token_hash == _token_hash(token))).first()
        if found is None or not _is_alive(found, settings, now):
            return None
        staff = found.staff
        signed_in = SignedIn(
            staff.id,
            found.id,
            staff.display_name,
            staff.role,
            staff.locale,
            _csrf(token),
            Sight.of(staff),
            found.two_factors,
            staff.password_until,
        )
        unseen_for = now - found.last_seen_at
    if visit is Visit.BY_PERSON and unseen_for >= SEEN_EVERY:
        with sessions.write() as session:
            session.get_one(StaffSession, signed_in.session_id).last_seen_at = now
    return signed_in


def knows_password(sessions: Sessions, viewer: SignedIn, password: str, *, now: datetime) -> bool:
    """Whether who sits at a signed-in browser is its owner; wrong guesses count like those of a sign-in."""
    with sessions.read() as session:
        password_hash = session.scalar(select(Staff.password_hash).where(Staff.id == viewer.staff_id)) or ""
    is_right = _matches(password_hash, password)
    with sessions.write() as session:
        staff = session.get_one(Staff, viewer.staff_id, with_for_update=True)
        if is_locked(staff, now):
            return False
        if not is_right:
            count_failure(staff, now)
            subject = f"staff:{staff.id}"
            session.add(AuditEntry(at=now, actor=viewer.actor, action="password.refused", subject=subject))
    return is_right


def open_sessions(session: Session, staff_id: int, settings: Settings, *, now: datetime) -> list[StaffSession]:
    """Somebody's sessions that go on, the newest first."""
    query = select(StaffSession).options(joinedload(StaffSession.staff)).order_by(StaffSession.id.desc())
    theirs = session.scalars(query.where(StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None)))
    return [one for one in theirs if _is_alive(one, settings, now)]


def end_sessions(session: Session, viewer: SignedIn, session_ids: Collection[int], *, now: datetime) -> int:
    """End sessions of one's own; how many. Those of others are none."""
    mine = (StaffSession.staff_id == viewer.staff_id, StaffSession.id.in_(session_ids), StaffSession.ended_at.is_(None))
    ended = session.scalars(select(StaffSession).where(*mine)).all()
    for one in ended:
        one.ended_at = now
    if ended:
        facts = {"sessions": [one.id for one in ended]}
        subject = f"staff:{viewer.staff_id}"
        session.add(AuditEntry(at=now, actor=viewer.actor, action="session.end", subject=subject, facts=facts))
    return len(ended)


def sign_out(sessions: Sessions, signed_in: SignedIn, *, now: datetime) -> None:
    with sessions.write() as session:
        end_session(session, signed_in, now=now)


def end_session(session: Session, signed_in: SignedIn, *, now: datetime) -> None:
    session.get_one(StaffSession, signed_in.session_id).ended_at = now


def same_secret(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _try(session: Session, staff: Staff | None, code: str, *, is_right: bool, now: datetime) -> str | None:
    if staff is not None and staff.disabled_at is None and not is_locked(staff, now):
        is_over = staff.password_until is not None and now >= staff.password_until
        has_factor = staff.totp_secret is not None
        if is_right and not is_over and (not has_factor or passes(session, staff, code, now=now)):
            return open_session(session, staff, two_factors=has_factor, now=now)
        count_failure(staff, now)
    subject = f"staff:{staff.id}" if staff else "unknown"
    session.add(AuditEntry(at=now, actor="nobody", action="sign_in.refused", subject=subject))
    return None


def open_session(session: Session, staff: Staff, *, two_factors: bool, now: datetime) -> str:
    """A new session and its token; failures before it are forgotten."""
    token = secrets.token_urlsafe(32)
    staff.failed_sign_ins = 0
    staff.locked_until = None
    opened = StaffSession(
        token_hash=_token_hash(token), staff_id=staff.id, created_at=now, last_seen_at=now, two_factors=two_factors
    )
    session.add(opened)
    who, facts = f"staff:{staff.id}", {"factors": 2 if two_factors else 1}
    session.add(AuditEntry(at=now, actor=who, action="sign_in", subject=who, facts=facts))
    return token


def count_failure(staff: Staff, now: datetime) -> None:
    """Note a wrong password or code; from the fifth on the name is locked."""
    staff.failed_sign_ins += 1
    beyond = staff.failed_sign_ins - FAILURES_BEFORE_LOCK
    if beyond >= 0:
        staff.locked_until = now + min(timedelta(minutes=2 ** min(beyond, 10)), LONGEST_LOCK)


def is_locked(staff: Staff, now: datetime) -> bool:
    """Whether nothing that they give counts for now."""
    return staff.locked_until is not None and now < staff.locked_until


def _is_alive(found: StaffSession, settings: Settings, now: datetime) -> bool:
    if found.ended_at is not None or found.staff.disabled_at is not None:
        return False
    idles_at = found.last_seen_at + timedelta(minutes=settings.session_idle_minutes)
    ends_at = found.created_at + timedelta(hours=settings.session_hours)
    return now < min(idles_at, ends_at)


def _matches(password_hash: str, password: str) -> bool:
    """Each check takes 64 MB while it lasts: those that come at once wait for one another."""
    with _CHECKING:
        try:
            return _hasher.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))


def _token_hash(token: str) -> str:
    return key_ring().token_digest(token)


def _csrf(token: str) -> str:
    return keyed_digests(token.encode(), key_ring().hash)(b"csrf").hex()
