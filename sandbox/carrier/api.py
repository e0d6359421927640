"""The wire: Twilio's Messages resource over HTTP with Basic authentication and Twilio's error bodies."""

from __future__ import annotations

import re
import secrets
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.carrier.connections import cut
from sandbox.carrier.errors import CarrierError, ErrorCode, error_answer
from sandbox.carrier.faults import CreateFault
from sandbox.carrier.messages import Message
from sandbox.outside import Outside

PREFIX = "/2010-04-01/Accounts/{account_sid}"
router = APIRouter(prefix=PREFIX)

_CREATE = re.compile(r"/2010-04-01/Accounts/(?P<account_sid>[^/]+)/Messages(\.json)?")
MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 50


async def create_message(request: Request) -> Response:
    """A plain route: what FastAPI does for one with parameters takes as long as all the rest."""
    return await _create(request, request.path_params["account_sid"])


class ShortWay:
    """Leads creates past the application's search for their route; the rest goes through it."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        create = _CREATE.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if create is None:
            await self._app(scope, receive, send)
            return
        request = Request({**scope, "app": self._app}, receive)
        try:
            answer = await _create(request, create["account_sid"])
        except CarrierError as error:
            answer = error_answer(error)
        await answer(scope, receive, send)


async def _create(request: Request, account_sid: str) -> Response:
    outside = authenticate(request, account_sid)
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    created = outside.exchange.create(form)
    match created.fault:
        case CreateFault.TIMEOUT_AFTER_ACCEPT:
            await cut(request.scope)
        case CreateFault.ERROR_AFTER_ACCEPT:
            raise CarrierError(ErrorCode.UNAVAILABLE)
    return JSONResponse(created.message.as_json(), status_code=201)


router.add_route(f"{PREFIX}/Messages.json", create_message, methods=["POST"])
router.add_route(f"{PREFIX}/Messages", create_message, methods=["POST"])


@router.get("/Messages/{sid}")
async def fetch_message(account_sid: str, sid: str, request: Request) -> Response:
    return JSONResponse(authenticate(request, account_sid).exchange.fetch(sid.removesuffix(".json")).as_json())


@router.get("/Messages.json")
@router.get("/Messages")
async def list_messages(account_sid: str, request: Request) -> Response:
    outside = authenticate(request, account_sid)
    query = dict(request.query_params)
    found = outside.exchange.messages(_filter(query))
    return JSONResponse(_page(request, query, found))


def authenticate(request: Request, account_sid: str) -> Outside:
    """Raises: CarrierError: no world yet, another account, or a wrong token."""
    outside: Outside | None = request.app.state.outside
    user, _, password = _credentials(request).partition(":")
    if outside is None or user != account_sid or account_sid != outside.world.account_sid:
        raise CarrierError(ErrorCode.AUTHENTICATE)
    if not secrets.compare_digest(password.encode(), outside.world.auth_token.encode()):
        raise CarrierError(ErrorCode.AUTHENTICATE)
    return outside


def _credentials(request: Request) -> str:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(encoded, validate=True).decode()
    except ValueError:
        return ""


def _filter(query: dict[str, str]) -> Callable[[Message], bool]:
    since, until = _window(query)
    to, sender = query.get("To"), query.get("From")

    def matches(message: Message) -> bool:
        return (
            (to is None or message.to == to)
            and (sender is None or message.sender == sender)
            and since <= message.listed_at < until
        )

    return matches


def _window(query: dict[str, str]) -> tuple[datetime, datetime]:
    """`DateSent` is one day; `DateSent>` and `DateSent<` are inclusive bounds, each a day or an instant."""
    since, until = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if "DateSent" in query:
        since, until = span(query["DateSent"])
    if "DateSent>" in query:
        since = span(query["DateSent>"])[0]
    if "DateSent<" in query:
        until = span(query["DateSent<"])[1]
    return since, until


def span(text: str) -> tuple[datetime, datetime]:
    if len(text) == len("2026-03-02"):
        midnight = datetime.combine(date.fromisoformat(text), time(), UTC)
        return midnight, midnight + timedelta(days=1)
    instant = datetime.fromisoformat(text)
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return instant, instant + timedelta(seconds=1)


def _page(request: Request, query: dict[str, str], found: list[Message]) -> dict[str, Any]:
    """Pages hang on the last message seen, so that messages arriving meanwhile shift nothing."""
    size = min(max(int(query.get("PageSize", DEFAULT_PAGE_SIZE)), 1), MAX_PAGE_SIZE)
    number = int(query.get("Page", 0))
    begin = _after(found, query.get("PageToken"))
    page = found[begin : begin + size]
    path = request.url.path
    following = None
    if begin + size < len(found):
        following = uri(path, query, PageSize=size, Page=number + 1, PageToken="PA" + page[-1].sid)
    return {
        "messages": [message.as_json() for message in page],
        "page": number,
        "page_size": size,
        "start": begin,
        "end": begin + max(len(page) - 1, 0),
        "uri": uri(path, query, PageSize=size, Page=number),
        "first_page_uri": uri(path, {**query, "PageToken": ""}, PageSize=size, Page=0),
        "next_page_uri": following,
        "previous_page_uri": None,
    }


def _after(found: list[Message], token: str | None) -> int:
    if not token:
        return 0
    return next((place + 1 for place, message in enumerate(found) if "PA" + message.sid == token), len(found))


def uri(path: str, query: dict[str, str], **changes: Any) -> str:
    merged = {**query, **{name: str(value) for name, value in changes.items()}}
    return path + "?" + urlencode({name: value for name, value in merged.items() if value})
