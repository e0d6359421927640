"""Between the first factor and the pages: give the second one, or set it up where there is none yet."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from models.crypto import KeyRing, KeyRingFault
from models.event import AuditEntry
from models.staff import Staff
from outreach_api.web import auth
from outreach_api.web.access import SESSION_COOKIE, Viewer, local_path
from outreach_api.web.cookies import set_host_cookie
from outreach_api.web.house import house_of
from outreach_api.web.page import render
from outreach_api.web.second_factor import (
    LONGEST_CODE,
    address_of,
    give_recovery_codes,
    new_secret,
    passes,
    picture_of,
    set_up,
)

router = APIRouter(include_in_schema=False)
PATH = "/sign-in/second-factor"
CONTEXT = "second_factor.set_up"
SET_UP_WITHIN = timedelta(minutes=15)
Back = Annotated[str, Query(alias="next", max_length=500)]


@router.get(PATH, name="second_factor")
def second_factor(request: Request, viewer: Viewer, back: Back = "/") -> Response:
    """Ask for the code; who has no factor is shown one to take into their authenticator."""
    if viewer.two_factors:
        return RedirectResponse(local_path(back), HTTPStatus.SEE_OTHER)
    return _page(request, viewer, back)


@router.post(PATH, name="give_second_factor")
def give_second_factor(
    request: Request,
    viewer: Viewer,
    code: Annotated[str, Form(max_length=LONGEST_CODE)] = "",
    sealed: Annotated[str, Form(max_length=500)] = "",
    back: Annotated[str, Form(alias="next", max_length=500)] = "/",
) -> Response:
    """Open a session of two factors in place of the one of one. Wrong codes count like wrong passwords."""
    if viewer.two_factors:
        return RedirectResponse(local_path(back), HTTPStatus.SEE_OTHER)
    house = house_of(request)
    now: datetime = request.app.state.wall_clock.now()
    secret = _unseal(house.ring, sealed, viewer.staff_id, now)
    codes: list[str] = []
    with house.sessions.write() as session:
        staff = session.get_one(Staff, viewer.staff_id, with_for_update=True)
        proved = False
        if not auth.is_locked(staff, now):
            if staff.totp_secret is not None:
                proved = passes(session, staff, code, now=now)
                if proved:
                    auth.end_session(session, viewer, now=now)
            elif secret is not None and set_up(session, staff, secret, code, now=now):
                proved, codes = True, give_recovery_codes(staff)
            if not proved:
                auth.count_failure(staff, now)
        if proved:
            token = auth.open_session(session, staff, two_factors=True, now=now)
        else:
            subject = f"staff:{staff.id}"
            session.add(AuditEntry(at=now, actor=viewer.actor, action="second_factor.refused", subject=subject))
    if not proved:
        return _page(request, viewer, back, said="second_factor_refused")
    if codes:
        answer: Response = render(
            request, "recovery_codes.html", viewer=None, menu=[], codes=codes, next=local_path(back)
        )
    else:
        answer = RedirectResponse(local_path(back), HTTPStatus.SEE_OTHER)
    set_host_cookie(request, answer, SESSION_COOKIE, token)
    return answer


def _page(request: Request, viewer: auth.SignedIn, back: str, *, said: str | None = None) -> Response:
    house = house_of(request)
    with house.sessions.read() as session:
        staff = session.get_one(Staff, viewer.staff_id)
        has_factor, username = staff.totp_secret is not None, staff.username
    secret = None if has_factor else new_secret()
    address = address_of(secret, username) if secret else None
    return render(
        request,
        "second_factor.html",
        status=HTTPStatus.UNAUTHORIZED if said else HTTPStatus.OK,
        # Of the house's pages none opens yet: none is offered.
        viewer=None,
        menu=[],
        csrf=viewer.csrf,
        said=said,
        next=local_path(back),
        secret=secret,
        address=address,
        picture=picture_of(address) if address else None,
        sealed=_seal(house.ring, secret, viewer.staff_id, request.app.state.wall_clock.now()) if secret else "",
    )


def _seal(ring: KeyRing, secret: str, staff_id: int, now: datetime) -> str:
    """The secret waits in the form, for this person alone; it counts once its code comes back with it."""
    until = (now + SET_UP_WITHIN).timestamp()
    return ring.seal(json.dumps([secret, staff_id, until]), context=CONTEXT)


def _unseal(ring: KeyRing, sealed: str, staff_id: int, now: datetime) -> str | None:
    try:
        secret, theirs, until = json.loads(ring.open(sealed, context=CONTEXT))
    except (KeyRingFault, ValueError):
        return None
    return str(secret) if theirs == staff_id and now.timestamp() < until else None
