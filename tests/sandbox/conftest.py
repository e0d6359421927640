"""A sandbox on a real loopback port, a product that only listens, and Twilio's own SDK between them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import uvicorn
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from sandbox.carrier.api import ShortWay
from sandbox.carrier.connections import CuttableProtocol
from sandbox.serve import build_app

ACCOUNT, TOKEN = "AC" + "0" * 32, "sandbox-token"
HOUSE = "+8675500012345"
MORNING = "2026-03-02T10:00:00+08:00"


@dataclass
class Product:
    """Records every call and answers 204, or whatever `answers` still holds."""

    url: str
    calls: list[tuple[str, str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    cases: list[dict[str, Any]] = field(default_factory=list)
    uploads: list[bytes] = field(default_factory=list)
    visits: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    steps: list[tuple[str, str, str]] = field(default_factory=list)

    def forms(self, path: str) -> list[dict[str, str]]:
        return [form for called, _, form, _ in self.calls if called.startswith(path)]

    def at_a_desk(self, path: str, token: str, told: dict[str, Any]) -> dict[str, Any]:
        if path.endswith("/next"):
            return {"case": self.waiting.pop(0) if self.waiting else None}
        case_id = path.split("/")[-2]
        self.steps.append((case_id, token.removeprefix("Bearer "), told["step"]))
        return {"id": int(case_id), "version": told["version"] + 1}


@contextmanager
def listening_product() -> Iterator[Product]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    product = Product(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _listener(product)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield product
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _listener(product: Product) -> type[BaseHTTPRequestHandler]:
    import json

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path = urlsplit(self.path).path
            if path.startswith("/webhooks"):
                form = dict(parse_qsl(body.decode(), keep_blank_values=True))
                product.calls.append((path, product.url + self.path, form, dict(self.headers)))
                return self._answer(product.answers.pop(0) if product.answers else 204)
            if "/queue/" in path:
                given = product.at_a_desk(path, self.headers["Authorization"], json.loads(body))
                return self._answer(200, json.dumps(given).encode())
            if path.endswith("/visits"):
                product.visits.append(json.loads(body) | {"case": path.split("/")[-2]})
            elif path.endswith("/accept"):
                case = next(case for case in product.cases if str(case["id"]) == path.split("/")[-2])
                case["state"] = "accepted"
            else:
                product.uploads.append(body)
            return self._answer(200, b"{}")

        def do_GET(self) -> None:
            items = [case for case in product.cases if case["state"] == "open"]
            self._answer(200, json.dumps({"items": items, "next": None}).encode())

        def _answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    return Listener


class Loopback(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's own client, with the host exchanged."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=5)
        self._base_url = base_url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        return super().request(method, url.replace("https://api.twilio.com", self._base_url), *args, **kwargs)

    def close(self) -> None:
        if self.session is not None:
            self.session.close()


@dataclass
class Sandbox:
    url: str
    product: Product
    http: httpx.Client
    twilio: Client

    def put_world(self, *people: dict[str, Any], **changes: Any) -> None:
        world = {
            "people": list(people),
            "callbacks": {
                "inbound": f"{self.product.url}/webhooks/twilio/inbound",
                "api": self.product.url,
                "api_token": "key",
            },
            "account_sid": ACCOUNT,
            "auth_token": TOKEN,
            "seed": 7,
            "start": MORNING,
        }
        self.http.put("/_sandbox/world", json=world | changes).raise_for_status()

    def clock(self, now: str) -> dict[str, Any]:
        answer = self.http.put("/_sandbox/clock", json={"now": now})
        answer.raise_for_status()
        return dict(answer.json())

    def faults(self, **rates: float) -> None:
        self.http.put("/_sandbox/faults", json=rates).raise_for_status()

    def ledger(self) -> dict[str, list[dict[str, Any]]]:
        return dict(self.http.get("/_sandbox/ledger").json())

    def audit(self) -> dict[str, Any]:
        return dict(self.http.get("/_sandbox/audit").json())

    def text(self, to: str, body: str = "您好", contact: str = "1") -> Any:
        callback = f"{self.product.url}/webhooks/twilio/status?contact={contact}"
        return self.twilio.messages.create(to=to, from_=HOUSE, body=body, status_callback=callback)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    port = _free_port()
    config = uvicorn.Config(
        ShortWay(build_app()), host="127.0.0.1", port=port, http=CuttableProtocol, log_level="error"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(5)


@pytest.fixture
def sandbox(server_url: str) -> Iterator[Sandbox]:
    wire = Loopback(server_url)
    with listening_product() as product, httpx.Client(base_url=server_url, trust_env=False) as http:
        sandbox = Sandbox(server_url, product, http, Client(ACCOUNT, TOKEN, http_client=wire))
        sandbox.put_world()
        yield sandbox
    wire.close()


@pytest.fixture
def a_person() -> Callable[..., dict[str, Any]]:
    def build(**changes: Any) -> dict[str, Any]:
        person = {
            "id": "R000001",
            "name": "陈桂兰",
            "gender": "女",
            "id_number": "440303195304120026",
            "birth_month": "1953-04",
            "age": 72,
            "community": "桥东社区",
            "address": "深圳市罗湖区桥东路1号翠景花园1栋301室",
            "phones": [{"number": "+8613800138001", "line": "mobile", "holder": "self"}],
            "persona": "silent",
            "policies": ["elderly-allowance"],
            "seed": 11,
        }
        return person | changes

    return build


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
