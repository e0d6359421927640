from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from httpx import Response
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from models.column_types import key_ring
from models.contact import Receipt
from models.conversation import Inbound
from models.event import Event
from outreach_api.clock import VirtualClock
from outreach_api.settings import Settings
from outreach_api.web.webhooks import ShortWay, router
from tests.builders import NOON, a_database

TOKEN = "the-auth-token"
with warnings.catch_warnings():
    # It asks for another HTTP library than the one this project has.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

PUBLIC = "https://outreach.example/front"
TEXT = {"MessageSid": "SM1", "From": "+8613800138001", "To": "+10690", "Body": "我想办理👍"}
STATUS = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+8613800138001"}


class Door:
    """The webhooks of a house whose public URL isn't the one the test calls."""

    def __init__(self, folder: Path, token: str = TOKEN) -> None:
        app = FastAPI()
        app.include_router(router)
        app.add_middleware(ShortWay)
        self.sessions = a_database(f"sqlite:///{folder}/webhooks.db")
        settings = Settings(_env_file=None, public_url=PUBLIC, twilio_auth_token=token)
        app.state.house = SimpleNamespace(
            sessions=self.sessions, clock=VirtualClock(NOON), settings=settings, ring=key_ring()
        )
        self.http = TestClient(app, base_url="http://10.0.0.7:8000")

    def post(
        self, target: str, form: dict[str, str], *, token: str = TOKEN, url: str = PUBLIC, body: Any = None
    ) -> Response:
        signature = RequestValidator(token).compute_signature(url + target, form)
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        content = urlencode(form) if body is None else body
        answer: Response = self.http.post(target, content=content, headers=headers)
        return answer

    def all(self, table: Any) -> list[Any]:
        with self.sessions.write() as session:
            return list(session.scalars(select(table).order_by(table.id)))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path)
    yield door
    door.sessions.engine.dispose()


INBOUND, STATUS_OF_7 = "/webhooks/twilio/inbound", "/webhooks/twilio/status?contact=7"


def test_what_a_resident_wrote_is_on_record_before_it_is_answered(door: Door) -> None:
    answer = door.post(INBOUND, TEXT)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert "<Response/>" in answer.text
    (inbound,) = door.all(Inbound)
    assert (inbound.text, inbound.sender, inbound.provider_ref) == ("我想办理👍", "+8613800138001", "SM1")
    assert inbound.sender_index == key_ring().blind_index("+8613800138001", kind="phone")
    assert (inbound.received_at, inbound.due_at) == (NOON, NOON)
    assert [event.facts for event in door.all(Event)] == [{"inbound": inbound.id}]


def test_the_same_message_again_changes_nothing(door: Door) -> None:
    assert [door.post(INBOUND, TEXT).status_code for _ in range(3)] == [200, 200, 200]
    assert len(door.all(Inbound)) == len(door.all(Event)) == 1


def test_a_status_is_kept_as_it_came(door: Door) -> None:
    answer = door.post(STATUS_OF_7, STATUS | {"MessageStatus": "undelivered", "ErrorCode": "30003"})
    assert (answer.status_code, answer.content) == (204, b"")
    (receipt,) = door.all(Receipt)
    assert (receipt.contact_id, receipt.status, receipt.vendor_code) == (7, "undelivered", "30003")
    assert receipt.applied_at is None


def test_a_status_without_a_contact_is_kept_too(door: Door) -> None:
    assert door.post("/webhooks/twilio/status", STATUS | {"ErrorCode": "0"}).status_code == 204
    (receipt,) = door.all(Receipt)
    assert (receipt.contact_id, receipt.vendor_code) == (None, None)


@pytest.mark.parametrize(
    "forged",
    [
        {"token": "guessed"},
        {"url": "http://10.0.0.7:8000"},
        {"body": urlencode(TEXT | {"Body": "同意"})},
        {"body": urlencode(TEXT) + "&Body=" + "%E9%80%80%E8%AE%A2"},
        {"body": ""},
    ],
)
def test_a_signature_that_does_not_fit_is_refused_and_nothing_kept(door: Door, forged: dict[str, Any]) -> None:
    assert door.post(INBOUND, TEXT, **forged).status_code == 403
    assert door.all(Inbound) == []


def test_another_contact_cannot_be_put_into_a_signed_status(door: Door) -> None:
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + STATUS_OF_7, STATUS)
    forged = STATUS_OF_7.replace("7", "8")
    assert door.http.post(forged, data=STATUS, headers={"X-Twilio-Signature": signature}).status_code == 403


def test_without_a_signature_or_without_a_token_nothing_is_believed(door: Door, tmp_path: Path) -> None:
    assert door.http.post(INBOUND, data=TEXT).status_code == 403
    unconfigured = Door(tmp_path / "unconfigured", token="")
    assert unconfigured.post(INBOUND, TEXT, token="").status_code == 403
    unconfigured.sessions.engine.dispose()


@pytest.mark.parametrize("missing", ["MessageSid", "From", "To", "Body"])
def test_a_text_with_a_field_missing_is_refused(door: Door, missing: str) -> None:
    form = {name: value for name, value in TEXT.items() if name != missing}
    assert door.post(INBOUND, form).status_code == 400
    assert door.all(Inbound) == []


@pytest.mark.parametrize("missing", ["MessageSid", "MessageStatus"])
def test_a_status_with_a_field_missing_is_refused(door: Door, missing: str) -> None:
    form = {name: value for name, value in STATUS.items() if name != missing}
    assert door.post(STATUS_OF_7, form).status_code == 400


@pytest.mark.parametrize("sender", ["BANK", "+86 138 0013 8001 ext 2", "'; drop table inbound; --", "+0", "1" * 40])
def test_a_sender_that_is_no_number_is_refused(door: Door, sender: str) -> None:
    assert door.post(INBOUND, TEXT | {"From": sender}).status_code == 400


def test_a_bare_chinese_mobile_number_is_completed(door: Door) -> None:
    door.post(INBOUND, TEXT | {"From": "13800138001"})
    assert door.all(Inbound)[0].sender == "+8613800138001"


@pytest.mark.parametrize("contact", ["0", "-1", "x", "1e3", "99999999999", ""])
def test_a_contact_that_is_no_number_is_refused(door: Door, contact: str) -> None:
    assert door.post(f"/webhooks/twilio/status?contact={contact}", STATUS).status_code == 400


@pytest.mark.parametrize("words", ["", "👍", "<script>alert(1)</script>", "' OR 1=1 --", "=1+1", "\x00", "字" * 2000])
def test_whatever_the_words_they_are_kept_as_they_are(door: Door, words: str) -> None:
    assert door.post(INBOUND, TEXT | {"Body": words}).status_code == 200
    assert door.all(Inbound)[0].text == words


def test_a_body_too_large_is_refused_whatever_it_says_of_its_length(door: Door) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1024):
            yield b"a" * 1024

    assert door.post(INBOUND, TEXT, body=b"a" * 1_000_000).status_code == 413
    assert door.post(INBOUND, TEXT, body=endless()).status_code == 413


@pytest.mark.parametrize("body", [b"\xff\xfe", "字".encode(), b"a=%ff", b"&".join([b"a=1"] * 200)])
def test_a_body_that_is_no_form_is_refused(door: Door, body: Any) -> None:
    assert door.post(INBOUND, TEXT, body=body).status_code == 400
