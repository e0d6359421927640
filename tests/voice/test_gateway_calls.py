"""Calls placed by a district's own gateway: a small trunk over HTTP; the same outbox, receipts, stops and lists."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from models.contact import Contact
from models.vocabulary import Cause, Channel, ContactState, StopReason
from outreach_api.bootstrap import House, open_house
from outreach_api.channels.carrier import Accepted, OutgoingText, Rejected, Unknown
from outreach_api.channels.gateway_call import STATUS_PATH
from outreach_api.clock import VirtualClock
from outreach_api.settings import Settings
from outreach_api.voice.by_hand import plan_call
from outreach_api.voice.settings import VoiceSettings
from outreach_api.web.app import create_app
from scheduler.planning.stops import StopScope, place_stop
from tests.builders import a_match, a_resident
from tests.web.conftest import TestClient

TEN = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
TOKEN = "gate"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Trunk:
    """A gateway: knows a contact again, lists what it placed, and answers with `answer` after having taken a call."""

    url: str = ""
    answer: int = 201
    calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    called_off: list[str] = field(default_factory=list)

    def place(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.answer == 429:
            return 429, {}
        known = self.calls.get(body["contact"])
        if known:
            return 409, {"call": known["call"]}
        call = {"call": f"trunk-{len(self.calls) + 1}", "number": body["number"], "status": "ringing"}
        self.calls[body["contact"]] = call | {"at": TEN.isoformat(), "asked": body}
        return self.answer, {"call": call["call"]} if self.answer == 201 else {}


@pytest.fixture
def trunk() -> Iterator[Trunk]:
    made = Trunk()

    class Handler(BaseHTTPRequestHandler):
        def _say(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            assert self.headers["Authorization"] == AUTHORIZED["Authorization"]
            self._say(*made.place(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def do_GET(self) -> None:
            self._say(200, {"calls": list(made.calls.values()), "complete": True})

        def do_DELETE(self) -> None:
            made.called_off.append(self.path.rsplit("/", 1)[1])
            self._say(200, {})

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield made
        server.shutdown()


@pytest.fixture
def house(trunk: Trunk, tmp_path: Path) -> Iterator[House]:
    voice = VoiceSettings(_env_file=None, enabled=True, gateway_url=trunk.url, gateway_token=SecretStr(TOKEN))
    settings = Settings(_env_file=None, home=tmp_path, database_url="", public_url="https://ours.example", voice=voice)
    with open_house(settings, clock=VirtualClock(TEN)) as made:
        yield made


def a_call(house: House) -> int:
    """A contact that is due now, and sent."""
    with house.sessions.write() as session:
        resident = a_resident(session, phone="+8613900000077")
        a_match(session, resident)
        contact_id = plan_call(session, resident.id, now=house.clock.now()).id
    house.work_off()
    return contact_id


def contact(house: House, contact_id: int) -> Contact:
    with house.sessions.read() as session:
        found = session.get_one(Contact, contact_id)
        session.expunge(found)
        return found


def send(house: House, to: str = "+8613900000001") -> object:
    return house.carriers[Channel.VOICE].send(OutgoingText(7, to, "", "call.opening"))


def test_a_due_call_is_placed_with_what_the_gateway_needs_and_settled_by_its_reports(
    house: House, trunk: Trunk
) -> None:
    contact_id = a_call(house)
    asked = trunk.calls[contact_id]["asked"]
    assert asked["socket"] == "wss://ours.example/voice/gateway"
    assert asked["status"] == f"https://ours.example{STATUS_PATH}"
    placed = contact(house, contact_id)
    assert (placed.state, placed.provider, placed.provider_ref) == (ContactState.ACCEPTED, "gateway", "trunk-1")
    client = TestClient(create_app(house))
    for status in ("completed", "ringing"):
        told = {"call": "trunk-1", "contact": contact_id, "status": status, "seconds": 30}
        assert client.post(STATUS_PATH, json=told, headers=AUTHORIZED).status_code == 204
    house.work_off()
    assert contact(house, contact_id).state is ContactState.ANSWERED


def test_reports_without_the_token_or_without_sense_change_nothing(house: House, trunk: Trunk) -> None:
    contact_id = a_call(house)
    client = TestClient(create_app(house))
    told = {"call": "trunk-1", "contact": contact_id, "status": "busy"}
    assert client.post(STATUS_PATH, json=told).status_code == 403
    assert client.post(STATUS_PATH, json=told | {"contact": "all"}, headers=AUTHORIZED).status_code == 422
    assert client.post(STATUS_PATH, json=told | {"status": "levitating"}, headers=AUTHORIZED).status_code == 204
    house.work_off()
    assert contact(house, contact_id).state is ContactState.ACCEPTED


def test_a_stop_calls_off_what_rings(house: House, trunk: Trunk) -> None:
    contact_id = a_call(house)
    called = contact(house, contact_id)
    with house.sessions.write() as session:
        scope = StopScope(called.resident_id, called.phone_id)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="staff:1", message_id=None, now=house.clock.now())
    house.work_off()
    assert trunk.called_off == ["trunk-1"]


def test_a_call_whose_answer_was_lost_is_found_in_the_gateways_list(house: House, trunk: Trunk) -> None:
    trunk.answer = 503
    contact_id = a_call(house)
    assert contact(house, contact_id).state is ContactState.UNKNOWN
    house.clock.set(TEN + timedelta(minutes=2))  # type: ignore[attr-defined]
    house.work_off()
    found = contact(house, contact_id)
    assert (found.state, found.provider_ref) == (ContactState.ACCEPTED, "trunk-1")
    assert len(trunk.calls) == 1


def test_the_same_contact_is_one_call(house: House, trunk: Trunk) -> None:
    assert [send(house), send(house)] == [Accepted("trunk-1"), Accepted("trunk-1")]


def test_what_a_gateway_may_answer_has_its_meaning(house: House, trunk: Trunk) -> None:
    assert send(house, "+85291234567") == Rejected(Cause.REGION_NOT_ALLOWED)
    for answer, result in ((429, Cause.RATE_LIMITED), (403, Cause.ACCOUNT), (422, Cause.INVALID_NUMBER)):
        trunk.calls.clear()
        trunk.answer = answer
        refused = send(house)
        assert isinstance(refused, Rejected)
        assert refused.cause is result
    trunk.calls.clear()
    trunk.answer = 500
    assert isinstance(send(house), Unknown)
