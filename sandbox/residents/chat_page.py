"""The product's chat page as a browser uses it: say who one is, read what is new, write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from sandbox.backend import TIMEOUT_SECONDS, UNREACHED
from sandbox.browser import Browser

Line = dict[str, Any]


@dataclass
class ChatPage:
    """One browser at one link."""

    address: str
    http: Browser
    last_seen: int = 0
    _cookie: str = field(default="", repr=False)

    def enter(self, surname: str, month: int, relation: str | None) -> bool:
        """Open the page and say who one is; whether that let us in."""
        if self._ask("GET", "").status != 200:
            return False
        answer = self._ask("POST", "/identity", {"surname": surname, "month": month, "relation": relation})
        self._cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer.status == 200

    def write(self, client_id: str, text: str, button: str | None) -> int:
        """Send one message; the same id again is the same message. The status of the answer."""
        try:
            return self._ask("POST", "/messages", {"client_id": client_id, "text": text, "button": button}).status
        except HTTPError:
            return UNREACHED

    def read(self) -> list[Line]:
        """The lines that are new, up to where the page says how things stand."""
        try:
            answer = self._open(f"/stream?after={self.last_seen}")
        except HTTPError:
            return []
        try:
            lines = list(_lines(answer))
        finally:
            answer.close()
        self.last_seen = max([self.last_seen, *(line["id"] for line in lines)])
        return lines

    def _open(self, path: str) -> BaseHTTPResponse:
        headers = {"cookie": self._cookie}
        return self.http.request(
            "GET", self.address + path, headers=headers, preload_content=False, timeout=TIMEOUT_SECONDS, retries=False
        )

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> BaseHTTPResponse:
        headers = {"cookie": self._cookie, "content-type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        return self.http.request(
            method, self.address + path, body=content, headers=headers, timeout=TIMEOUT_SECONDS, retries=False
        )


def _lines(answer: BaseHTTPResponse) -> Iterator[Line]:
    """The lines of a stream of events, until the one that says that they are all there are by now."""
    if answer.status != 200:
        return
    text = ""
    for chunk in answer.stream():
        text += chunk.decode()
        *whole, text = text.split("\n\n")
        for block in whole:
            fields = dict(each.partition(": ")[::2] for each in block.split("\n"))
            if fields.get("event") == "line":
                yield json.loads(fields["data"])
            elif "event" in fields:
                return
