"""A street of its own for every test, and the trained bot for those that ask for it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping

import httpx
import pytest

from models.column_types import use_key_ring
from models.crypto import new_key_ring
from outreach_api.conversations.rasa_bot import RasaBot
from outreach_api.settings import ROOT
from scheduler.policies.card import PolicyCard
from scheduler.policies.load import load_cards
from tests.builders import a_database
from tests.conversations.street import Street

READY_SECONDS = 180


@pytest.fixture(scope="session")
def cards() -> Mapping[str, PolicyCard]:
    return load_cards(ROOT / "policies")


@pytest.fixture
def street(cards: Mapping[str, PolicyCard]) -> Street:
    sessions = a_database()
    use_key_ring(new_key_ring())
    return Street(sessions, cards)


@pytest.fixture(scope="session")
def rasa() -> Iterator[RasaBot]:
    """The trained bot in a process of its own; for tests marked `rasa`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    secret = secrets.token_hex(8)
    process = subprocess.Popen(
        [str(ROOT / "bot" / ".venv" / "bin" / "python"), "-m", "bot", "serve", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "OUTREACH_BOT_SECRET": secret, "RASA_TELEMETRY_ENABLED": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(process, url)
        bot = RasaBot([url], secret=secret, timeout_seconds=20)
        yield bot
        bot.close()
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the bot did not start; run `python -m bot serve` to see why"
        try:
            if httpx.get(f"{url}/webhooks/turn/ready", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.3)
    pytest.fail(f"the bot was not ready within {READY_SECONDS} s")
