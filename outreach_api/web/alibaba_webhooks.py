"""What Alibaba Cloud SMS pushes: receipts and inbound texts, several a request, to an address that only it knows."""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from models.vocabulary import Channel
from outreach_api.arrived import Status, Text
from outreach_api.channels.alibaba_text import AlibabaCarrier, short_code
from outreach_api.channels.dialling import MAINLAND
from outreach_api.channels.twilio_forms import CHINESE_MOBILE, CONTACT_ID
from outreach_api.web.house import House, house_of
from outreach_api.web.webhooks import arrivals_of, read_body

PREFIX = "/webhooks/alibaba/{secret}"
MOST_ENTRIES = 500
router = APIRouter(tags=["webhooks"])
log = structlog.get_logger(__name__)


async def receive_receipts(request: Request) -> Response:
    """SmsReport: kept as they came; `receipts` applies them."""
    house = house_of(request)
    for entry in await _entries(request, house):
        to = _number(entry)
        out_id = str(entry.get("out_id", ""))
        row = {
            "contact_id": int(out_id) if CONTACT_ID.fullmatch(out_id) else None,
            "provider": AlibabaCarrier.name,
            "provider_ref": _field(entry, "biz_id"),
            "status": "delivered" if entry.get("success") is True else "undelivered",
            "vendor_code": None if entry.get("success") is True else short_code(str(entry.get("err_code", ""))) or None,
            "to_index": house.ring.blind_index(to, kind="phone"),
            "received_at": house.clock.now(),
        }
        await arrivals_of(request).keep(Status(row))
    return _taken()


async def receive_texts(request: Request) -> Response:
    """SmsUp: a resident wrote. The same sequence_id again changes nothing."""
    house = house_of(request)
    now = house.clock.now()
    for entry in await _entries(request, house):
        sender = _number(entry)
        row = {
            "provider": AlibabaCarrier.name,
            "provider_ref": _field(entry, "sequence_id"),
            "channel": Channel.SMS,
            "sender": sender,
            "sender_index": house.ring.blind_index(sender, kind="phone"),
            "recipient": str(entry.get("dest_code", ""))[:32],
            "text": str(entry.get("content", "")),
            "received_at": now,
            "due_at": now,
        }
        inbound_id = await arrivals_of(request).keep(Text(row))
        log.info("inbound_received", inbound=inbound_id, repeated=inbound_id is None)
    return _taken()


async def _entries(request: Request, house: House) -> list[dict[str, Any]]:
    """The entries of a push: 404 for anybody who does not know the address, 400 for what is no list of them."""
    secret = house.settings.alibaba.push_secret.get_secret_value()
    given = request.path_params["secret"]
    if not house.settings.alibaba.enabled or not secret or not hmac.compare_digest(given.encode(), secret.encode()):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    try:
        entries = json.loads(await read_body(request))
    except ValueError as fault:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is not JSON") from fault
    is_list = isinstance(entries, list) and len(entries) <= MOST_ENTRIES
    if not is_list or not all(isinstance(entry, dict) for entry in entries):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is no list of entries")
    return list(entries)


def _field(entry: dict[str, Any], name: str) -> str:
    value = str(entry.get(name, ""))
    if not value or len(value) > 64:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{name} is missing or too long")
    return value


def _number(entry: dict[str, Any]) -> str:
    number = str(entry.get("phone_number", "")).removeprefix("+").removeprefix("86")
    if not CHINESE_MOBILE.fullmatch(number):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "phone_number is not a mainland mobile number")
    return MAINLAND + number


def _taken() -> Response:
    return JSONResponse({"code": 0, "msg": "接收成功"})


router.add_route(f"{PREFIX}/receipts", receive_receipts, methods=["POST"])
router.add_route(f"{PREFIX}/inbound", receive_texts, methods=["POST"])
