"""Bearer tokens of other systems and what each may do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import select

from models.staff import ApiToken
from outreach_api.web.house import house_of


class Scope(StrEnum):
    CASES_READ = "cases:read"
    CASES_WORK = "cases:work"
    FEEDS_WRITE = "feeds:write"


class TokenRefused(Exception):  # noqa: N818
    """No token, one we don't know, or one that may not do this."""

    def __init__(self, message: str, *, known: bool = False) -> None:
        super().__init__(message)
        self.known = known


class UnknownTeam(LookupError):  # noqa: N818
    """There is no team of that code."""


def scoped(scope: Scope) -> Callable[[Request], str]:
    """A dependency that lets a token with this scope pass, and says whose it is."""

    def bearer(request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused("send Authorization: Bearer with a token of this installation")
        digest = hashlib.sha256(token.strip().encode()).hexdigest()
        with house_of(request).sessions.read() as session:
            query = select(ApiToken).where(ApiToken.token_hash == digest, ApiToken.revoked_at.is_(None))
            found = session.scalars(query).first()
        if found is None:
            raise TokenRefused("this token is not known or was revoked")
        if scope not in found.scopes:
            raise TokenRefused(f"this token lacks the scope {scope.value}", known=True)
        return f"api:{found.name}"

    return bearer


CaseReader = Annotated[str, Depends(scoped(Scope.CASES_READ))]
CaseWorker = Annotated[str, Depends(scoped(Scope.CASES_WORK))]
FeedSender = Annotated[str, Depends(scoped(Scope.FEEDS_WRITE))]
