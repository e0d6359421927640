"""Residents at their chat pages: a browser's requests, and the stream as a browser reads it."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from models.chat import ChatLink, ChatVisit
from models.resident import Resident
from outreach_api.chat.links import make_link
from outreach_api.chat.talk import Page, lines_since, standing
from outreach_api.web.app import create_app
from tests.conversations.street import Neighbour, Street
from tests.web.conftest import FakeHouse, TestClient


@dataclass
class Browser:
    """One browser at one link."""

    parlour: Parlour
    client: TestClient
    token: str

    def say_who(self, surname: str = "陈", month: int = 5, relation: str | None = None) -> Any:
        return self.client.post(
            f"/c/{self.token}/identity", json={"surname": surname, "month": month, "relation": relation}
        )

    def post(self, text: str, *, button: str | None = None, client_id: str | None = None) -> Any:
        body = {"client_id": client_id or str(uuid4()), "text": text, "button": button}
        return self.client.post(f"/c/{self.token}/messages", json=body)

    def write(self, text: str, *, button: str | None = None) -> list[dict[str, Any]]:
        """Write, and what the page then shows that it did not before."""
        before = self.lines()
        assert self.post(text, button=button).status_code == 200
        self.parlour.street.answer()
        return self.lines()[len(before) :]

    def answers(self, text: str, *, button: str | None = None) -> str:
        return "\n".join(line["text"] for line in self.write(text, button=button) if line["by"] == "us")

    def page(self) -> Page:
        with self.parlour.street.sessions.read() as session:
            link = session.get_one(ChatLink, self.parlour.links[self.token])
            return Page(link.id, self.parlour.newest_visit(link.id), link.resident_id, link.phone_id)

    def lines(self, after: int = 0) -> list[dict[str, Any]]:
        with self.parlour.street.sessions.read() as session:
            return lines_since(session, self.page(), after)

    def standing(self) -> dict[str, Any]:
        with self.parlour.street.sessions.read() as session:
            return standing(session, self.page())


class Parlour:
    def __init__(self, street: Street, house: FakeHouse) -> None:
        self.street = street
        self.house = house
        self.app = create_app(house, wall_clock=house.clock)
        self.links: dict[str, int] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Parlour:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def a_link(self, who: Neighbour, **values: Any) -> str:
        with self.street.sessions.write() as session:
            resident = session.get_one(Resident, who.resident_id)
            link, token = make_link(session, resident, by="test", now=self.street.clock.now(), **values)
            self.links[token] = link.id
        return token

    def a_browser(self, token: str) -> Browser:
        client = self._stack.enter_context(TestClient(self.app, follow_redirects=False))
        return Browser(self, client, token)

    def a_page(self, who: Neighbour, **said: Any) -> Browser:
        """A browser in which the resident has said who they are."""
        browser = self.a_browser(self.a_link(who))
        assert browser.say_who(**said).status_code == 200
        return browser

    def newest_visit(self, link_id: int) -> int:
        return max(int(each.id) for each in self.street.all(ChatVisit) if each.link_id == link_id)

    def stream(self, browser: Browser, *, after: int = 0, events: int = 50, seconds: float = 0.3) -> list[Any]:
        """What a page's stream says within so long, as (event, data)."""
        path = f"/c/{browser.token}/stream"
        cookie = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
        return asyncio.run(_read_stream(self.app, path, f"after={after}", cookie, events, seconds))


async def _read_stream(app: Any, path: str, query: str, cookie: str, most: int, seconds: float) -> list[Any]:
    """Drive the application itself: the test client would wait for a stream's end before it gives anything."""
    received: list[bytes] = []
    status: list[int] = []
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])
        else:
            received.append(message.get("body", b""))

    headers = [(b"host", b"testserver"), (b"cookie", cookie.encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "headers": headers, "scheme": "http",
        "server": ("testserver", 80), "client": ("test", 1), "root_path": "", "state": {},
    }  # fmt: skip
    request = asyncio.create_task(app(scope, receive, send))
    await asyncio.sleep(seconds)
    gone.set()
    await asyncio.wait_for(request, 5)
    if status != [200]:
        return [("status", status[0])]
    return _events(b"".join(received).decode())[:most]


def _events(text: str) -> list[Any]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in block.split("\n") if ": " in line)
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found
