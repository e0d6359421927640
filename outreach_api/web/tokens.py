"""Bearer tokens of other systems: what each may do, for whom, until when, how often."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models.column_types import key_ring
from models.event import AuditEntry
from models.staff import ApiToken, Staff
from models.undertaking import Undertaking
from models.vocabulary import Role, UndertakingKind
from outreach_api.privacy.sight import WHOLE, Sight
from outreach_api.privacy.undertakings import stands

MARK = "outreach_"
"""How every token begins, so that one that lies where it should not is recognised."""
PREFIX_CHARACTERS = len(MARK) + 6
USUAL_CALLS_A_MINUTE = 3000


class Scope(StrEnum):
    """What a token may do. `feeds` sends files, `cases` is a visiting team's system; the others are the console's."""

    FEEDS = "feeds"
    CASES = "cases"
    QUEUE_READ = "queue.read"
    QUEUE_WRITE = "queue.write"
    CONVERSATIONS_READ = "conversations.read"
    CONVERSATIONS_WRITE = "conversations.write"
    CAMPAIGNS_READ = "campaigns.read"
    CAMPAIGNS_WRITE = "campaigns.write"
    POLICIES_READ = "policies.read"
    POLICIES_WRITE = "policies.write"
    RESIDENTS_READ = "residents.read"
    RESIDENTS_REVEAL = "residents.reveal"
    RESIDENTS_WRITE = "residents.write"
    DESK_READ = "desk.read"
    DESK_WRITE = "desk.write"
    CARE_READ = "care.read"
    CARE_WRITE = "care.write"
    PLACES_READ = "places.read"
    PLACES_WRITE = "places.write"
    SURVEYS_READ = "surveys.read"
    SURVEYS_WRITE = "surveys.write"
    REPORTS_READ = "reports.read"
    REPORTS_EXPORT = "reports.export"
    STAFF_READ = "staff.read"
    STAFF_WRITE = "staff.write"
    SETTINGS_READ = "settings.read"
    SETTINGS_WRITE = "settings.write"
    AUDIT_READ = "audit.read"
    WEBHOOKS_READ = "webhooks.read"
    WEBHOOKS_WRITE = "webhooks.write"


class TokenRefused(Exception):  # noqa: N818
    """No token, one we don't know, or one that may not do this."""

    def __init__(self, message: str, *, known: bool = False) -> None:
        super().__init__(message)
        self.known = known


class TokenNotMade(ValueError):  # noqa: N818
    """There can be no such token; says why."""


class NoSuchToken(LookupError):  # noqa: N818
    """There is no token of that number that could be ended."""


class UnknownTeam(LookupError):  # noqa: N818
    """There is no team of that code."""


@dataclass(frozen=True)
class Terms:
    """What a new token is good for."""

    scopes: Sequence[str]
    staff_id: int | None = None
    expires_at: datetime | None = None
    calls_a_minute: int | None = None
    undertaking_id: int | None = None


@dataclass(frozen=True)
class Caller:
    """Whose request this is."""

    token_id: int
    name: str
    scopes: frozenset[str]
    calls_a_minute: int
    staff_id: int | None = None
    role: Role | None = None
    sight: Sight = WHOLE
    feed: str | None = None
    """The one feed it may send; none is any that its scope opens."""
    undertaking_id: int | None = None
    """The department's application that it rests on, which says how many rows it reads a day."""

    @property
    def actor(self) -> str:
        return f"api:{self.name}" if self.staff_id is None else f"staff:{self.staff_id}"


def add_token(session: Session, name: str, terms: Terms, *, now: datetime, by: str = "terminal") -> str:
    """Add a token and give its text, which is kept nowhere.

    Raises:
        TokenNotMade: a scope does not exist, its term is over already, its name is taken, or whom it is to act for
            works here no more.
    """
    unknown = sorted(set(terms.scopes) - set(Scope))
    if unknown or not terms.scopes:
        raise TokenNotMade(f"there is no scope {', '.join(unknown) or '(none)'}; there are {', '.join(Scope)}")
    if terms.expires_at is not None and terms.expires_at <= now:
        raise TokenNotMade("a token must not be over before it begins")
    if session.scalar(select(ApiToken.id).where(ApiToken.name == name)) is not None:
        raise TokenNotMade(f"the name {name} is taken")
    person = session.get(Staff, terms.staff_id) if terms.staff_id is not None else None
    if terms.staff_id is not None and (person is None or person.disabled_at is not None):
        raise TokenNotMade("whom it is to act for does not work here")
    _hold_to_undertaking(session, terms, now)
    token = MARK + secrets.token_urlsafe(32)
    row = ApiToken(
        name=name,
        token_hash=_digest(token),
        prefix=token[:PREFIX_CHARACTERS],
        scopes=sorted(set(terms.scopes)),
        staff_id=terms.staff_id,
        calls_a_minute=terms.calls_a_minute,
        created_at=now,
        expires_at=terms.expires_at,
        undertaking_id=terms.undertaking_id,
    )
    session.add(row)
    session.flush()
    facts = {"scopes": row.scopes, "staff": terms.staff_id}
    session.add(AuditEntry(at=now, actor=by, action="token.add", subject=f"token:{row.id}", facts=facts))
    return token


def check_it_is_undertaken(terms: Terms) -> None:
    """What a person who makes tokens is held to: a system that acts for nobody is a department's own use, or a feed.

    Visiting teams' systems are the house's own.

    Raises:
        TokenNotMade: it rests on no application.
    """
    if terms.staff_id is None and terms.undertaking_id is None and set(terms.scopes) - {Scope.CASES}:
        raise TokenNotMade("a system that acts for nobody takes an approved application: name it, or for whom it acts")


def revoke_token(session: Session, name: str, *, now: datetime, by: str = "terminal") -> bool:
    """End a token at once; whether there was one to end."""
    found = session.scalar(select(ApiToken.id).where(ApiToken.name == name, ApiToken.revoked_at.is_(None)))
    if found is None:
        return False
    end_token(session, found, now=now, by=by)
    return True


def end_token(session: Session, token_id: int, *, now: datetime, by: str) -> ApiToken:
    """End a token at once.

    Raises:
        NoSuchToken: there is none of that number, or it has ended.
    """
    row = session.get(ApiToken, token_id)
    if row is None or row.revoked_at is not None:
        raise NoSuchToken(f"there is no token {token_id} to revoke")
    row.revoked_at = now
    session.add(AuditEntry(at=now, actor=by, action="token.revoke", subject=f"token:{row.id}"))
    return row


def tokens(session: Session) -> Sequence[ApiToken]:
    return session.scalars(select(ApiToken).options(joinedload(ApiToken.staff)).order_by(ApiToken.id)).all()


def caller_of(session: Session, token: str, *, now: datetime) -> Caller:
    """Who a token belongs to.

    Raises:
        TokenRefused: it is unknown, revoked or over, or whom it acts for works here no more.
    """
    query = select(ApiToken).options(joinedload(ApiToken.staff)).where(ApiToken.token_hash == _digest(token))
    found = session.scalars(query).first()
    if found is None or found.revoked_at is not None:
        raise TokenRefused("this token is not known or was revoked")
    if found.expires_at is not None and found.expires_at <= now:
        raise TokenRefused("this token's term is over")
    if found.staff is not None and found.staff.disabled_at is not None:
        raise TokenRefused("whom this token acts for works here no more")
    rests_on = session.get(Undertaking, found.undertaking_id) if found.undertaking_id else None
    if found.undertaking_id and not stands(rests_on, now):
        raise TokenRefused("the application this token rests on has ended")
    staff: Staff | None = found.staff
    return Caller(
        found.id,
        found.name,
        frozenset(found.scopes),
        found.calls_a_minute or USUAL_CALLS_A_MINUTE,
        staff.id if staff else None,
        staff.role if staff else None,
        Sight.of(staff),
        rests_on.subject if rests_on is not None and rests_on.kind is UndertakingKind.FEED else None,
        rests_on.id if rests_on is not None and rests_on.kind is UndertakingKind.DEPARTMENT_USE else None,
    )


def _hold_to_undertaking(session: Session, terms: Terms, now: datetime) -> None:
    """A department's token holds what was applied for and no more."""
    if terms.undertaking_id is None:
        return
    row = session.get(Undertaking, terms.undertaking_id)
    if row is None or not stands(row, now) or row.kind is UndertakingKind.BULK_VIEW:
        raise TokenNotMade(f"no application {terms.undertaking_id} of a feed or a department stands")
    granted = {Scope.FEEDS} if row.kind is UndertakingKind.FEED else set(row.fields)
    beyond = sorted(set(terms.scopes) - granted)
    if beyond:
        raise TokenNotMade(f"the application is not for {', '.join(beyond)}")


def _digest(token: str) -> str:
    return key_ring().token_digest(token)
