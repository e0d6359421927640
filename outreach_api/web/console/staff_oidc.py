"""Staff sign in at their organisation's provider; whom it vouches for gets a session of the account of that name."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from outreach_api.signin.cookie import Kept, unseal
from outreach_api.signin.relying_party import Failure, RelyingParty, RoundTrip, SignInFailed, Vouched
from outreach_api.signin.settings import StaffOidcSettings
from outreach_api.web import auth
from outreach_api.web.access import SESSION_COOKIE, local_path
from outreach_api.web.cookies import set_host_cookie
from outreach_api.web.house import House, house_of
from outreach_api.web.round_trips import forget, keep, kept_in

router = APIRouter(include_in_schema=False)
CALLBACK = "/sign-in/oidc/callback"
PURPOSE = "staff_oidc"
log = structlog.get_logger(__name__)


@router.get("/sign-in/oidc", name="staff_oidc")
def begin(request: Request, back: Annotated[str, Query(alias="next", max_length=500)] = "/") -> Response:
    """Send the browser to the provider."""
    house, trip = house_of(request), RoundTrip.begin()
    try:
        away = _party(request).address(trip, redirect_uri=_redirect_uri(house))
    except SignInFailed as fault:
        return _refused(fault, back)
    answer = RedirectResponse(away, HTTPStatus.SEE_OTHER)
    now = request.app.state.wall_clock.now()
    keep(answer, house, Kept(trip, local_path(back)), purpose=PURPOSE, path=CALLBACK, now=now)
    return answer


@router.get(CALLBACK, name="staff_oidc_back")
def come_back(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=2000)] = "",
) -> Response:
    """Open a session, and go on to where they were going."""
    house, party = house_of(request), _party(request)
    now = request.app.state.wall_clock.now()
    back = "/"
    try:
        kept = unseal(house.ring, kept_in(request, house, purpose=PURPOSE), state, purpose=PURPOSE, now=now)
        back = kept.back
        found = party.vouched(code, kept.trip, redirect_uri=_redirect_uri(house), now=now)
        both = showed_two_factors(found, house.settings.staff_oidc)
        token = auth.sign_in_vouched(house.sessions, found.who, two_factors=both, now=now)
    except SignInFailed as fault:
        answer = _refused(fault, back)
    except auth.SignInRefused:
        answer = _to_form("oidc_nobody", back)
    else:
        answer = RedirectResponse(back, HTTPStatus.SEE_OTHER)
        set_host_cookie(request, answer, SESSION_COOKIE, token)
    forget(answer, house, purpose=PURPOSE, path=CALLBACK)
    return answer


def showed_two_factors(found: Vouched, settings: StaffOidcSettings) -> bool:
    """Whether the provider proved two factors; where it did not, ours is asked for."""
    return settings.always_two_factors or bool(found.amr & set(settings.amr)) or found.acr in settings.acr


def _refused(fault: SignInFailed, back: str) -> Response:
    if fault.failure is not Failure.CANCELLED:
        log.warning("staff_oidc_failed", failure=fault.failure.value, why=str(fault))
    return _to_form(f"oidc_{fault.failure.value}", back)


def _to_form(said: str, back: str) -> Response:
    return RedirectResponse(f"/sign-in?said={said}&next={quote(local_path(back), safe='/')}", HTTPStatus.SEE_OTHER)


def _party(request: Request) -> RelyingParty:
    party: RelyingParty | None = request.app.state.staff_oidc
    if party is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return party


def _redirect_uri(house: House) -> str:
    return house.settings.public_url.rstrip("/") + CALLBACK
