"""A resident's real-name sign-in on the chat page: out to the provider, and back into the talk.

The provider learns nothing of the link; the link's token waits in the browser, sealed.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from outreach_api.chat.links import find_link
from outreach_api.chat.visits import Denied, open_visit_by_real_name
from outreach_api.chat.welcome import welcome
from outreach_api.signin.cookie import Kept, unseal
from outreach_api.signin.relying_party import Failure, RelyingParty, RoundTrip, SignInFailed
from outreach_api.web.chat import IDENTITY_CHECKS, Token, keep_secret
from outreach_api.web.house import House, house_of
from outreach_api.web.public import keep_to_limit
from outreach_api.web.round_trips import forget, keep, kept_in

router = APIRouter(include_in_schema=False)
CALLBACK = "/real-name/callback"
PURPOSE = "real_name"
log = structlog.get_logger(__name__)


@router.get("/c/{token}/real-name", name="chat_real_name")
def begin(request: Request, token: Token) -> Response:
    """Send the browser to the provider."""
    keep_to_limit(request, "real_name", IDENTITY_CHECKS)
    house, party = house_of(request), _party(request)
    with house.sessions.read() as session:
        if find_link(session, token, now=house.clock.now()) is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
    trip = RoundTrip.begin()
    try:
        away = party.address(trip, redirect_uri=_redirect_uri(house))
    except SignInFailed as fault:
        return _back(token, fault.failure.value, fault)
    answer = RedirectResponse(away, HTTPStatus.SEE_OTHER)
    keep(answer, house, Kept(trip, token), purpose=PURPOSE, path=CALLBACK, now=request.app.state.wall_clock.now())
    return answer


@router.get(CALLBACK, name="chat_real_name_back")
def come_back(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=2000)] = "",
) -> Response:
    """Whoever signed in there is let in, if the link is theirs."""
    house, party = house_of(request), _party(request)
    now = request.app.state.wall_clock.now()
    try:
        kept = unseal(house.ring, kept_in(request, house, purpose=PURPOSE), state, purpose=PURPOSE, now=now)
    except SignInFailed as fault:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from fault
    try:
        id_number = party.who(code, kept.trip, redirect_uri=_redirect_uri(house), now=now)
    except SignInFailed as fault:
        answer = _back(kept.back, fault.failure.value, fault)
    else:
        answer = _let_in(house, kept.back, id_number)
    forget(answer, house, purpose=PURPOSE, path=CALLBACK)
    return answer


def _let_in(house: House, token: str, id_number: str) -> Response:
    now = house.clock.now()
    with house.sessions.write() as session:
        link = find_link(session, token, now=now)
        if link is None:
            return _back(token, "")
        opened = open_visit_by_real_name(session, link, id_number=id_number, ring=house.ring, now=now)
        if isinstance(opened, Denied):
            return _back(token, opened.value)
        visit, secret = opened
        welcome(session, link, visit, cards=house.cards, zone=house.settings.zone, now=now)
        lasts = int((visit.expires_at - now).total_seconds())
    answer = _back(token, "")
    keep_secret(answer, house, token, secret, lasts)
    return answer


def _back(token: str, said: str, fault: SignInFailed | None = None) -> Response:
    """To the page, which says what came of it."""
    if fault is not None and fault.failure is not Failure.CANCELLED:
        log.warning("real_name_failed", failure=fault.failure.value, why=str(fault))
    return RedirectResponse(f"/c/{token}" + (f"?said={said}" if said else ""), HTTPStatus.SEE_OTHER)


def _party(request: Request) -> RelyingParty:
    party: RelyingParty | None = request.app.state.real_name
    if party is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return party


def _redirect_uri(house: House) -> str:
    return house.settings.public_url.rstrip("/") + CALLBACK
