"""An application asked within the process: the request as it would be on the wire, without the wire."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Message, Scope
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

from sandbox.carrier.connections import HungUp

Done = TypeVar("Done")


@dataclass
class Answer:
    """What came back; 500 where nothing did."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


async def ask(app: ASGIApp, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """One request. What the application raises is raised here."""
    answer, given = Answer(), [body]

    async def receive() -> Message:
        return {"type": "http.request", "body": given.pop()} if given else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message["headers"])
        else:
            answer.body += message.get("body", b"")

    await app(_scope(method, target, headers, body), receive, send)
    return answer


def _scope(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Scope:
    parts = urlsplit(target)
    written = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [(b"host", b"outreach.test"), (b"content-length", str(len(body)).encode()), *written],
        "client": None,
        "server": ("outreach.test", 80),
    }


def run_at_once(coroutine: Coroutine[Any, Any, Done]) -> Done:
    """Run what waits for nothing, without an event loop.

    Raises:
        RuntimeError: it waits for something.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        answer: Done = done.value
        return answer
    coroutine.close()
    raise RuntimeError("the carrier waits for something: there is no event loop here")


class CarrierWithin:
    """Stands where urllib3's connections to the carrier do: what the SDK asks is answered by `app`, in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def connection_from_url(self, _base_url: str) -> CarrierWithin:
        return self

    def clear(self) -> None:
        """There is nothing to close."""

    def urlopen(
        self, method: str, target: str, *, body: str | None, headers: Mapping[str, str], **_: Any
    ) -> HTTPResponse:
        """Raises: ProtocolError: the carrier left us without an answer."""
        try:
            answer = run_at_once(ask(self._app, method, target, headers, (body or "").encode()))
        except HungUp as cut:
            raise ProtocolError("Connection aborted.", cut) from cut
        written = {name.decode(): value.decode("latin-1") for name, value in answer.headers}
        return HTTPResponse(answer.body, headers=written, status=answer.status)
