"""What the carrier calls: a resident wrote, or a message's status changed. Committed first, answered then.

Bodies are read up to 64 kB, signatures are checked against the configured public URL before anything is believed, and
both calls may come any number of times. Each text that is sent comes back here twice: these are plain routes, since
what FastAPI does for a route with parameters took longer than all the rest, and `ShortWay` leads there past most of it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, HTTPException, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from models.crypto import KeyRing
from models.session import Sessions
from models.vocabulary import Channel
from outreach_api.arrived import Status, Text
from outreach_api.channels.signature import is_signed
from outreach_api.channels.twilio_text import TwilioCarrier
from outreach_api.clock import Clock
from outreach_api.settings import Settings
from outreach_api.spool import Spool, SpoolFault
from outreach_api.web.arrivals import Arrivals
from outreach_api.web.house import House
from outreach_api.web.problems import refuse_early

PREFIX = "/webhooks/twilio"
MOST_BODY_BYTES = 64 * 1024
MOST_FIELDS = 100
LONGEST_REFERENCE = 64
LONGEST_WORD = 32
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
NUMBER = re.compile(r"\+[1-9]\d{4,14}")
CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}")
CONTACT_ID = re.compile(r"[1-9]\d{0,8}")

router = APIRouter()
log = structlog.get_logger(__name__)


class WebhookHouse(Protocol):
    """What these routes need of the house."""

    sessions: Sessions
    clock: Clock
    settings: Settings
    ring: KeyRing


@dataclass(frozen=True)
class SignedForm:
    """The fields of a request whose signature was right."""

    fields: Mapping[str, str]
    house: WebhookHouse
    arrivals: Arrivals

    def required(self, name: str, *, longest: int = LONGEST_REFERENCE) -> str:
        value = self.fields.get(name, "")
        if not value or len(value) > longest:
            raise HTTPException(HTTPStatus.BAD_REQUEST, f"{name} is missing or too long")
        return value

    def number(self, name: str) -> str:
        """A number in E.164; a bare Chinese mobile number counts as one.

        Raises:
            HTTPException: 400, it is none.
        """
        value = self.required(name).strip()
        value = f"+86{value}" if CHINESE_MOBILE.fullmatch(value) else value
        if not NUMBER.fullmatch(value):
            raise HTTPException(HTTPStatus.BAD_REQUEST, f"{name} is not a phone number")
        return value


async def signed_form(request: Request) -> SignedForm:
    """Read a webhook's form: 413 when it is too large, 403 when it isn't the carrier's, 400 when it isn't a form."""
    house: WebhookHouse = request.app.state.house
    pairs = _pairs(await read_body(request))
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
    house = form.house
    now = house.clock.now()
    sender = form.number("From")
    row = {
        "provider": TwilioCarrier.name,
        "provider_ref": form.required("MessageSid"),
        "channel": Channel.SMS,
        "sender": sender,
        "sender_index": house.ring.blind_index(sender, kind="phone"),
        "recipient": form.required("To", longest=LONGEST_WORD),
        "text": _text(form),
        "received_at": now,
        "due_at": now,
    }
    inbound_id = await form.arrivals.keep(Text(row))
    log.info("inbound_received", inbound=inbound_id, repeated=inbound_id is None)
    return Response(EMPTY_TWIML, media_type="text/xml")


async def receive_status(request: Request) -> Response:
    """A message's status changed. Kept as it came; `receipts` applies it."""
    form = await signed_form(request)
    house, contact = form.house, request.query_params.get("contact")
    if contact is not None and not CONTACT_ID.fullmatch(contact):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "contact is not a contact's number")
    to = form.fields.get("To")
    row = {
        "contact_id": int(contact) if contact is not None else None,
        "provider": TwilioCarrier.name,
        "provider_ref": form.required("MessageSid"),
        "status": form.required("MessageStatus", longest=LONGEST_WORD),
        "vendor_code": _vendor_code(form),
        "to_index": house.ring.blind_index(to, kind="phone") if to else None,
        "received_at": house.clock.now(),
    }
    await form.arrivals.keep(Status(row))
    return Response(status_code=HTTPStatus.NO_CONTENT)


ROUTES: Mapping[str, Callable[[Request], Awaitable[Response]]] = {
    f"{PREFIX}/inbound": receive_text,
    f"{PREFIX}/status": receive_status,
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


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        text = body.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as fault:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is not a form") from fault


def _text(form: SignedForm) -> str:
    """The words; empty when only a picture was sent, but never absent."""
    if "Body" not in form.fields:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "Body is missing")
    return form.fields["Body"]


def _vendor_code(form: SignedForm) -> str | None:
    code = form.fields.get("ErrorCode", "")
    return code if code.isdecimal() and int(code) and len(code) <= 16 else None
