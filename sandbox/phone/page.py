"""The phone's page and what it asks and tells. Everything comes from this server; nothing from anywhere else."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from sandbox.outside import Outside
from sandbox.phone.handset import Handset
from sandbox.phone.words import SAYINGS, WORDS, Locale

FOLDER = Path(__file__).parent
WAIT_SECONDS = 10.0
LONGEST = 500
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_PAGE = Template((FOLDER / "phone.html").read_text("utf-8"))
_KINDS = {"phone.js": "text/javascript", "phone.css": "text/css"}

router = APIRouter(prefix="/phone")


class Words(BaseModel):
    """`heard`: so many characters had been spoken when they spoke into it."""

    text: str = Field(min_length=1, max_length=LONGEST)
    heard: int | None = Field(None, ge=0)


class Key(BaseModel):
    key: Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"]


@router.get("", response_class=HTMLResponse)
def page(request: Request, lang: Locale = Locale.ZH) -> HTMLResponse:
    handset = _handset(request)
    words = {key: escape(text) for key, text in WORDS[lang].items()}
    year, month = handset.born.split("-")
    who = WORDS[lang]["who"].format(name=handset.owner, surname=handset.owner[0], year=year, month=int(month))
    return HTMLResponse(
        _PAGE.substitute(
            words, lang=lang.value, who=escape(who), number=escape(handset.number), sayings=_sayings(handset, lang)
        ),
        headers=HEADERS,
    )


def _sayings(handset: Handset, lang: Locale) -> str:
    """A button for each; who does not read Chinese is told what it means."""
    month = int(handset.born.partition("-")[2])
    buttons = []
    for phrase, meaning in SAYINGS:
        said = escape(phrase.format(surname=handset.owner[0], month=month))
        gloss = f"<small>{escape(meaning)}</small>" if lang is Locale.EN else ""
        buttons.append(
            f'<button type="button" class="plain" data-say="{said}"><span lang="zh">{said}</span>{gloss}</button>'
        )
    return "".join(buttons)


@router.get("/{name}.{ending}")
def asset(name: Literal["phone"], ending: Literal["js", "css"]) -> Response:
    file = f"{name}.{ending}"
    return Response((FOLDER / file).read_text("utf-8"), media_type=_KINDS[file], headers=HEADERS)


@router.get("/since/{version}")
def since(request: Request, version: int, wait: Annotated[float, Query(ge=0, le=WAIT_SECONDS)] = WAIT_SECONDS) -> Any:
    return _handset(request).since(version, seconds=wait)


@router.post("/text", status_code=204)
def write(words: Words, request: Request) -> None:
    handset = _handset(request)
    handset.note_written(words.text)
    _outside(request).exchange.write(handset.number, words.text)


@router.post("/wish", status_code=204)
def wish(request: Request) -> None:
    _handset(request).wish_a_call()


@router.post("/call/answer", status_code=204)
def answer(request: Request) -> None:
    _handset(request).answer()


@router.post("/call/decline", status_code=204)
def decline(request: Request) -> None:
    _handset(request).decline()


@router.post("/call/hang-up", status_code=204)
def hang_up(request: Request) -> None:
    _handset(request).hang_up()


@router.post("/call/say", status_code=204)
def say(words: Words, request: Request) -> None:
    _handset(request).say(words.text, heard=words.heard)


@router.post("/call/press", status_code=204)
def press(key: Key, request: Request) -> None:
    _handset(request).press(key.key)


def _outside(request: Request) -> Outside:
    outside: Outside | None = request.app.state.outside
    if outside is None:
        raise HTTPException(409, "no world yet")
    return outside


def _handset(request: Request) -> Handset:
    handset = _outside(request).handset
    if handset is None:
        raise HTTPException(404, "nobody holds a phone here")
    return handset
