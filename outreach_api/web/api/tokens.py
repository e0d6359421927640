"""The tokens of other systems: which there are, and ending one. A token makes no tokens."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import select

from models.staff import ApiToken
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import Id
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.house import house_of
from outreach_api.web.tokens import end_token

router = APIRouter(prefix="/api/v1", tags=["places and people"], route_class=OnceRoute)


class TokenItem(BaseModel):
    id: int
    name: str
    prefix: str | None = Field(description="How it begins; the rest is kept nowhere.")
    scopes: list[str]
    staff_id: int | None = Field(description="Whom it acts for; null: nobody, it only reads.")
    calls_a_minute: int | None = Field(description="Null: as many as are usual.")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@router.get("/tokens")
def list_tokens(request: Request, _caller: AnyCaller, limit: Limit = 100, after: Cursor = None) -> Page[TokenItem]:
    """Every token there is and was, the newest first. They are added at the console or the terminal."""
    query = select(ApiToken).order_by(ApiToken.id.desc()).limit(limit + 1)
    if mark := read_cursor(after, int):
        query = query.where(ApiToken.id < mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.scalars(query).all(), limit)
        items = [TokenItem.model_validate(row, from_attributes=True) for row in shown]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)


@router.post("/tokens/{token_id}/revoke", dependencies=[ONCE])
def revoke_one_token(request: Request, caller: AnyCaller, token_id: Id) -> TokenItem:
    """End one at once, such as one that leaked."""
    now: datetime = request.app.state.wall_clock.now()
    with house_of(request).sessions.write() as session:
        row = end_token(session, token_id, now=now, by=caller.actor)
        return TokenItem.model_validate(row, from_attributes=True)
