"""Who calls the API, and whether they may."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from models.event import AuditEntry
from outreach_api.privacy.sight import WHOLE, look_as
from outreach_api.web.access import SAFE_METHODS
from outreach_api.web.api.rights import DISTRICT_FIGURES, WHOLE_SIGHT_NEEDED, ActsFor, Right, right_to
from outreach_api.web.house import house_of
from outreach_api.web.public import address_of
from outreach_api.web.tokens import Caller, TokenRefused, caller_of

log = structlog.get_logger(__name__)
bearer = HTTPBearer(auto_error=False, scheme_name="token", description="A token of `./outreach token add`.")


def identify(request: Request) -> Caller:
    """Whose token came with the request; looked up once, and counted.

    Raises:
        TokenRefused: none, or none that counts.
        HTTPException: 429, too many calls.
    """
    known: Caller | None = getattr(request.state, "caller", None)
    if known is not None:
        return known
    now = request.app.state.wall_clock.now()
    address = address_of(request)
    try:
        caller = _read_token(request)
    except TokenRefused:
        # Whoever guesses is slowed down; whoever has a token is never counted here.
        if not request.app.state.token_failures.allows(address, now):
            raise too_many(60) from None
        raise
    wait: int = request.app.state.api_pace.seconds_to_wait(caller.token_id, caller.calls_a_minute, now)
    if wait:
        raise too_many(wait)
    if not caller.sight.is_whole:
        caller = replace(caller, sight=caller.sight.knowing(house_of(request).cards))
    request.state.caller = caller
    return caller


def allowed(request: Request, _scheme: Annotated[object, Security(bearer)]) -> Caller:
    """The caller, if their token may use this route. From here on the request sees no further than they do.

    Raises:
        TokenRefused: it may not.
    """
    caller = identify(request)
    name = request.scope["route"].name
    refusal = _refusal(caller, right_to(name))
    if refusal is None and name in WHOLE_SIGHT_NEEDED and not caller.sight.is_whole:
        refusal = "this is for who sees the whole district"
    if refusal is not None:
        log.warning("api_refused", token=caller.token_id, route=name)
        raise TokenRefused(refusal, known=True)
    if caller.staff_id is not None and request.method not in SAFE_METHODS:
        _record(request, caller)
    look_as(WHOLE if name in DISTRICT_FIGURES else caller.sight)
    return caller


def _refusal(caller: Caller, right: Right | None) -> str | None:
    """Why this caller may not; None where they may."""
    if right is None:
        return "this is open to nobody"
    if right.scope not in caller.scopes:
        return f"this token lacks the scope {right.scope.value}"
    if caller.role is None and right.acts_for is ActsFor.A_PERSON:
        return "a person answers for this: use a token that acts for one"
    if caller.role is not None and caller.role not in right.roles:
        return f"the role {caller.role.value} may not do this"
    return None


def _read_token(request: Request) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("send Authorization: Bearer with a token of this installation")
    house = house_of(request)
    # A token's term is about the system that holds it: real time, even where a rehearsal turns a virtual clock.
    with house.sessions.read() as session:
        return caller_of(session, token.strip(), now=request.app.state.wall_clock.now())


def _record(request: Request, caller: Caller) -> None:
    """What a person's token asks for is told apart from what they do at the console."""
    house = house_of(request)
    facts = {"route": request.scope["route"].name, "path": request.url.path}
    with house.sessions.write() as session:
        session.add(
            AuditEntry(
                at=house.clock.now(),
                actor=caller.actor,
                action="api.call",
                subject=f"token:{caller.token_id}",
                facts=facts,
            )
        )


def too_many(seconds: int) -> HTTPException:
    return HTTPException(HTTPStatus.TOO_MANY_REQUESTS, "too many calls", headers={"Retry-After": str(seconds)})


AnyCaller = Annotated[Caller, Depends(allowed)]


def person_of(caller: Caller) -> int:
    """Whom the caller acts for.

    Raises:
        TokenRefused: nobody.
    """
    if caller.staff_id is None:
        raise TokenRefused("a person answers for this: use a token that acts for one", known=True)
    return caller.staff_id
