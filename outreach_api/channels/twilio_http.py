"""The SDK's HTTP client, pointed where the settings say, and silent about what it carries."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
from twilio.http import HttpClient
from twilio.http.response import Response
from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Retry, Timeout, make_headers

VENDOR_HOST = "api.twilio.com"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
RETRY_AFTER_SECONDS = 5.0
MOST_RETRY_AFTER_SECONDS = 3600.0
CONNECTIONS = 64
ONCE = Retry.from_int(False)  # noqa: FBT003 - urllib3's word for it


class NotAnswered(Exception):  # noqa: N818
    """The carrier, or something before it, failed while it had our request: it may have been carried out."""


class TooManyRequests(Exception):  # noqa: N818
    """The carrier turned the request away unread."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"retry after {retry_after_seconds:.0f} s")
        self.retry_after_seconds = retry_after_seconds


class RedirectedHttpClient(HttpClient):  # type: ignore[misc]
    """The SDK's edge and region can't name another host, and it ignores a timeout set once: both are done here.

    Over urllib3 alone: the SDK's own client prepares each request by `requests`, which takes longer than sending it.

    Raises:
        HTTPError: of urllib3; no connection, a broken one, or no answer in time.
        NotAnswered: a 5xx, or an answer that is not Twilio's.
        TooManyRequests: 429.
    """

    def __init__(self, base_url: str, *, timeout_seconds: float) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False, timeout=timeout_seconds)
        self.base_url = base_url.rstrip("/")
        self._connections = _connections(self.base_url)
        self._host = self._connections.connection_from_url(self.base_url)
        self._by_proxy = isinstance(self._connections, ProxyManager)
        parts = urlsplit(self.base_url)
        self._origin, self._folder = f"{parts.scheme}://{parts.netloc}", parts.path

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._connections.clear()

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - the SDK calls it so
    ) -> Response:
        answer = self._urlopen(
            method.upper(),
            _with_query(self._path(url), params),
            body=urlencode(_present(data), doseq=True) if data else None,
            headers={**(headers or {}), **(_credentials(*auth) if auth else {})},
            timeout=Timeout(timeout or self.timeout),
            # A create that is repeated may reach the resident twice.
            retries=ONCE,
            redirect=allow_redirects,
        )
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise NotAnswered(f"HTTP {answer.status}")
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise TooManyRequests(_retry_after(answer))
        return Response(answer.status, _vendors_text(answer), answer.headers)

    def _urlopen(self, method: str, target: str, **request: Any) -> BaseHTTPResponse:
        """All goes to one host: only a proxy needs to be told which. Finding the host's connections each time costs."""
        if self._by_proxy:
            return self._connections.urlopen(method, self._origin + target, **request)
        return self._host.urlopen(method, target, **request)

    def _path(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.hostname != VENDOR_HOST:
            raise NotAnswered("the carrier's answer leads to another host")
        return self._folder + parts.path + (f"?{parts.query}" if parts.query else "")


@lru_cache(maxsize=8)
def _credentials(user: str, password: str) -> dict[str, str]:
    return dict(make_headers(basic_auth=f"{user}:{password}"))


def _connections(base_url: str) -> PoolManager:
    proxy = None
    parts = urlsplit(base_url)
    # A proxy of the environment knows nothing of a sandbox on this machine.
    if parts.hostname not in LOOPBACK and not proxy_bypass(parts.hostname or ""):
        proxy = getproxies().get(parts.scheme)
    kept: dict[str, Any] = {"maxsize": CONNECTIONS, "ca_certs": certifi.where()}
    return ProxyManager(proxy, **kept) if proxy else PoolManager(**kept)


def _present(values: Mapping[str, object]) -> dict[str, object]:
    """Without the values that are not given: to the SDK those are None."""
    return {name: value for name, value in values.items() if value is not None}


def _with_query(url: str, params: Mapping[str, object] | None) -> str:
    query = urlencode(_present(params or {}), doseq=True)
    if not query:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}{query}"


def _vendors_text(answer: BaseHTTPResponse) -> str:
    """The body; a gateway's page with a 200 or a 4xx says nothing about what became of the request."""
    text = answer.data.decode("utf-8", errors="replace")
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise NotAnswered(f"HTTP {answer.status} without a Twilio body")
    return text


def _retry_after(answer: BaseHTTPResponse) -> float:
    stated = answer.headers.get("Retry-After", "")
    seconds = float(stated) if stated.isdecimal() else RETRY_AFTER_SECONDS
    return min(max(seconds, 1.0), MOST_RETRY_AFTER_SECONDS)
