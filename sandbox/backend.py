"""The product as the outside sees it: signed webhooks in, a JSON API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import httpx
from urllib3 import PoolManager

from sandbox.browser import Browser
from sandbox.carrier.signature import sign
from sandbox.posting import Posts
from sandbox.world import Callbacks

TIMEOUT_SECONDS = 60.0
UNREACHED = 0
"""Stands for a status where no answer came at all."""


class Backend:
    """One request in flight, receipts excepted where the world allows more.

    Nothing raises for what a server may answer; the caller sees the status.
    """

    def __init__(self, callbacks: Callbacks, auth_token: str) -> None:
        self._callbacks = callbacks
        self._auth_token = auth_token
        # Webhooks are most of what is sent: here a request costs a small part of what it costs there.
        self._posts = Posts(timeout_seconds=TIMEOUT_SECONDS)
        self._couriers = ThreadPoolExecutor(callbacks.at_once) if callbacks.at_once > 1 else None

    def close(self) -> None:
        if self._couriers is not None:
            self._couriers.shutdown(cancel_futures=True)
        if "_http" in vars(self):
            self._http.close()
        self._posts.close()

    @cached_property
    def _http(self) -> httpx.Client:
        return httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)

    def send_courier(self, errand: Callable[[], None]) -> None:
        """Run an errand that nothing waits for: now, or beside others where several may be on their way."""
        if self._couriers is None:
            errand()
        else:
            self._couriers.submit(errand)

    def browser(self) -> Browser:
        """For residents who open its pages."""
        return PoolManager(maxsize=2)

    @property
    def inbound_url(self) -> str:
        return self._callbacks.inbound

    def webhook(self, url: str, form: Mapping[str, str]) -> int:
        return self._post_signed(url, form)[0]

    def twiml(self, url: str, form: Mapping[str, str]) -> tuple[int, str]:
        """Ask what to do next with a call."""
        return self._post_signed(url, form)

    def _post_signed(self, url: str, form: Mapping[str, str]) -> tuple[int, str]:
        headers = {
            "X-Twilio-Signature": sign(self._auth_token, url, form),
            "User-Agent": "TwilioProxy/1.1",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            answer = self._posts.post(url, headers, urlencode(form))
        except OSError:
            return UNREACHED, ""
        return answer.status, answer.body.decode("utf-8", errors="replace")

    def get(self, path: str, query: Mapping[str, str]) -> tuple[int, Any]:
        return self._call("GET", path, params=dict(query))

    def post(self, path: str, body: Mapping[str, Any], *, token: str = "") -> tuple[int, Any]:
        """`token` is that of whom it is done for, where that is a person."""
        return self._call("POST", path, token, json=dict(body))

    def upload(self, path: str, file_name: str, content: bytes) -> tuple[int, Any]:
        return self._call("POST", path, files={"file": (file_name, content, "text/csv")})

    def _call(self, method: str, path: str, token: str = "", **request: Any) -> tuple[int, Any]:
        url = self._callbacks.api.rstrip("/") + path
        headers = {"Authorization": f"Bearer {token or self._callbacks.api_token}"}
        try:
            answer = self._http.request(method, url, headers=headers, **request)
        except httpx.HTTPError:
            return UNREACHED, None
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, None
