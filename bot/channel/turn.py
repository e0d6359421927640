"""The channel `turn`: POST /webhooks/turn/webhook, GET /webhooks/turn/ready."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.channel.dialogue import answer
from bot.channel.state import BadTurnError, Turn

LARGEST_BODY = 64 * 1024


class TurnChannel(InputChannel):
    """Answers a turn from the request alone; Rasa's own message handler, which keeps trackers, is never called."""

    def __init__(self, secret: str):
        self._secret = secret.encode()

    @classmethod
    def name(cls) -> str:
        return "turn"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> TurnChannel:
        """The secret comes from the environment: a credentials file would be a second place to keep it.

        Raises:
            ValueError: OUTREACH_BOT_SECRET is not set; without it anyone on this machine could ask.
        """
        secret = os.environ.get("OUTREACH_BOT_SECRET", "")
        if not secret:
            raise ValueError("OUTREACH_BOT_SECRET must be set.")
        return cls(secret)

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[None]]) -> Blueprint:
        routes = Blueprint("turn_webhook", "turn")

        @routes.get("/ready")
        async def ready(request: Request) -> HTTPResponse:
            return self._ready(request)

        @routes.post("/webhook")
        async def turn(request: Request) -> HTTPResponse:
            return await self._turn(request)

        return routes

    def _ready(self, request: Request) -> HTTPResponse:
        agent = request.app.ctx.agent
        if not agent or not agent.is_ready():
            return response.json({"ready": False}, status=503)
        return response.json({"ready": True, "model": agent.processor.model_filename.removesuffix(".tar.gz")})

    async def _turn(self, request: Request) -> HTTPResponse:
        if not self._may_ask(request):
            return response.json({"error": "the bearer secret is missing or wrong"}, status=401)
        if len(request.body) > LARGEST_BODY:
            return response.json({"error": f"the body is larger than {LARGEST_BODY} bytes"}, status=413)
        try:
            turn = Turn.of(json.loads(request.body))
        except (UnicodeDecodeError, json.JSONDecodeError):
            return response.json({"error": "the body is not JSON"}, status=400)
        except BadTurnError as fault:
            return response.json({"error": str(fault)}, status=400)
        return response.json(await answer(request.app.ctx.agent, turn), ensure_ascii=False)

    def _may_ask(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(errors="replace"), b"Bearer " + self._secret)
