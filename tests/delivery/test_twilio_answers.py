"""Answers that no sandbox gives: gateways' pages, redirects, silence, a carrier that isn't there."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any

import pytest

from models.vocabulary import Cause
from outreach_api.channels.carrier import OutgoingText, Rejected, Unknown
from outreach_api.channels.twilio_text import TwilioCarrier
from outreach_api.settings import Settings

CarrierAt = Callable[[int], TwilioCarrier]
NOW = datetime(2026, 9, 1, 4, tzinfo=UTC)
TEXT = OutgoingText(7, "+8613800138001", "您好", "offer")
SECRET = "the-auth-token"


@dataclass
class Peer:
    """Answers every request alike."""

    status: int = 201
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    sleeps_seconds: float = 0.0
    port: int = 0


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()

    class Answering(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sleep(peer.sleeps_seconds)
            self.send_response(peer.status)
            for name, value in peer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(peer.body.encode())))
            self.end_headers()
            self.wfile.write(peer.body.encode())

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    peer.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield peer
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def carrier_at() -> Iterator[CarrierAt]:
    made: list[TwilioCarrier] = []

    def build(port: int) -> TwilioCarrier:
        carrier = TwilioCarrier(
            "AC0",
            SECRET,
            "+10690",
            public_url="https://outreach.example",
            base_url=f"http://127.0.0.1:{port}",
            timeout_seconds=0.3,
        )
        made.append(carrier)
        return carrier

    yield build
    for carrier in made:
        carrier.close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>Welcome to the hotel's wireless network</html>"),
        (201, "{}"),
        (201, ""),
        (201, "[]"),
        (201, '{"sid": "SM1"'),
        (404, "<html>no such page</html>"),
        (408, "<html>too slow</html>"),
        (500, '{"code": 20500, "message": "Internal Server Error"}'),
        (502, "<html>bad gateway</html>"),
        (503, ""),
    ],
)
def test_an_answer_that_proves_nothing_is_unknown(peer: Peer, carrier_at: CarrierAt, status: int, body: Any) -> None:
    peer.status, peer.body = status, body
    assert isinstance(carrier_at(peer.port).send(TEXT), Unknown)


def test_silence_is_unknown_after_the_timeout(peer: Peer, carrier_at: CarrierAt) -> None:
    peer.sleeps_seconds = 1.0
    assert isinstance(carrier_at(peer.port).send(TEXT), Unknown)


def test_a_carrier_that_is_not_there_was_not_told_anything(carrier_at: CarrierAt) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    result = carrier_at(port).send(TEXT)
    assert isinstance(result, Rejected)
    assert (result.cause, result.retry_after_seconds) == (Cause.CARRIER_FAULT, 60.0)


@pytest.mark.parametrize(("stated", "waits"), [("30", 30.0), ("soon", 5.0), ("0", 1.0), ("999999", 3600.0)])
def test_retry_after_is_believed_within_reason(peer: Peer, carrier_at: CarrierAt, stated: str, waits: float) -> None:
    peer.status, peer.headers = 429, {"Retry-After": stated}
    result = carrier_at(peer.port).send(TEXT)
    assert isinstance(result, Rejected)
    assert (result.cause, result.retry_after_seconds) == (Cause.RATE_LIMITED, waits)


@pytest.mark.parametrize(
    ("status", "code", "cause", "comes_back"),
    [
        (400, 21211, Cause.INVALID_NUMBER, False),
        (400, 21408, Cause.REGION_NOT_ALLOWED, False),
        (401, 20003, Cause.ACCOUNT, True),
        (403, 21219, Cause.ACCOUNT, False),
        (400, 99999, Cause.UNCLASSIFIED, False),
    ],
)
def test_a_refusal_is_read_from_its_code(
    peer: Peer, carrier_at: CarrierAt, status: int, code: int, cause: Cause, comes_back: bool
) -> None:
    peer.status, peer.body = status, f'{{"code": {code}, "message": "no", "status": {status}}}'
    result = carrier_at(peer.port).send(TEXT)
    assert isinstance(result, Rejected)
    assert (result.cause, result.vendor_code) == (cause, str(code))
    assert (result.retry_after_seconds is not None) == comes_back


def test_the_newer_form_of_errors_is_read_too(peer: Peer, carrier_at: CarrierAt) -> None:
    peer.status = 400
    peer.body = '{"type": "https://t", "title": "Invalid", "status": 400, "code": 21614}'
    result = carrier_at(peer.port).send(TEXT)
    assert isinstance(result, Rejected)
    assert result.cause is Cause.LANDLINE


@pytest.mark.parametrize(
    "body",
    [
        "<html>bad gateway</html>",
        '{"messages": [{"sid": "SM1", "status": "sent"}]}',
        '{"messages": [], "next_page_uri": "/2010-04-01/leads/back/to/itself"}',
    ],
)
def test_a_listing_that_cannot_be_read_to_its_end_is_incomplete(
    peer: Peer, carrier_at: CarrierAt, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach_api.channels.twilio_text.MOST_PAGES", 5)
    peer.status, peer.body = 200, body
    listing = carrier_at(peer.port).sent_between(NOW, NOW + timedelta(hours=1))
    assert not listing.complete


def test_nothing_about_the_text_the_number_or_the_token_is_logged(
    peer: Peer, carrier_at: CarrierAt, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    peer.body = '{"sid": "SM1", "to": "+8613800138001", "body": "您好"}'
    carrier_at(peer.port).send(TEXT)
    assert caplog.text, "the test sees the log"
    for secret in (SECRET, TEXT.to, "8613800138001", TEXT.text):
        assert secret not in caplog.text


@pytest.mark.parametrize("number", ["+881612345678", "+18005550100", "+979123456789"])
def test_a_number_outside_the_allowed_prefixes_is_never_asked_for(number: str) -> None:
    settings = Settings(_env_file=None, twilio_base_url="http://127.0.0.1:1", twilio_account_sid="AC0")
    carrier = TwilioCarrier.from_settings(settings)
    assert carrier.send(OutgoingText(1, number, "您好", "staff.words")) == Rejected(Cause.REGION_NOT_ALLOWED)
    # One of ours is: nobody listens there.
    assert carrier.send(OutgoingText(1, "+8613800001234", "您好", "staff.words")) != Rejected(Cause.REGION_NOT_ALLOWED)
    carrier.close()
