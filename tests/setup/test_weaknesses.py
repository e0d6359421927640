"""The lock files held against a service that knows weaknesses, played here."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from setup import weaknesses
from setup.steps import ROOT

HOLE = {
    "id": "GHSA-0000-0000-0001",
    "summary": "templates may be escaped from",
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}],
        }
    ],
}


class Osv(BaseHTTPRequestHandler):
    """Knows one weakness, of Jinja2."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
        known = {"vulns": [{"id": HOLE["id"], "modified": HOLE["modified"]}]}
        self._answer({"results": [known if one["package"]["name"] == "jinja2" else {} for one in asked]})

    def do_GET(self) -> None:
        self._answer(HOLE)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def _answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def osv() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Osv)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_a_known_weakness_is_named_with_its_remedy(osv: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = weaknesses.audit(ROOT, osv)
    assert found.packages > 50
    (line,) = found.weaknesses
    assert line.startswith("jinja2 3.")
    assert line.endswith("GHSA-0000-0000-0001  templates may be escaped from  → 99")
    assert weaknesses.main(["--service-url", osv]) == 1
    assert line in capsys.readouterr().out


def test_what_could_not_be_asked_is_not_called_clean(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(weaknesses.NotAudited, match="error sending request"):
            weaknesses.audit(ROOT, nobody)
        assert weaknesses.main(["--service-url", nobody]) == 1
    assert "✓" not in capsys.readouterr().out
    assert weaknesses.main(["--nonsense"]) == 2
