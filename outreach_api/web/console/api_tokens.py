"""For administrators: the tokens of other systems. A new one is shown once, and ends at once when it is revoked."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BeforeValidator
from sqlalchemy import select

from models.staff import ApiToken, Staff
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.scope_words import SCOPES
from outreach_api.web.tokens import Scope, Terms, TokenNotMade, add_token, check_it_is_undertaken, end_token, tokens
from outreach_api.web.words import Locale

router = APIRouter(include_in_schema=False)
USUAL_DAYS = 365
MOST_DAYS = 3650
MOST_CALLS = 100_000
Maybe = Annotated[int | None, BeforeValidator(lambda value: value or None)]


@router.get("/tokens", name="api_tokens")
def show(request: Request, viewer: Viewer) -> Response:
    return _page(request)


@router.post("/tokens", name="add_api_token")
def add(
    request: Request,
    viewer: Viewer,
    name: Annotated[str, Form(min_length=1, max_length=64)],
    days: Annotated[int, Form(ge=1, le=MOST_DAYS)] = USUAL_DAYS,
    scopes: Annotated[list[Scope], Form()] = [],  # noqa: B006 - FastAPI copies it
    acts_for: Annotated[Maybe, Form()] = None,
    calls_a_minute: Annotated[Maybe, Form(ge=1, le=MOST_CALLS)] = None,
    under: Annotated[Maybe, Form()] = None,
) -> Response:
    """Add a token; the page that answers is the only one that shows it."""
    if not scopes:
        return _page(request, said="token_no_scope")
    house = house_of(request)
    now = _now(request)
    terms = Terms([*scopes], acts_for, now + timedelta(days=days), calls_a_minute, under)
    try:
        check_it_is_undertaken(terms)
        with house.sessions.write() as session:
            token = add_token(session, name.strip(), terms, now=now, by=viewer.actor)
    except TokenNotMade as refused:
        return _page(request, refused=str(refused))
    return _page(request, added=(name.strip(), token))


@router.post("/tokens/{token_id}/revoke", name="revoke_api_token")
def revoke(request: Request, viewer: Viewer, token_id: int) -> Response:
    """End it at once."""
    with house_of(request).sessions.write() as session:
        end_token(session, token_id, now=_now(request), by=viewer.actor)
    return RedirectResponse("/tokens", HTTPStatus.SEE_OTHER)


def _now(request: Request) -> datetime:
    """A token's term is about the system that holds it: real time, even where a rehearsal turns a virtual clock."""
    now: datetime = request.app.state.wall_clock.now()
    return now


def _page(
    request: Request, *, refused: str = "", said: str | None = None, added: tuple[str, str] | None = None
) -> Response:
    place = 0 if speaker_for(request).locale is Locale.ZH else 1
    named = {scope.value: words[place] for scope, words in SCOPES.items()}
    with house_of(request).sessions.read() as session:
        working = select(Staff.id, Staff.display_name, Staff.role).where(Staff.disabled_at.is_(None))
        context: dict[str, Any] = {
            "rows": [(row, _state(row, _now(request))) for row in reversed(tokens(session))],
            "named": named,
            "people": session.execute(working.order_by(Staff.display_name, Staff.id)).all(),
            "usual_days": USUAL_DAYS,
            "most_days": MOST_DAYS,
            "most_calls": MOST_CALLS,
            "refused": refused,
            "said": said,
            "added": added,
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if refused or said else HTTPStatus.OK
        return render(request, "api_tokens.html", section="api_tokens", status=status, **context)


def _state(row: ApiToken, now: datetime) -> str | None:
    """Why it opens nothing any more, as the key of its word; None while it does."""
    if row.revoked_at is not None:
        return "token_revoked"
    return "token_over" if row.expires_at is not None and row.expires_at <= now else None
