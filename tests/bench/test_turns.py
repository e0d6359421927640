"""The askers of a bench, and what stock Rasa is given to learn from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from bench import stock_rasa, turns
from bench.asking import Asked, Request, ask_all
from outreach_api.processes import ProcessFault
from outreach_api.settings import ROOT
from scheduler.plain_yaml import read_yaml


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if json.loads(body)["text"] else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_every_message_is_asked_once(port: int) -> None:
    asked = ask_all(lambda _, __, text: Request(port, "/", {"text": text}, {}), ["好", "行"], count=10, askers=4)
    assert len(asked.seconds) == 10
    assert asked.per_second > 0


def test_an_answer_that_is_none_is_a_fault(port: int) -> None:
    with pytest.raises(ProcessFault, match="500"):
        ask_all(lambda _, __, text: Request(port, "/", {"text": text}, {}), [""], count=1, askers=1)


def test_a_quantile_is_a_time_that_was_taken() -> None:
    asked = Asked(tuple(number / 1000 for number in range(1, 101)), elapsed=1.0)
    assert asked.quantile_ms(0.5) == pytest.approx(51)
    assert asked.quantile_ms(0.95) == pytest.approx(96)


def test_more_turns_and_less_of_all_else_is_better() -> None:
    ours = turns.Served(p50_ms=10, p95_ms=20, turns_per_s=200, rss_mb=500, ready_s=10)
    stock = turns.Served(p50_ms=40, p95_ms=60, turns_per_s=50, rss_mb=1000, ready_s=30)
    assert [comparison.ratio for comparison in turns._compare(ours, stock)] == [4, 3, 4, 2, 3]


def test_the_stories_say_what_the_rules_say() -> None:
    rules = (ROOT / "bot" / "data" / "rules.yml").read_text("utf-8")
    stories = read_yaml(stock_rasa._stories(rules))["stories"]
    steps = [step for story in stories for step in story["steps"]]
    said = {(ask["intent"], answer["action"]) for ask, answer in zip(steps[::2], steps[1::2], strict=True)}
    assert said <= set(stock_rasa._ANSWER.findall(rules))
    assert "out_of_scope" not in {intent for intent, _ in said}
