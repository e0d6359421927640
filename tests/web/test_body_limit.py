from __future__ import annotations

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from outreach_api.web.security import BodyLimit

SECONDS = 0.02


async def reads_the_body(scope: Scope, receive: Receive, send: Send) -> None:
    await Request(scope, receive).body()
    await asyncio.wait_for(receive(), 1)
    await Response("done")(scope, receive, send)


def serve(*parts: tuple[bytes, float]) -> None:
    """Bring a body in parts, each after so many seconds; then stay, long enough for a limit to strike, and hang up."""
    waiting = list(parts)

    async def receive() -> Message:
        if not waiting:
            await asyncio.sleep(3 * SECONDS)
            return {"type": "http.disconnect"}
        part, seconds = waiting.pop(0)
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        return None

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    app = BodyLimit(reads_the_body, refuse=lambda *_: Response(status_code=413), seconds=SECONDS)
    asyncio.run(app(scope, receive, send))


def test_a_body_that_comes_too_slowly_is_given_up() -> None:
    with pytest.raises(HTTPException) as given_up:
        serve((b"x", 0), (b"y", 10 * SECONDS))
    assert given_up.value.status_code == 408


def test_who_has_sent_everything_may_wait_for_the_answer() -> None:
    serve((b"x", 0), (b"y", 0))
