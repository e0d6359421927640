"""Many chat pages as their browsers hold them: a stream each, opened again where it broke, and what is written.

A message is sent until it is acknowledged, under one id.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from outreach_api.web.chat import RETRY_MS

STREAM_AGAIN_SECONDS = RETRY_MS / 1000
"""As the stream tells its browsers to."""
SEND_AGAIN_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
OPENED_TOGETHER = 50
QUESTIONS = ("有多少钱", "要带什么", "去哪里办", "怎么办")
BROKEN = (OSError, EOFError, asyncio.IncompleteReadError, ValueError, IndexError)


@dataclass(frozen=True)
class Door:
    """A link and the secret of a visit to it."""

    token: str
    secret: str


@dataclass
class Sent:
    """One message: when it was sent first, when its reply was seen, and how often each was."""

    at: float
    acknowledged: bool = False
    seen_at: float | None = None
    lines: int = 0
    replies: int = 0


@dataclass
class Client:
    port: int
    door: Door
    sent: dict[str, Sent] = field(default_factory=dict)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    last_seen: int = 0
    reconnected: int = 0
    _lines: set[int] = field(default_factory=set)
    _waiting: str | None = None

    async def listen(self) -> None:
        while True:
            with contextlib.suppress(*BROKEN):
                await self._listen_once()
            self.open.clear()
            self.reconnected += 1
            await asyncio.sleep(STREAM_AGAIN_SECONDS)

    async def _listen_once(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(self._head("GET", "/stream", f"Last-Event-ID: {self.last_seen}\r\n"))
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                return
            self.open.set()
            event = ""
            while line := await reader.readline():
                text = line.decode().rstrip()
                if text.startswith("event: "):
                    event = text[7:]
                elif text.startswith("data: ") and event == "line":
                    self._see(json.loads(text[6:]))
        finally:
            writer.close()

    def _see(self, line: dict[str, str | int]) -> None:
        number = int(line["id"])
        self.last_seen = max(self.last_seen, number)
        if number in self._lines:
            return
        self._lines.add(number)
        client_id = line.get("client_id")
        if client_id in self.sent:
            self._waiting = str(client_id)
            self.sent[self._waiting].lines += 1
        elif line["by"] == "us" and self._waiting:
            answered = self.sent[self._waiting]
            answered.replies += 1
            answered.seen_at = answered.seen_at or time.perf_counter()

    async def send(self, text: str) -> None:
        """Send until it is acknowledged, always under the same id."""
        client_id = str(uuid4())
        sent = self.sent[client_id] = Sent(time.perf_counter())
        body = json.dumps({"client_id": client_id, "text": text, "button": None}).encode()
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while not sent.acknowledged and time.perf_counter() < deadline:
            with contextlib.suppress(*BROKEN):
                sent.acknowledged = await self._post(body)
            if not sent.acknowledged:
                await asyncio.sleep(SEND_AGAIN_SECONDS)

    async def _post(self, body: bytes) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            writer.write(self._head("POST", "/messages", f"{length}Connection: close\r\n") + body)
            return b" 200 " in (await reader.readuntil(b"\r\n"))
        finally:
            writer.close()

    def _head(self, method: str, path: str, headers: str) -> bytes:
        address = f"/c/{self.door.token}{path}"
        return (
            f"{method} {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: chat={self.door.secret}\r\n{headers}\r\n"
        ).encode()


class Crowd:
    """All clients on one event loop."""

    def __init__(self, port: int, doors: Sequence[Door]) -> None:
        self.clients = [Client(port, door) for door in doors]
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = 0

    async def open_all(self) -> None:
        for first in range(0, len(self.clients), OPENED_TOGETHER):
            some = self.clients[first : first + OPENED_TOGETHER]
            for client in some:
                self._begin(client.listen())
            await asyncio.wait_for(asyncio.gather(*(client.open.wait() for client in some)), PATIENCE_SECONDS)

    async def send_for(self, seconds: float, rate: float) -> None:
        """So many messages a second, each from the next client; their times begin when they were due."""
        began = time.perf_counter()
        for number in range(int(seconds * rate)):
            await asyncio.sleep(max(began + number / rate - time.perf_counter(), 0))
            client = self.clients[self._turn % len(self.clients)]
            self._begin(client.send(QUESTIONS[self._turn % len(QUESTIONS)]))
            self._turn += 1

    async def settle(self) -> None:
        """Until everything is answered, or patience ends."""
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while time.perf_counter() < deadline and any(sent.seen_at is None for sent in self.all_sent()):
            await asyncio.sleep(0.2)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    def all_sent(self) -> list[Sent]:
        return [sent for client in self.clients for sent in client.sent.values()]

    def counted(self) -> Counter[str]:
        """Lost: never in the transcript or never answered on the page. Doubled: more than one line or one reply."""
        counts: Counter[str] = Counter()
        for sent in self.all_sent():
            counts["lost"] += not sent.lines or not sent.replies
            counts["doubled"] += max(sent.lines - 1, 0) + max(sent.replies - 1, 0)
        counts["reconnected"] = sum(client.reconnected for client in self.clients)
        return counts

    def _begin(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
