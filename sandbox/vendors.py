"""The other peers, driven by hand or by a rehearsal: WeChat's platform, a domestic carrier, an identity provider.

Each is told first what the product is to it; then somebody writes, follows, agrees to notices, or is reported on.
"""

from __future__ import annotations

import html
import itertools
import json
import re
import secrets
from datetime import UTC, datetime
from typing import Any

import httpx
from fastapi import APIRouter, HTTPException, Request
from pydantic import AwareDatetime, BaseModel

from sandbox.alibaba.sms import Sms
from sandbox.identity.provider import Client, Provider
from sandbox.wechat.platform import Platform, message_xml, notice_event_xml, signed_query

router = APIRouter(prefix="/_sandbox")
TIMEOUT_SECONDS = 10.0
_serial = itertools.count(1)
_CONTENT = re.compile(r"<Content>(.*?)</Content>", re.DOTALL)


class Account(BaseModel):
    """An Official Account, and the address that the platform calls for it."""

    app_id: str
    secret: str
    token: str
    webhook: str
    templates: dict[str, frozenset[str]] = {}


class Follower(BaseModel):
    openid: str
    at: AwareDatetime | None = None
    """By the product's clock, where that is not the one on the wall."""

    def now(self) -> int:
        return int((self.at or datetime.now(UTC)).timestamp())


class Words(Follower):
    text: str


class Happening(Follower):
    event: str
    key: str = ""


class Choice(Follower):
    template: str
    accept: bool = True


class TextAccount(BaseModel):
    """An account with the domestic carrier; `push` is where it pushes, without `/receipts` and `/inbound`."""

    access_key_id: str
    secret: str
    templates: frozenset[str]
    push: str


class Texted(BaseModel):
    number: str
    text: str


class Registered(BaseModel):
    """`people` by subject: the claims that the provider knows of each, `name` among them."""

    clients: list[Client]
    people: dict[str, dict[str, str]]


@router.put("/wechat")
def put_wechat(account: Account, request: Request) -> dict[str, str]:
    request.app.state.wechat = Platform(account.app_id, account.secret, templates=account.templates)
    request.app.state.wechat_account = account
    return {"base_url": str(request.base_url).rstrip("/")}


@router.post("/wechat/say")
def say(words: Words, request: Request) -> dict[str, Any]:
    """A follower writes; what the product answers within the call."""
    _platform(request).wrote(words.openid)
    said = message_xml(words.openid, words.now(), MsgType="text", Content=words.text, MsgId=str(next(_serial)))
    return _bring(request, said, words.now())


@router.post("/wechat/event")
def happen(happening: Happening, request: Request) -> dict[str, Any]:
    """A follower comes or goes, scans a code, or touches a key of the menu."""
    fields = {"MsgType": "event", "Event": happening.event, "EventKey": happening.key}
    return _bring(request, message_xml(happening.openid, happening.now(), **fields), happening.now())


@router.post("/wechat/notices")
def choose(choice: Choice, request: Request) -> dict[str, Any]:
    """A follower agrees to a template's notices, or refuses them."""
    entry = (choice.openid, choice.template)
    taken = _platform(request).taken
    taken.add(entry) if choice.accept else taken.discard(entry)
    status = "accept" if choice.accept else "reject"
    told = {"TemplateId": choice.template, "SubscribeStatusString": status, "PopupScene": "1"}
    event = notice_event_xml(choice.openid, choice.now(), "subscribe_msg_popup_event", told)
    return _bring(request, event, choice.now())


@router.get("/wechat")
def show_wechat(request: Request) -> dict[str, Any]:
    platform = _platform(request)
    return {"sent": platform.sent, "notices": platform.notices}


@router.put("/alibaba")
def put_alibaba(account: TextAccount, request: Request) -> dict[str, str]:
    request.app.state.alibaba = Sms(account.access_key_id, account.secret, account.templates)
    request.app.state.alibaba_push = account.push
    return {"base_url": f"{str(request.base_url).rstrip('/')}/alibaba"}


@router.post("/alibaba/say")
def text(texted: Texted, request: Request) -> dict[str, int]:
    """Somebody answers by text."""
    entry = {"phone_number": texted.number, "content": texted.text, "sequence_id": next(_serial), "dest_code": "0"}
    return _push(request, "inbound", json.dumps([entry]))


@router.post("/alibaba/receipts")
def report(request: Request) -> dict[str, int]:
    """Everything that was taken arrives."""
    return _push(request, "receipts", _sms(request).receipts())


@router.get("/alibaba")
def show_alibaba(request: Request) -> dict[str, Any]:
    return {"taken": _sms(request).taken}


@router.put("/identity")
def put_identity(registered: Registered, request: Request) -> dict[str, str]:
    issuer = f"{str(request.base_url).rstrip('/')}/identity"
    clients = {client.client_id: client for client in registered.clients}
    request.app.state.identity = Provider(issuer, clients, registered.people)
    return {"issuer": issuer}


def _bring(request: Request, message: str, now: int) -> dict[str, Any]:
    account: Account = request.app.state.wechat_account
    query = signed_query(account.token, now, secrets.token_hex(8))
    answer = httpx.post(
        account.webhook, params=query, content=message.encode(), timeout=TIMEOUT_SECONDS, trust_env=False
    )
    given = _CONTENT.search(answer.text)
    return {"status": answer.status_code, "answer": html.unescape(given[1]) if given else None}


def _push(request: Request, kind: str, entries: str) -> dict[str, int]:
    _sms(request)
    address = f"{request.app.state.alibaba_push}/{kind}"
    return {"status": httpx.post(address, content=entries, timeout=TIMEOUT_SECONDS, trust_env=False).status_code}


def _platform(request: Request) -> Platform:
    platform: Platform | None = request.app.state.wechat
    if platform is None:
        raise HTTPException(409, "no account yet: PUT /_sandbox/wechat first")
    return platform


def _sms(request: Request) -> Sms:
    sms: Sms | None = request.app.state.alibaba
    if sms is None:
        raise HTTPException(409, "no account yet: PUT /_sandbox/alibaba first")
    return sms
