"""What residents open pages with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from urllib3 import BaseHTTPResponse


class Browser(Protocol):
    """What fetches pages; urllib3's pool is one."""

    def request(
        self, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str], **given: Any
    ) -> BaseHTTPResponse: ...

    def clear(self) -> None: ...
