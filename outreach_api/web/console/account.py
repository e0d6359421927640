"""One's own account: another password, one's open sessions, one's own second factor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from models.staff import Staff
from outreach_api.web.access import Viewer
from outreach_api.web.auth import count_failure, end_sessions, knows_password, open_sessions
from outreach_api.web.house import house_of
from outreach_api.web.page import render
from outreach_api.web.second_factor import LONGEST_CODE, give_factor, give_recovery_codes, passes, picture_of
from outreach_api.web.staff import renew_password

router = APIRouter(include_in_schema=False)
Password = Annotated[str, Form(max_length=256)]
Code = Annotated[str, Form(max_length=LONGEST_CODE)]


@router.get("/account", name="account")
def account(request: Request, viewer: Viewer) -> Response:
    return _page(request, viewer)


@router.post("/account/password", name="change_own_password")
def change_password(request: Request, viewer: Viewer, password: Password = "") -> Response:
    """Another password, made here and shown once, for who gives the old one. Every session of theirs ends."""
    sessions, now = house_of(request).sessions, _now(request)
    if not knows_password(sessions, viewer, password, now=now):
        return _page(request, viewer, said="account_refused")
    with sessions.write() as session:
        made = renew_password(session, session.get_one(Staff, viewer.staff_id), by=viewer.actor, now=now)
    return _page(request, viewer, made=made)


@router.post("/account/second-factor", name="renew_own_factor")
def renew_factor(request: Request, viewer: Viewer, password: Password = "", code: Code = "") -> Response:
    """A second factor, or another one, for who gives the password, and the old factor's code. Every session ends.

    Wrong codes count here as they do at the sign-in: who knows the password must not try them all.
    """
    sessions, now = house_of(request).sessions, _now(request)
    if not knows_password(sessions, viewer, password, now=now):
        return _page(request, viewer, said="account_refused")
    with sessions.write() as session:
        staff = session.get_one(Staff, viewer.staff_id, with_for_update=True)
        is_theirs = staff.totp_secret is None or passes(session, staff, code, now=now)
        if not is_theirs:
            count_failure(staff, now)
        factor = give_factor(session, staff, by=viewer.actor, now=now) if is_theirs else None
        codes = give_recovery_codes(staff) if factor else []
    if factor is None:
        return _page(request, viewer, said="account_refused")
    return _page(request, viewer, factor=factor, codes=codes)


@router.post("/account/sessions/others/end", name="end_other_sessions")
def end_others(request: Request, viewer: Viewer) -> Response:
    """End every other session of one's own."""
    house, now = house_of(request), _now(request)
    with house.sessions.write() as session:
        found = open_sessions(session, viewer.staff_id, house.settings, now=now)
        end_sessions(session, viewer, [one.id for one in found if one.id != viewer.session_id], now=now)
    return RedirectResponse("/account", HTTPStatus.SEE_OTHER)


@router.post("/account/sessions/{session_id}/end", name="end_own_session")
def end_one(request: Request, viewer: Viewer, session_id: int) -> Response:
    """End one session of one's own."""
    with house_of(request).sessions.write() as session:
        if not end_sessions(session, viewer, [session_id], now=_now(request)):
            raise HTTPException(HTTPStatus.NOT_FOUND)
    return RedirectResponse("/account", HTTPStatus.SEE_OTHER)


def _now(request: Request) -> datetime:
    """Sessions are about a person at a browser: real time, even where a rehearsal turns a virtual clock."""
    now: datetime = request.app.state.wall_clock.now()
    return now


def _page(
    request: Request,
    viewer: Viewer,
    *,
    said: str | None = None,
    made: str | None = None,
    factor: str | None = None,
    codes: Sequence[str] = (),
) -> Response:
    house = house_of(request)
    with house.sessions.read() as session:
        staff = session.get_one(Staff, viewer.staff_id)
        return render(
            request,
            "account.html",
            section="account",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if said else HTTPStatus.OK,
            staff=staff,
            has_factor=staff.totp_secret is not None,
            sessions=open_sessions(session, viewer.staff_id, house.settings, now=_now(request)),
            said=said,
            made=made,
            factor=factor,
            picture=picture_of(factor) if factor else None,
            codes=codes,
        )
