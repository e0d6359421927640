"""What the WeChat platform calls: verified, opened, and kept before it is answered, all within its five seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import structlog
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool

from outreach_api.arrived import Followed, entry_of
from outreach_api.web.house import House, house_of
from outreach_api.web.webhooks import read_body, spool_of
from outreach_api.wechat.arrivals import Door, take
from outreach_api.wechat.crypto import Envelope, NotGenuine, check_signature, check_time, signature
from outreach_api.wechat.messages import as_arrived, passive_answer, read_all, read_fields
from outreach_api.wechat.settings import WechatSettings

PATH = "/webhooks/wechat"
router = APIRouter(tags=["webhooks"])
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Signed:
    """The query of a request."""

    timestamp: str
    nonce: str
    signature: str
    sealed: bool

    @classmethod
    def of(cls, request: Request) -> Signed:
        query = request.query_params
        sealed = query.get("encrypt_type") == "aes"
        given = query.get("msg_signature" if sealed else "signature", "")
        return cls(query.get("timestamp", ""), query.get("nonce", ""), given, sealed)


async def verify_address(request: Request) -> Response:
    """The platform asks once whether this address is ours."""
    settings, signed = _settings(house_of(request)), Signed.of(request)
    try:
        check_signature(signed.signature, settings.token.get_secret_value(), signed.timestamp, signed.nonce)
    except NotGenuine as fault:
        raise _refused(fault) from fault
    return PlainTextResponse(request.query_params.get("echostr", "")[:256])


async def receive(request: Request) -> Response:
    """A message or an event. The platform brings it up to three times, until it is answered."""
    house, signed = house_of(request), Signed.of(request)
    settings, body = _settings(house), await read_body(request)
    try:
        return await run_in_threadpool(_take, house, settings, signed, body)
    except NotGenuine as fault:
        raise _refused(fault) from fault


def _take(house: House, settings: WechatSettings, signed: Signed, body: bytes) -> Response:
    now, token = house.clock.now(), settings.token.get_secret_value()
    aes_key = settings.aes_key.get_secret_value()
    envelope = Envelope(aes_key, settings.app_id) if aes_key else None
    if signed.sealed is not (envelope is not None):
        raise NotGenuine("sealed where plain is agreed, or plain where sealed is")
    check_time(signed.timestamp, now=now)
    parts = [token, signed.timestamp, signed.nonce]
    if envelope is None:
        check_signature(signed.signature, *parts)
        fields, entries = read_all(body)
    else:
        sealed = read_fields(body).get("Encrypt", "")
        check_signature(signed.signature, *parts, sealed)
        fields, entries = read_all(envelope.open(sealed))
    arrived = as_arrived(fields, entries)
    door = Door(signed.signature, now)
    said = spool_of(house).keep(lambda: take(house.sessions, arrived, door), [entry_of(Followed(arrived, door))])
    log.info("wechat_received", kind=arrived.kind, wechat_event=arrived.event)
    if said is None:
        return PlainTextResponse("success")
    answer = passive_answer(arrived, said, now=now)
    return Response(_sealed(envelope, answer, parts, now) if envelope else answer, media_type="application/xml")


def _sealed(envelope: Envelope, answer: str, parts: list[str], now: datetime) -> str:
    token, _, nonce = parts
    timestamp, sealed = str(int(now.timestamp())), envelope.seal(answer.encode())
    return (
        f"<xml><Encrypt>{sealed}</Encrypt><MsgSignature>{signature(token, timestamp, nonce, sealed)}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{nonce}</Nonce></xml>"
    )


def _settings(house: House) -> WechatSettings:
    settings = house.settings.wechat
    # An empty token is no token: anybody could sign with it.
    if not settings.enabled or not settings.token.get_secret_value():
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return settings


def _refused(fault: NotGenuine) -> HTTPException:
    log.warning("wechat_refused", why=str(fault))
    return HTTPException(HTTPStatus.FORBIDDEN, str(fault))


router.add_route(PATH, verify_address, methods=["GET"])
router.add_route(PATH, receive, methods=["POST"])
