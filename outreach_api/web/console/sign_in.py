"""Signing in and out, and how the pages look: language and theme."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from outreach_api.web import auth
from outreach_api.web.access import (
    SESSION_COOKIE,
    ForgedRequest,
    Viewer,
    genuine,
    local_path,
)
from outreach_api.web.cookies import cookie_name, end_host_cookie, is_https, narrow_name, set_host_cookie
from outreach_api.web.house import house_of
from outreach_api.web.page import LOCALE_COOKIE, THEME_COOKIE, Theme, render
from outreach_api.web.public import address_of, too_many
from outreach_api.web.rate_limit import SharedLimit
from outreach_api.web.second_factor import LONGEST_CODE
from outreach_api.web.words import Locale

router = APIRouter(include_in_schema=False)
FORM_COOKIE = "sign_in_form"
_SAID = frozenset({"signed_out", "oidc_cancelled", "oidc_unreached", "oidc_not_genuine", "oidc_nobody"})
A_YEAR_SECONDS = 365 * 24 * 3600


@router.get("/sign-in", name="sign_in_form")
def sign_in_form(
    request: Request, back: Annotated[str, Query(alias="next", max_length=500)] = "/", said: str | None = None
) -> Response:
    """The form. Its cookie comes back with it: a foreign page cannot sign somebody in as somebody else."""
    return _form(request, back, said=said if said in _SAID else None)


@router.post("/sign-in", name="sign_in")
def sign_in(
    request: Request,
    username: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=256)],
    code: Annotated[str, Form(max_length=LONGEST_CODE)] = "",
    csrf: Annotated[str, Form(max_length=64)] = "",
    back: Annotated[str, Form(alias="next", max_length=500)] = "/",
) -> Response:
    if not csrf or not auth.same_secret(csrf, request.cookies.get(cookie_name(request, FORM_COOKIE), "")):
        raise ForgedRequest
    house, address = house_of(request), address_of(request)
    failures: SharedLimit = request.app.state.sign_in_failures
    now = request.app.state.wall_clock.now()
    # Before anything is reckoned: a password's hash is dear, and whoever tries many names is locked by none of them.
    if failures.is_spent(address, now):
        raise too_many()
    try:
        token = auth.sign_in(house.sessions, username.strip(), password, code=code, now=now)
    except auth.SignInRefused:
        failures.allows(address, now)
        return _form(request, back, said="sign_in_refused", status=HTTPStatus.UNAUTHORIZED)
    answer = RedirectResponse(local_path(back), HTTPStatus.SEE_OTHER)
    set_host_cookie(request, answer, SESSION_COOKIE, token)
    end_host_cookie(request, answer, FORM_COOKIE)
    return answer


@router.post("/sign-out", name="sign_out", dependencies=[Depends(genuine)])
def sign_out(request: Request, viewer: Viewer) -> Response:
    auth.sign_out(house_of(request).sessions, viewer, now=request.app.state.wall_clock.now())
    answer = RedirectResponse("/sign-in?said=signed_out", HTTPStatus.SEE_OTHER)
    end_host_cookie(request, answer, SESSION_COOKIE)
    return answer


@router.get("/display", name="display")
def display(
    request: Request,
    back: Annotated[str, Query(max_length=500)] = "/",
    locale: Locale | None = None,
    theme: Theme | None = None,
) -> Response:
    """Switch language or theme in this browser and go back to where one was."""
    answer = RedirectResponse(local_path(back), HTTPStatus.SEE_OTHER)
    for cookie, chosen in ((LOCALE_COOKIE, locale), (THEME_COOKIE, theme)):
        if chosen is not None:
            name = narrow_name(house_of(request).settings, cookie)
            answer.set_cookie(
                name, chosen, max_age=A_YEAR_SECONDS, httponly=True, samesite="lax", secure=is_https(request)
            )
    return answer


def _form(request: Request, back: str, *, said: str | None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    token = request.cookies.get(cookie_name(request, FORM_COOKIE)) or secrets.token_urlsafe(24)
    provider = house_of(request).settings.staff_oidc
    page = render(
        request,
        "sign_in.html",
        status=status,
        csrf=token,
        next=local_path(back),
        said=said,
        oidc=provider.enabled,
        oidc_label=provider.label,
    )
    set_host_cookie(request, page, FORM_COOKIE, token)
    return page
