"""Stand-ins for the outside where it misbehaves: one that takes a request and says nothing for a while, or ever."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[bytes], dict[str, Any]]


@dataclass
class Peer:
    """What it was asked, as it came."""

    url: str = ""
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    def asked_for(self, path: str) -> list[bytes]:
        """The bodies of requests to paths that end so."""
        return [body for where, body in list(self.asked) if where.endswith(path)]


@contextlib.contextmanager
def peer(answer: Answer = lambda _: {}, *, after_seconds: float = 0.0) -> Iterator[Peer]:
    """Answers each request so late, as JSON; all of them at the end of the block."""
    made, ended = Peer(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.asked.append((self.path.partition("?")[0], body))
            ended.wait(after_seconds)
            content = json.dumps(answer(body)).encode()
            with contextlib.suppress(OSError):
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = _take  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), name="peer", daemon=True).start()
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield made
        finally:
            ended.set()
            server.shutdown()
