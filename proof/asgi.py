"""An application asked within the process: the request as it would be on the wire, without the wire."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from starlette.requests import ClientDisconnect
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

    def as_response(self, **given: Any) -> HTTPResponse:
        """As urllib3 would have read it."""
        written = {name.decode(): value.decode("latin-1") for name, value in self.headers}
        return HTTPResponse(BytesIO(self.body), headers=written, status=self.status, **given)


@dataclass(frozen=True)
class Asked:
    """One request. Who asks hangs up at the first part of an answer that is `enough`."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    client: tuple[str, int] | None = None
    enough: Callable[[bytes], bool] = lambda _part: False


async def ask(app: ASGIApp, asked: Asked) -> Answer:
    """What the application raises is raised here."""
    answer, given = Answer(), [asked.body]
    hung_up = False

    async def receive() -> Message:
        return {"type": "http.request", "body": given.pop()} if given else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal hung_up
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message["headers"])
        else:
            part = message.get("body", b"")
            answer.body += part
            if asked.enough(part):
                hung_up = True
                raise OSError("the reader hung up")

    try:
        await app(_scope(asked), receive, send)
    except (OSError, ClientDisconnect):
        if not hung_up:
            raise
    return answer


def _scope(asked: Asked) -> Scope:
    parts = urlsplit(asked.target)
    written = [(name.lower().encode(), value.encode("latin-1")) for name, value in asked.headers.items()]
    length = str(len(asked.body)).encode()
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [(b"host", b"outreach.test"), (b"content-length", length), *written],
        "client": asked.client,
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
            answer = run_at_once(ask(self._app, Asked(method, target, headers, (body or "").encode())))
        except HungUp as cut:
            raise ProtocolError("Connection aborted.", cut) from cut
        return answer.as_response()
