"""The wire of the voice side: Twilio's Calls resource over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.carrier.api import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, authenticate, span, uri
from sandbox.carrier.calls import Call
from sandbox.carrier.connections import cut
from sandbox.carrier.errors import CarrierError, ErrorCode
from sandbox.carrier.faults import CreateFault

router = APIRouter(prefix="/2010-04-01/Accounts/{account_sid}")


@router.post("/Calls.json")
@router.post("/Calls")
async def create_call(account_sid: str, request: Request) -> Response:
    outside = authenticate(request, account_sid)
    fields = await request.form()
    form = {name: value for name, value in fields.items() if isinstance(value, str)}
    events = tuple(str(value) for value in fields.getlist("StatusCallbackEvent")) or ("completed",)
    placed = outside.switchboard.create(form, events)
    match placed.fault:
        case CreateFault.TIMEOUT_AFTER_ACCEPT:
            await cut(request.scope)
        case CreateFault.ERROR_AFTER_ACCEPT:
            raise CarrierError(ErrorCode.UNAVAILABLE)
    return JSONResponse(placed.call.as_json(), status_code=201)


@router.get("/Calls/{sid}")
async def fetch_call(account_sid: str, sid: str, request: Request) -> Response:
    outside = authenticate(request, account_sid)
    return JSONResponse(outside.switchboard.fetch(sid.removesuffix(".json")).as_json())


@router.post("/Calls/{sid}")
async def update_call(account_sid: str, sid: str, request: Request) -> Response:
    outside = authenticate(request, account_sid)
    wanted = str((await request.form()).get("Status", ""))
    return JSONResponse(outside.switchboard.cancel(sid.removesuffix(".json"), wanted).as_json())


@router.get("/Calls.json")
@router.get("/Calls")
async def list_calls(account_sid: str, request: Request) -> Response:
    outside = authenticate(request, account_sid)
    query = dict(request.query_params)
    return JSONResponse(_page(request, query, outside.switchboard.calls(_filter(query))))


def _filter(query: dict[str, str]) -> Callable[[Call], bool]:
    since = span(query["StartTime>"])[0] if "StartTime>" in query else datetime.min.replace(tzinfo=UTC)
    until = span(query["StartTime<"])[1] if "StartTime<" in query else datetime.max.replace(tzinfo=UTC)
    to, sender = query.get("To"), query.get("From")

    def matches(call: Call) -> bool:
        at = call.started_at or call.created_at
        return to in (None, call.to) and sender in (None, call.sender) and since <= at < until

    return matches


def _page(request: Request, query: dict[str, str], found: list[Call]) -> dict[str, Any]:
    size = min(max(int(query.get("PageSize", DEFAULT_PAGE_SIZE)), 1), MAX_PAGE_SIZE)
    number = int(query.get("Page", 0))
    begin = number * size
    page = found[begin : begin + size]
    path = request.url.path
    following = uri(path, query, PageSize=size, Page=number + 1) if begin + size < len(found) else None
    return {
        "calls": [call.as_json() for call in page],
        "page": number,
        "page_size": size,
        "start": begin,
        "end": begin + max(len(page) - 1, 0),
        "uri": uri(path, query, PageSize=size, Page=number),
        "first_page_uri": uri(path, query, PageSize=size, Page=0),
        "next_page_uri": following,
        "previous_page_uri": None,
    }
