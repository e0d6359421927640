"""The SDK's HTTP client, pointed where the settings say, and silent about what it carries."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from requests import Session
from requests.adapters import HTTPAdapter
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

VENDOR_HOST = "api.twilio.com"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
RETRY_AFTER_SECONDS = 5.0
MOST_RETRY_AFTER_SECONDS = 3600.0
CONNECTIONS = 64


class NotAnswered(Exception):  # noqa: N818
    """The carrier, or something before it, failed while it had our request: it may have been carried out."""


class TooManyRequests(Exception):  # noqa: N818
    """The carrier turned the request away unread."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"retry after {retry_after_seconds:.0f} s")
        self.retry_after_seconds = retry_after_seconds


class RedirectedHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's edge and region can't name another host, and it ignores a timeout set once: both are done here.

    Raises:
        NotAnswered: a 5xx, or an answer that is not Twilio's.
        TooManyRequests: 429.
    """

    def __init__(self, base_url: str, *, timeout_seconds: float) -> None:
        super().__init__(timeout=timeout_seconds)
        self.base_url = base_url.rstrip("/")
        self.session = Session()
        for scheme in ("http://", "https://"):
            # No retries below us: a create that is repeated may reach the resident twice.
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS, max_retries=0))
        # A proxy of the environment knows nothing of a sandbox on this machine.
        self.session.trust_env = urlsplit(base_url).hostname not in LOOPBACK

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Response:
        options["timeout"] = options.get("timeout") or self.timeout
        response = super().request(method, self._rewritten(url), *args, **options)
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise NotAnswered(f"HTTP {response.status_code}")
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise TooManyRequests(_retry_after(response))
        _check_is_vendors(response)
        return response

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Nothing: the SDK would log numbers and texts."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Nothing: the answer repeats numbers and texts."""

    def _rewritten(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.hostname != VENDOR_HOST:
            raise NotAnswered("the carrier's answer leads to another host")
        return self.base_url + parts.path + (f"?{parts.query}" if parts.query else "")


def _check_is_vendors(response: Response) -> None:
    """A gateway's page with a 200 or a 4xx says nothing about what became of the request."""
    try:
        is_object = isinstance(json.loads(response.text), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise NotAnswered(f"HTTP {response.status_code} without a Twilio body")


def _retry_after(response: Response) -> float:
    stated = (response.headers or {}).get("Retry-After", "")
    seconds = float(stated) if stated.isdecimal() else RETRY_AFTER_SECONDS
    return min(max(seconds, 1.0), MOST_RETRY_AFTER_SECONDS)
