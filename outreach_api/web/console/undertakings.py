"""Applications with a promise: who applies for what, who agreed, and what stands."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from models.vocabulary import UndertakingKind, UndertakingState
from outreach_api.privacy.undertakings import (
    BULK_FIELDS,
    PROMISE,
    PROMISE_EN,
    Asked,
    Decision,
    UndertakingRefused,
    ask,
    decide,
    undertakings,
)
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.tokens import Scope
from outreach_api.web.words import Locale

router = APIRouter(include_in_schema=False)
USUAL_DAYS = 7
LONGEST_PURPOSE = 200


@router.get("/undertakings", name="undertakings")
def listed(request: Request, viewer: Viewer) -> Response:
    return _page(request, viewer)


@router.post("/undertakings", name="ask_undertaking")
def apply(
    request: Request,
    viewer: Viewer,
    kind: Annotated[UndertakingKind, Form()] = UndertakingKind.BULK_VIEW,
    subject: Annotated[str, Form(max_length=80)] = "",
    purpose: Annotated[str, Form(max_length=LONGEST_PURPOSE)] = "",
    fields: Annotated[list[str] | None, Form()] = None,
    columns: Annotated[str, Form(max_length=1000)] = "",
    rows: Annotated[int, Form()] = 0,
    days: Annotated[int, Form()] = USUAL_DAYS,
    promise: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Apply; a second person decides."""
    house = house_of(request)
    asked = Asked(
        kind, subject, purpose, (*(fields or ()), *columns.replace(",", " ").split()), rows, days, promise == "true"
    )
    try:
        with house.sessions.write() as session:
            ask(session, asked, list(Scope), by=viewer.actor, now=house.clock.now())
    except UndertakingRefused as refused:
        return _page(request, viewer, refused=str(refused))
    return RedirectResponse("/undertakings", HTTPStatus.SEE_OTHER)


@router.post("/undertakings/{undertaking_id}/{decision}", name="decide_undertaking")
def settle(request: Request, viewer: Viewer, undertaking_id: int, decision: Decision) -> Response:
    """A second person's yes or no, or the end of what was granted."""
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            decide(session, undertaking_id, decision, by=viewer.actor, now=house.clock.now())
    except UndertakingRefused as refused:
        return _page(request, viewer, refused=str(refused))
    return RedirectResponse("/undertakings", HTTPStatus.SEE_OTHER)


def _page(request: Request, viewer: Viewer, *, refused: str = "") -> Response:
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        return render(
            request,
            "undertakings.html",
            section="undertakings",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
            rows=undertakings(session),
            kinds=speaker.options(UndertakingKind),
            bulk_fields=[(name, speaker.t(f"bulk_{name}")) for name in BULK_FIELDS],
            scopes=[scope.value for scope in Scope],
            days=USUAL_DAYS,
            actor=viewer.actor,
            waits=UndertakingState.WAITING,
            approved=UndertakingState.APPROVED,
            promise=PROMISE if speaker.locale is Locale.ZH else PROMISE_EN,
            refused=refused,
        )
