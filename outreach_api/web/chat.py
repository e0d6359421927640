"""The chat page: opened by a link, for whoever can say who they are; talk goes in by request and out by a stream.

What is written is committed before it is acknowledged, and goes through the inbox like every other message. A stream
holds no database session: it reads what is new, and waits.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from models.chat import ChatLink, ChatVisit
from models.resident import Phone
from outreach_api.arrived import Text
from outreach_api.chat.links import find_link
from outreach_api.chat.talk import Page, inbound_row, lines_since, standing, written_of_late
from outreach_api.chat.visits import Denied, close_visit, open_visit, resume_visit
from outreach_api.chat.welcome import welcome
from outreach_api.web.chat_tail import ChatTail
from outreach_api.web.cookies import narrow_name
from outreach_api.web.house import House, house_of
from outreach_api.web.page import render
from outreach_api.web.public import keep_to_limit, too_many
from outreach_api.web.webhooks import arrivals_of

router = APIRouter(prefix="/c", include_in_schema=False)
COOKIE = "chat"
LONGEST_WORDS = 1000
RETRY_MS = 1500
KEEP_ALIVE_SECONDS = 20.0
# What guards a link is its own three tries; whole districts of phones come from one address of their operator's.
IDENTITY_CHECKS = (300, timedelta(minutes=1))
MOST_WRITTEN_A_MINUTE = 60
"""On all pages of one phone: each message is the assistant's work."""
RELATIONS = ("子女", "老伴", "孙辈", "兄弟姐妹", "照护人", "家属")
BUTTON = r"^(apply|help):[a-z0-9-]{1,60}:[0-9]{1,9}$"
CLIENT_ID = r"^[A-Za-z0-9-]{8,40}$"

Token = Annotated[str, Path(max_length=64)]


class Identity(BaseModel):
    """Surname and birth month, and nothing else: no digits of an ID, no code."""

    model_config = ConfigDict(extra="forbid")

    surname: str = Field(min_length=1, max_length=4)
    month: int = Field(ge=1, le=12)
    relation: str | None = Field(default=None, max_length=8)


class Written(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client_id: str = Field(pattern=CLIENT_ID)
    text: str = Field(min_length=1, max_length=LONGEST_WORDS)
    button: str | None = Field(default=None, pattern=BUTTON)


@router.get("/{token}", name="chat")
def chat(request: Request, token: Token) -> Response:
    """The page itself: the same for everybody, with nothing personal in it."""
    with house_of(request).sessions.read() as session:
        leads = find_link(session, token, now=house_of(request).clock.now()) is not None
    status = HTTPStatus.OK if leads else HTTPStatus.NOT_FOUND
    by_real_name = house_of(request).settings.real_name
    real_name = by_real_name.label if by_real_name.enabled else ""
    return render(
        request,
        "chat.html",
        status=status,
        leads=leads,
        relations=RELATIONS,
        real_name=real_name,
        real_name_path=f"/c/{token}/real-name",
    )


@router.get("/{token}/state", name="chat_state")
def chat_state(request: Request, token: Token) -> dict[str, bool]:
    """Whether this browser is in, or may still try to get in."""
    house = house_of(request)
    with house.sessions.read() as session:
        link = _link(session, house, token)
        return {"open": _visit(session, house, link, request) is not None, "locked": link.locked_at is not None}


@router.post("/{token}/identity", name="chat_identity")
def chat_identity(request: Request, token: Token, said: Identity) -> Response:
    """Say who one is. A few tries a link, whoever tries."""
    keep_to_limit(request, "chat_identity", IDENTITY_CHECKS)
    house, now = house_of(request), house_of(request).clock.now()
    relation = said.relation if said.relation in RELATIONS else None
    with house.sessions.write() as session:
        link = _link(session, house, token)
        opened = open_visit(session, link, surname=said.surname, month=said.month, relation=relation, now=now)
        if isinstance(opened, Denied):
            return JSONResponse({"denied": opened.value}, HTTPStatus.FORBIDDEN)
        visit, secret = opened
        welcome(session, link, visit, cards=house.cards, zone=house.settings.zone, now=now)
        lasts = int((visit.expires_at - now).total_seconds())
    answer = JSONResponse({"open": True})
    keep_secret(answer, house, token, secret, lasts)
    return answer


def keep_secret(answer: Response, house: House, token: str, secret: str, lasts: int) -> None:
    """Let this browser in at this link, and nowhere else, for so many seconds."""
    answer.set_cookie(
        narrow_name(house.settings, COOKIE),
        secret,
        max_age=lasts,
        path=f"/c/{token}",
        httponly=True,
        samesite="strict",
        secure=_is_secure(house),
    )


def _is_secure(house: House) -> bool:
    return house.settings.public_url.startswith("https:")


@router.post("/{token}/leave", name="chat_leave", status_code=HTTPStatus.NO_CONTENT)
def chat_leave(request: Request, token: Token) -> Response:
    """Close the page for this browser, on a phone that others use too."""
    house = house_of(request)
    with house.sessions.write() as session:
        link = _link(session, house, token)
        visit = _visit(session, house, link, request)
        if visit is not None:
            close_visit(visit, now=house.clock.now())
    answer = Response(status_code=HTTPStatus.NO_CONTENT)
    name = narrow_name(house.settings, COOKIE)
    answer.delete_cookie(name, path=f"/c/{token}", secure=_is_secure(house), httponly=True)
    return answer


@router.post("/{token}/messages", name="chat_write")
async def chat_write(request: Request, token: Token, written: Written) -> dict[str, str]:
    """Take a message in. The same client id again changes nothing."""
    house = house_of(request)
    phone_id, row = await run_in_threadpool(_row, request, house, token, written)
    await arrivals_of(request).keep(Text(row))
    chats: ChatTail = request.app.state.chats
    chats.tell(phone_id)
    return {"client_id": written.client_id}


@router.get("/{token}/stream", name="chat_stream")
async def chat_stream(
    request: Request,
    token: Token,
    after: Annotated[int, Query(ge=0)] = 0,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Server-sent events: every line after the last one seen, then each new one, and how things stand."""
    house = house_of(request)
    chats: ChatTail = request.app.state.chats
    page = await chats.read(_page, request, house, token)
    seen = int(last_event_id) if last_event_id.isdecimal() else after
    return StreamingResponse(
        _events(house, chats, page, seen), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


async def _events(house: House, chats: ChatTail, page: Page, seen: int) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    stood: dict[str, Any] | None = None
    with chats.watching(page.visit_id, page.phone_id) as open_page:
        while not open_page.over:
            lines, stands = await chats.read(_read, house, page, seen)
            for line in lines:
                seen = line["id"]
                yield f"id: {seen}\nevent: line\ndata: {_json(line)}\n\n".encode()
            if stands != stood or lines:
                stood = stands
                yield f"event: standing\ndata: {_json(stands)}\n\n".encode()
            while not await open_page.wait(KEEP_ALIVE_SECONDS):
                yield b": here\n\n"
    yield b"event: over\ndata: 1\n\n"


def _read(house: House, page: Page, seen: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    with house.sessions.read() as session:
        return lines_since(session, page, seen), standing(session, page)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _page(request: Request, house: House, token: str) -> Page:
    with house.sessions.read() as session:
        return _page_of(session, request, house, token)


def _page_of(session: Session, request: Request, house: House, token: str) -> Page:
    link = _link(session, house, token)
    visit = _visit(session, house, link, request)
    if visit is None:
        raise HTTPException(HTTPStatus.UNAUTHORIZED)
    return Page(link.id, visit.id, link.resident_id, link.phone_id)


def _row(request: Request, house: House, token: str, written: Written) -> tuple[int, dict[str, Any]]:
    """The phone whose talk it belongs to, and the row."""
    with house.sessions.read() as session:
        page = _page_of(session, request, house, token)
        phone, now = session.get_one(Phone, page.phone_id), house.clock.now()
        if written_of_late(session, phone, now=now) >= MOST_WRITTEN_A_MINUTE:
            raise too_many()
        text = written.text.strip() or written.text
        return phone.id, inbound_row(page, phone, written.client_id, text, written.button, now)


def _link(session: Session, house: House, token: str) -> ChatLink:
    link = find_link(session, token, now=house.clock.now())
    if link is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return link


def _visit(session: Session, house: House, link: ChatLink, request: Request) -> ChatVisit | None:
    secret = request.cookies.get(narrow_name(house.settings, COOKIE), "")
    return resume_visit(session, link, secret, now=house.clock.now()) if secret else None
