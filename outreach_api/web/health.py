"""For those who watch over the service: does the process live, can it work, and its figures."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import asdict
from http import HTTPStatus

import httpx
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from models.crypto import KeyRingFault
from models.migrate import is_current
from models.resident import Phone
from outreach_api.conversations.rasa_bot import READY_PATH
from outreach_api.measures import registry_of
from outreach_api.spool import Spool
from outreach_api.web.house import House, house_of

BOT_SECONDS = 1.0
AWAY = "database unavailable"
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "up"}


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """Whether the process can take requests: its database answers, is migrated, and opens with its keys.

    A bot that is not reached is told but takes nothing away: what residents write is kept, and answered later. The same
    goes for a database that is away, as long as the spool takes what arrives: only here it does.
    """
    house = house_of(request)
    spool = Spool.of(house.settings, house.ring)
    fault = _fault(house)
    if fault == AWAY and spool.has_room():
        return JSONResponse({"status": "spooling", **asdict(spool.waiting())})
    if fault is not None:
        return JSONResponse({"status": fault}, status_code=503)
    told = {"status": "ready", "bot": "reachable" if _reaches_bot(house) else "unreachable"}
    return JSONResponse(told if spool.is_empty() else told | asdict(spool.waiting()))


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Prometheus' figures, for who has the token; without one set, for this machine only."""
    if not _may_measure(request):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    house = house_of(request)
    registry = registry_of(house.sessions, house.clock, Spool.of(house.settings, house.ring))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _fault(house: House) -> str | None:
    try:
        with house.sessions.read() as session:
            if not is_current(session.connection()):
                return "database not migrated"
            session.scalar(select(Phone.number).limit(1))
    except SQLAlchemyError:
        return AWAY
    except KeyRingFault:
        return "keys do not open the database"
    return None


def _reaches_bot(house: House) -> bool:
    with httpx.Client(timeout=BOT_SECONDS, trust_env=False) as client:
        for url in house.settings.bot_urls:
            try:
                if client.get(url.rstrip("/") + READY_PATH).is_success:
                    return True
            except httpx.HTTPError:
                continue
    return False


def _may_measure(request: Request) -> bool:
    token = house_of(request).settings.metrics_token.get_secret_value()
    if token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    # What a proxy on this machine passes on comes from anywhere.
    return _is_loopback(request) and not any(name in request.headers for name in FORWARDED)


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
