"""While the house is still being loaded its door is open: the carrier is answered, everybody else comes again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from twilio.request_validator import RequestValidator

from models.crypto import write_key_ring
from outreach_api.arrived import Status, Text, arrival_of
from outreach_api.early import EarlyDoor, early_door
from outreach_api.processes import free_port
from outreach_api.settings import Settings
from outreach_api.spool import Entry, Spool
from tests.builders import a_key_ring
from tests.delivery.test_webhooks import INBOUND, PUBLIC, STATUS, STATUS_OF_7, TEXT, TOKEN

HEAVY = ("sqlalchemy", "fastapi", "twilio", "duckdb")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_key_ring(a_key_ring(), tmp_path / "keys.json")
    return Settings(
        _env_file=None, home=tmp_path, port=free_port(), public_url=PUBLIC, twilio_auth_token=TOKEN, clock_file=None
    )


@pytest.fixture
def door(settings: Settings) -> Iterator[EarlyDoor]:
    with early_door(settings) as door:
        yield door


def post(settings: Settings, target: str, form: dict[str, str], token: str = TOKEN) -> httpx.Response:
    headers = {"X-Twilio-Signature": RequestValidator(token).compute_signature(PUBLIC + target, form)}
    return httpx.post(f"http://127.0.0.1:{settings.port}{target}", data=form, headers=headers, trust_env=False)


def spooled(settings: Settings) -> list[Entry]:
    entries: list[Entry] = []
    Spool.of(settings, a_key_ring()).drain(entries.extend)
    return entries


def test_what_the_carrier_brings_is_on_the_spool_as_the_house_would_write_it(
    door: EarlyDoor, settings: Settings
) -> None:
    answers = [post(settings, INBOUND, TEXT), post(settings, STATUS_OF_7, STATUS)]
    assert [(answer.status_code, "<Response/>" in answer.text) for answer in answers] == [(200, True), (204, False)]
    text, status = map(arrival_of, spooled(settings))
    assert isinstance(text, Text)
    assert isinstance(status, Status)
    assert (text.row["text"], text.row["provider_ref"], text.row["sender"]) == ("我想办理👍", "SM1", "+8613800138001")
    assert (status.row["contact_id"], status.row["status"]) == (7, "delivered")


def test_nobody_else_is_believed(door: EarlyDoor, settings: Settings) -> None:
    assert post(settings, INBOUND, TEXT, token="another").status_code == 403
    assert post(settings, INBOUND, TEXT | {"From": "anonymous"}).status_code == 400
    assert post(settings, INBOUND, TEXT | {"Body": "x" * 70_000}).status_code == 413
    elsewhere = httpx.get(f"http://127.0.0.1:{settings.port}/healthz", trust_env=False)
    assert (elsewhere.status_code, elsewhere.headers["retry-after"]) == (503, "2")
    assert spooled(settings) == []


def test_who_connects_while_the_socket_is_handed_over_waits(door: EarlyDoor, settings: Settings) -> None:
    socket = door.hand_over()
    with httpx.Client(trust_env=False, timeout=0.2) as http, pytest.raises(httpx.ReadTimeout):
        http.get(f"http://127.0.0.1:{settings.port}/healthz")
    waiting, _ = socket.accept()
    waiting.close()


def test_a_taken_port_is_told(settings: Settings, door: EarlyDoor) -> None:
    with pytest.raises(OSError, match="in use"), early_door(settings):
        pass


def test_it_is_light() -> None:
    """What is loaded before the door opens is what a carrier waits for after a crash."""
    loaded = f"import outreach_api.early, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-P", "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
