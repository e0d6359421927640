"""Applications with a promise: for bulk views in full, department feeds and departments' own use."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from models.vocabulary import UndertakingKind, UndertakingState
from outreach_api.privacy.undertakings import MOST_ROWS_A_FILE, PROMISE_EN, Asked, Decision, ask, decide, undertakings
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import NO_NUL, Body, Id, Purpose
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.house import house_of
from outreach_api.web.tokens import Scope

router = APIRouter(prefix="/api/v1/undertakings", tags=["undertakings"], route_class=OnceRoute)


class UndertakingAsked(Body):
    kind: UndertakingKind
    subject: str = Field(
        min_length=1, max_length=80, pattern=NO_NUL, description="The street or community, the feed, or the department."
    )
    purpose: Purpose
    fields: list[Annotated[str, Field(max_length=64)]] = Field(
        min_length=1, max_length=100, description="Columns of a bulk view or of a feed's file; else the scopes."
    )
    rows: int | None = Field(
        None,
        ge=1,
        le=MOST_ROWS_A_FILE,
        description="At most so many: people of a bulk view, rows of a feed's file, rows a system reads a day.",
    )
    term_days: int = Field(7, ge=1, le=366)
    promised: bool = Field(description=f"Signed by who asks: {PROMISE_EN}")


class Decided(Body):
    decision: Decision


class UndertakingItem(BaseModel):
    id: int
    kind: UndertakingKind
    subject: str
    purpose: str
    fields: list[str]
    rows: int | None
    promise: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    state: UndertakingState
    decided_by: str | None
    decided_at: datetime | None


class Undertakings(BaseModel):
    items: list[UndertakingItem] = Field(description="Those that wait first, then the newest; at most 100.")


@router.get("")
def list_undertakings(request: Request, _caller: AnyCaller) -> Undertakings:
    """What was applied for, what stands, and until when."""
    with house_of(request).sessions.read() as session:
        found = [UndertakingItem.model_validate(row, from_attributes=True) for row in undertakings(session)]
    return Undertakings(items=found)


@router.post("", dependencies=[ONCE])
def apply_with_promise(request: Request, caller: AnyCaller, asked: UndertakingAsked) -> UndertakingItem:
    """Apply; it waits for a second person."""
    house = house_of(request)
    wanted = Asked(
        asked.kind, asked.subject, asked.purpose, tuple(asked.fields), asked.rows, asked.term_days, asked.promised
    )
    with house.sessions.write() as session:
        row = ask(session, wanted, list(Scope), by=caller.actor, now=house.clock.now())
        return UndertakingItem.model_validate(row, from_attributes=True)


@router.post("/{undertaking_id}/decision", dependencies=[ONCE])
def decide_on_undertaking(request: Request, caller: AnyCaller, undertaking_id: Id, asked: Decided) -> UndertakingItem:
    """Agree to it, as somebody else than who applied; refuse it; or end what was agreed to."""
    house = house_of(request)
    with house.sessions.write() as session:
        row = decide(session, undertaking_id, asked.decision, by=caller.actor, now=house.clock.now())
        return UndertakingItem.model_validate(row, from_attributes=True)
