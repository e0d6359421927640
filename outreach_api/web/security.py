"""What every answer carries and no request may exceed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outreach_api.privacy.sight import begin_looking

USUAL_BODY_BYTES = 1_000_000
FEED_BODY_BYTES = 64_000_000
FEED_PATHS = "/api/v1/feeds/"
BODY_SECONDS = 30.0
"""For each part of a body that is still to come."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
HSTS = "max-age=31536000; includeSubDomains"
STATIC_PATHS = "/static/"
CACHE_CONTROL = b"cache-control"


class SecurityHeaders:
    """Adds the headers; HSTS only where we are reached by https, pages are never cached."""

    def __init__(self, app: ASGIApp, *, public_url: str) -> None:
        self._app = app
        fixed = HEADERS | ({"strict-transport-security": HSTS} if public_url.startswith("https:") else {})
        self._fixed = [(name.encode(), value.encode()) for name, value in fixed.items()]
        self._names = frozenset(name for name, _ in self._fixed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = scope["path"].startswith(STATIC_PATHS)
                replaced = self._names if kept else self._names | {CACHE_CONTROL}
                headers = [header for header in message["headers"] if header[0] not in replaced] + self._fixed
                message["headers"] = headers if kept else [*headers, (CACHE_CONTROL, b"no-store")]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class OwnSight:
    """Each request begins seeing nobody's limits; who comes in by it brings their own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begin_looking()
        await self._app(scope, receive, send)


Refuse = Callable[[Scope, HTTPStatus, str], Response]
"""Makes the answer to a request that is not let in."""


class BodyLimit:
    """Refuses a body above 1 MB with 413, a feed may be larger; and one that comes too slowly with 408."""

    def __init__(self, app: ASGIApp, *, refuse: Refuse, seconds: float = BODY_SECONDS) -> None:
        self._app, self._refuse, self._seconds = app, refuse, seconds
        self._usual = RequestBodyLimitMiddleware(self._timed, USUAL_BODY_BYTES)
        self._feeds = RequestBodyLimitMiddleware(self._timed, FEED_BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_feed = scope["path"].startswith(FEED_PATHS)
        if _told_length(scope) > (FEED_BODY_BYTES if is_feed else USUAL_BODY_BYTES):
            answer = self._refuse(scope, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
            await answer(scope, receive, send)
            return
        await (self._feeds if is_feed else self._usual)(scope, receive, send)

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Nobody keeps us waiting for the next part of a body; what comes after its end is no body."""
        at_its_end = False

        async def receive_in_time() -> Message:
            nonlocal at_its_end
            if at_its_end:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self._seconds)
            except TimeoutError as fault:
                raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, "the body came too slowly") from fault
            at_its_end = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        await self._app(scope, receive_in_time, send)


def _told_length(scope: Scope) -> int:
    told = Headers(scope=scope).get("content-length", "")
    return int(told) if told.isdecimal() else 0
