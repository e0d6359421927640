"""The first seconds of a start: the house is still being loaded, and the carrier is answered already.

What it brings is checked and put on the spool, which the house drains before it sends anything; whoever else comes is
asked to come again. The server goes on with the same socket: who connects in between waits.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException

from models.crypto import KeyRing, read_key_ring
from outreach_api.channels.signature import is_signed
from outreach_api.channels.twilio_forms import (
    EMPTY_TWIML,
    MOST_BODY_BYTES,
    STATUSES,
    TEXTS,
    Form,
    pairs_of,
    status_row,
    text_row,
)
from outreach_api.clock import clock_of
from outreach_api.settings import Settings
from outreach_api.spool import Spool, SpoolFault, as_entry

LOOK_SECONDS = 0.05
COME_AGAIN_SECONDS = 2
READ_SECONDS = 10.0


class EarlyDoor:
    """Answers until it is closed, and keeps the socket open for who comes after."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = clock_of(settings.clock_file)
        # A first start has no keys yet, and nobody who writes.
        self._ring = read_key_ring(settings.keys) if settings.keys.exists() else None
        self._server = _Server((settings.host, settings.port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(LOOK_SECONDS,), name="early door")
        self._thread.start()

    def hand_over(self) -> socket.socket:
        """Answer nobody any more; the socket, on which others wait."""
        self._server.shutdown()
        self._thread.join()
        return self._server.socket

    def close(self) -> None:
        self.hand_over().close()

    def take(self, target: str, signature: str, body: bytes) -> HTTPStatus:
        """Put what the carrier brings on the spool; the answer.

        Raises:
            HTTPException: it is refused.
            SpoolFault: there is no room.
        """
        path, _, query = target.partition("?")
        if self._ring is None or path not in (TEXTS, STATUSES):
            return HTTPStatus.SERVICE_UNAVAILABLE
        pairs, settings = pairs_of(body), self._settings
        token = settings.twilio_auth_token.get_secret_value()
        if not is_signed(signature, auth_token=token, public_url=settings.public_url, target=target, fields=pairs):
            return HTTPStatus.FORBIDDEN
        form = Form(dict(pairs))
        spool = Spool.of(settings, self._ring)
        spool.append([self._entry(path, query, form, self._ring)])
        return HTTPStatus.OK if path == TEXTS else HTTPStatus.NO_CONTENT

    def _entry(self, path: str, query: str, form: Form, ring: KeyRing) -> dict[str, object]:
        now = self._clock.now()
        if path == TEXTS:
            return dict(as_entry("text", text_row(form, ring, now=now)))
        contact = parse_qs(query, keep_blank_values=True).get("contact", [None])[-1]
        return dict(as_entry("status", status_row(form, ring, contact=contact, now=now)))


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], door: EarlyDoor) -> None:
        self.door = door
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = READ_SECONDS
    server: _Server

    def do_GET(self) -> None:
        self._say(HTTPStatus.SERVICE_UNAVAILABLE)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BODY_BYTES:
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(int(length))
        try:
            status = self.server.door.take(self.path, self.headers.get("X-Twilio-Signature", ""), body)
        except HTTPException as refusal:
            status = HTTPStatus(refusal.status_code)
        except SpoolFault:
            status = HTTPStatus.SERVICE_UNAVAILABLE
        self._say(status)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: addresses hold tokens."""

    def _say(self, status: HTTPStatus) -> None:
        content = EMPTY_TWIML.encode() if status is HTTPStatus.OK else b""
        with contextlib.suppress(OSError):
            self.send_response(status)
            if status is HTTPStatus.OK:
                self.send_header("Content-Type", "text/xml")
            if status is HTTPStatus.SERVICE_UNAVAILABLE:
                self.send_header("Retry-After", str(COME_AGAIN_SECONDS))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)


@contextlib.contextmanager
def early_door(settings: Settings) -> Iterator[EarlyDoor]:
    """Listen at once.

    Raises:
        OSError: the port is taken.
    """
    door = EarlyDoor(settings)
    try:
        yield door
    finally:
        door.close()
