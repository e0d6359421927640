"""What the carrier calls: a resident wrote, or a message's status changed. Committed first, answered then.

Bodies are read up to 64 kB, signatures are checked against the configured public URL before anything is believed, and
both calls may come any number of times. Each text that is sent comes back here twice: these are plain routes, since
what FastAPI does for a route with parameters took longer than all the rest, and `ShortWay` leads there past most of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import structlog
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from models.crypto import KeyRing
from models.session import Sessions
from outreach_api.arrived import Status, Text
from outreach_api.channels.signature import is_signed
from outreach_api.channels.twilio_forms import (
    EMPTY_TWIML,
    MOST_BODY_BYTES,
    STATUSES,
    TEXTS,
    Form,
    pairs_of,
    status_row,
    text_row,
)
from outreach_api.clock import Clock
from outreach_api.settings import Settings
from outreach_api.spool import Spool, SpoolFault
from outreach_api.web.arrivals import Arrivals
from outreach_api.web.house import House
from outreach_api.web.problems import refuse_early

router = APIRouter()
log = structlog.get_logger(__name__)


class WebhookHouse(Protocol):
    """What these routes need of the house."""

    sessions: Sessions
    clock: Clock
    settings: Settings
    ring: KeyRing


@dataclass(frozen=True)
class SignedForm(Form):
    """With the house that it was brought to."""

    house: WebhookHouse
    arrivals: Arrivals


async def signed_form(request: Request) -> SignedForm:
    """Read a webhook's form: 413 when it is too large, 403 when it isn't the carrier's, 400 when it isn't a form."""
    house: WebhookHouse = request.app.state.house
    pairs = pairs_of(await read_body(request))
    genuine = is_signed(
        request.headers.get("X-Twilio-Signature", ""),
        auth_token=house.settings.twilio_auth_token.get_secret_value(),
        public_url=house.settings.public_url,
        target=_target(request),
        fields=pairs,
    )
    if not genuine:
        log.warning("webhook_signature_refused", path=request.url.path)
        raise HTTPException(HTTPStatus.FORBIDDEN, "the signature does not fit")
    return SignedForm(dict(pairs), house, arrivals_of(request))


async def receive_text(request: Request) -> Response:
    """A resident wrote. The same MessageSid again changes nothing."""
    form = await signed_form(request)
    row = text_row(form, form.house.ring, now=form.house.clock.now())
    inbound_id = await form.arrivals.keep(Text(row))
    log.info("inbound_received", inbound=inbound_id, repeated=inbound_id is None)
    return Response(EMPTY_TWIML, media_type="text/xml")


async def receive_status(request: Request) -> Response:
    """A message's status changed. Kept as it came; `receipts` applies it."""
    form = await signed_form(request)
    contact = request.query_params.get("contact")
    row = status_row(form, form.house.ring, contact=contact, now=form.house.clock.now())
    await form.arrivals.keep(Status(row))
    return Response(status_code=HTTPStatus.NO_CONTENT)


ROUTES: Mapping[str, Callable[[Request], Awaitable[Response]]] = {
    TEXTS: receive_text,
    STATUSES: receive_status,
}
for path, receive_webhook in ROUTES.items():
    router.add_route(path, receive_webhook, methods=["POST"])


class ShortWay:
    """Leads the carrier's calls to their routes past what other requests need: sessions, parameters, a search by path.

    What a route refuses is answered as everywhere.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        receive_webhook = ROUTES.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if receive_webhook is None:
            await self._app(scope, receive, send)
            return
        try:
            answer = await receive_webhook(Request(scope, receive))
        except HTTPException as refusal:
            answer = refuse_early(scope["app"], scope, HTTPStatus(refusal.status_code), str(refusal.detail))
        except SpoolFault as fault:
            answer = refuse_early(scope["app"], scope, HTTPStatus.SERVICE_UNAVAILABLE, str(fault))
        await answer(scope, receive, send)


def arrivals_of(request: Request) -> Arrivals:
    state = request.app.state
    try:
        arrivals: Arrivals = state.arrivals
    except AttributeError:
        house: WebhookHouse = state.house
        arrivals = state.arrivals = Arrivals(house.sessions, spool_of(house))
    return arrivals


def spool_of(house: WebhookHouse | House) -> Spool:
    """Where arrivals wait while the database is away."""
    return Spool.of(house.settings, house.ring)


def _target(request: Request) -> str:
    """Path and query as they stand in the URL that was signed."""
    path = request.scope["path"]
    query = request.scope["query_string"].decode("latin-1")
    # Nothing in these paths would be written otherwise in a URL.
    path = path if path in ROUTES else request.url.path
    return f"{path}?{query}" if query else path


async def read_body(request: Request) -> bytes:
    """The body, read no further than allowed: what a sender says about its length is not believed."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_BODY_BYTES} bytes")
    return bytes(body)
