"""Bearer tokens of other systems and what each may do."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.staff import ApiToken
from outreach_api.web.house import house_of


class Scope(StrEnum):
    """What a token may do: send files, or work the queue."""

    FEEDS = "feeds"
    CASES = "cases"


class TokenRefused(Exception):  # noqa: N818
    """No token, one we don't know, or one that may not do this."""

    def __init__(self, message: str, *, known: bool = False) -> None:
        super().__init__(message)
        self.known = known


class UnknownTeam(LookupError):  # noqa: N818
    """There is no team of that code."""


def add_token(session: Session, name: str, *, scopes: Sequence[str], now: datetime) -> str:
    """Add a token and give its text, which is kept nowhere.

    Raises:
        ValueError: a scope does not exist.
    """
    allowed = [Scope(scope).value for scope in scopes]
    token = secrets.token_urlsafe(32)
    session.add(ApiToken(name=name, token_hash=_digest(token), scopes=allowed, created_at=now))
    return token


def scoped(scope: Scope) -> Callable[[Request], str]:
    """A dependency that lets a token with this scope pass, and says whose it is."""

    def bearer(request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused("send Authorization: Bearer with a token of this installation")
        with house_of(request).sessions.read() as session:
            query = select(ApiToken).where(ApiToken.token_hash == _digest(token.strip()), ApiToken.revoked_at.is_(None))
            found = session.scalars(query).first()
            if found is None:
                raise TokenRefused("this token is not known or was revoked")
            if scope not in found.scopes:
                raise TokenRefused(f"this token lacks the scope {scope.value}", known=True)
            return f"api:{found.name}"

    return bearer


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


CaseWorker = Annotated[str, Depends(scoped(Scope.CASES))]
FeedSender = Annotated[str, Depends(scoped(Scope.FEEDS))]
