"""The platform's interfaces by which an account answers and notifies, with the refusals it is known for."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request

router = APIRouter()
LONGEST_VALUE = 20
MOST_ANSWERS = 20
"""Customer-service messages after each message of a follower's."""
TOKEN_SECONDS = 7200


@dataclass
class Platform:
    """One Official Account's world."""

    app_id: str
    secret: str
    tokens_given: int = 0
    token: str = ""
    answers_left: dict[str, int] = field(default_factory=dict)
    """Followers who wrote within 48 hours, and how often they may still be written to."""
    sent: list[dict[str, str]] = field(default_factory=list)
    templates: dict[str, frozenset[str]] = field(default_factory=dict)
    """Templates of long-term notices approved for the account, with their keywords."""
    taken: set[tuple[str, str]] = field(default_factory=set)
    """Openid and template: who has agreed to which notices."""
    busy: bool = False
    """Whether it answers that its system is, which says nothing of the message."""
    notices: list[dict[str, Any]] = field(default_factory=list)

    def wrote(self, openid: str) -> None:
        self.answers_left[openid] = MOST_ANSWERS

    def withdraw_token(self) -> None:
        """As when somebody else renews it."""
        self.token = ""

    def give_token(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("appid") != self.app_id or asked.get("secret") != self.secret:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        if not self.token or asked.get("force_refresh"):
            self.token = secrets.token_hex(16)
            self.tokens_given += 1
        return {"access_token": self.token, "expires_in": TOKEN_SECONDS}

    def take(self, token: str, message: dict[str, Any]) -> dict[str, Any]:
        if not self.token or token != self.token:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        if self.busy:
            return {"errcode": -1, "errmsg": "system error"}
        openid = message["touser"]
        if openid not in self.answers_left:
            return {"errcode": 45015, "errmsg": "response out of time limit"}
        if self.answers_left[openid] == 0:
            return {"errcode": 45047, "errmsg": "out of response count limit"}
        self.answers_left[openid] -= 1
        self.sent.append({"to": openid, "text": message["text"]["content"]})
        return {"errcode": 0, "errmsg": "ok"}

    def take_notice(self, token: str, notice: dict[str, Any]) -> dict[str, Any]:
        if not self.token or token != self.token:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        keywords = self.templates.get(notice["template_id"])
        if keywords is None:
            return {"errcode": 40037, "errmsg": "invalid template_id"}
        values = {name: given["value"] for name, given in notice["data"].items()}
        if set(values) != keywords or any(not value or len(value) > LONGEST_VALUE for value in values.values()):
            return {"errcode": 47003, "errmsg": "argument invalid"}
        if (notice["touser"], notice["template_id"]) not in self.taken:
            return {"errcode": 43101, "errmsg": "user refuse to accept the msg"}
        number = 10_000 + len(self.notices)
        self.notices.append({"msgid": number, "to": notice["touser"], "page": notice.get("page", ""), **values})
        return {"errcode": 0, "errmsg": "ok", "msgid": number}


@router.post("/cgi-bin/message/subscribe/bizsend")
async def subscribe_send(request: Request, access_token: str) -> dict[str, Any]:
    return _platform(request).take_notice(access_token, await request.json())


@router.post("/cgi-bin/stable_token")
async def stable_token(request: Request) -> dict[str, Any]:
    return _platform(request).give_token(await request.json())


@router.post("/cgi-bin/message/custom/send")
async def custom_send(request: Request, access_token: str) -> dict[str, Any]:
    return _platform(request).take(access_token, await request.json())


def _platform(request: Request) -> Platform:
    platform: Platform | None = request.app.state.wechat
    if platform is None:
        raise HTTPException(404, "no account is played here")
    return platform


def build_app(platform: Platform) -> FastAPI:
    app = FastAPI(title="WeChat", openapi_url=None)
    app.state.wechat = platform
    app.include_router(router)
    return app


def signed_query(token: str, timestamp: int, nonce: str, *sealed: str) -> dict[str, str]:
    """The query with which the platform calls an account."""
    parts = sorted([token, str(timestamp), nonce, *sealed])
    signature = hashlib.sha1("".join(parts).encode(), usedforsecurity=False).hexdigest()
    query = {"timestamp": str(timestamp), "nonce": nonce}
    return query | ({"encrypt_type": "aes", "msg_signature": signature} if sealed else {"signature": signature})


def message_xml(openid: str, created: int, **fields: str) -> str:
    """A message or an event of a follower's, as the platform brings it."""
    given = {"ToUserName": "gh_1", "FromUserName": openid, "CreateTime": str(created), **fields}
    return "<xml>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in given.items()) + "</xml>"


def notice_event_xml(openid: str, created: int, event: str, *entries: dict[str, str]) -> str:
    """An event about notices, with its list."""
    wrapper = "".join(part.capitalize() for part in event.split("_"))
    listed = "".join(
        "<List>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in entry.items()) + "</List>"
        for entry in entries
    )
    head = message_xml(openid, created, MsgType="event", Event=event)
    return head.replace("</xml>", f"<{wrapper}>{listed}</{wrapper}></xml>")
