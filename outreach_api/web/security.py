"""What every answer carries and no request may exceed."""

from __future__ import annotations

from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

USUAL_BODY_BYTES = 1_000_000
FEED_BODY_BYTES = 64_000_000
FEED_PATHS = "/api/v1/feeds/"

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


class BodyLimit:
    """Refuses a body above 1 MB with 413; a feed may be larger."""

    def __init__(self, app: ASGIApp) -> None:
        self._usual = RequestBodyLimitMiddleware(app, USUAL_BODY_BYTES)
        self._feeds = RequestBodyLimitMiddleware(app, FEED_BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_feed = scope["type"] == "http" and scope["path"].startswith(FEED_PATHS)
        await (self._feeds if is_feed else self._usual)(scope, receive, send)
