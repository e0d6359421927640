"""The real Rasa server on a free loopback port, started once and ended by its process id."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 240
Body = dict[str, Any]
Ask = Callable[..., Body]


class Bot:
    """A running bot process and how to speak to it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, secret: str) -> None:
        self.process = process
        self.secret = secret
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)

    def turn(self, body: Any, *, secret: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {secret or self.secret}"}
        return self.client.post("/webhooks/turn/webhook", json=body, headers=headers)

    def wait_until_ready(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if self.client.get("/webhooks/turn/ready").status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise RuntimeError(f"The bot was not ready within {READY_SECONDS} s (exit status {self.process.poll()}).")


def start_bot() -> Bot:
    port, secret = _free_port(), secrets.token_hex(16)
    command = [str(ROOT / "bot" / ".venv" / "bin" / "python"), "-m", "bot", "serve", "--port", str(port)]
    environment = {**os.environ, "OUTREACH_BOT_SECRET": secret}
    return Bot(subprocess.Popen(command, cwd=ROOT, env=environment), port, secret)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def bot() -> Iterator[Bot]:
    running = start_bot()
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.client.close()
        running.process.terminate()
        running.process.wait(timeout=20)


def a_turn(text: str, **state: Any) -> Body:
    """A turn after an offer by text; `state` changes what is given."""
    defaults = {"stage": "offer", "asked": "interest", "channel": "sms", "misses": 0, "menu": []}
    return {"text": text, "state": {**defaults, **state}}


@pytest.fixture
def ask(bot: Bot) -> Ask:
    """Ask one turn and give the answer's body."""

    def _ask(text: str, **state: Any) -> Body:
        response = bot.turn(a_turn(text, **state))
        assert response.status_code == httpx.codes.OK, response.text
        return dict(response.json())

    return _ask
