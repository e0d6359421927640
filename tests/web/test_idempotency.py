"""On both engines: a key that is there already is found out by the database."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from models.api_request import ApiRequest
from models.conversation import Message
from models.vocabulary import Author, Role
from outreach_api.web.api import idempotency
from outreach_api.web.tokens import Scope
from tests.builders import a_conversation, a_match, a_staff_member, an_api_token
from tests.web.conftest import FakeHouse, TestClient

KEY = {"authorization": "Bearer secret", "idempotency-key": "6f2f0f5e-8a7c-4a43"}


@pytest.fixture
def path(house: FakeHouse) -> str:
    with house.sessions.write() as session:
        an_api_token(session, "secret", *Scope, staff_id=a_staff_member(session, Role.AGENT).id)
        talk = a_conversation(session, a_match(session).resident)
        return f"/api/v1/conversations/{talk.id}/replies"


def written(house: FakeHouse) -> int:
    with house.sessions.read() as session:
        return session.scalar(select(func.count(Message.id)).where(Message.author == Author.STAFF)) or 0


def send(client: TestClient, path: str, words: str = "您好", **headers: str) -> Any:
    return client.post(path, json={"words": words}, headers=KEY | headers)


def test_the_same_request_twice_is_done_once_and_answered_alike(
    client: TestClient, house: FakeHouse, path: str
) -> None:
    first, second = send(client, path), send(client, path)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (False, "true")
    assert written(house) == 1


def test_the_key_of_another_request_is_refused(client: TestClient, house: FakeHouse, path: str) -> None:
    send(client, path)
    other = send(client, path, "再见")
    assert (other.status_code, other.json()["type"]) == (422, "urn:outreach:problem:key-reused")
    assert written(house) == 1


def test_what_was_refused_may_be_sent_again_with_its_key(client: TestClient, house: FakeHouse, path: str) -> None:
    assert send(client, path, "").status_code == 422
    assert send(client, path).status_code == 200


def test_a_request_that_was_cut_off_is_not_done_a_second_time(
    client: TestClient, house: FakeHouse, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "_keep", lambda *_: None)
    send(client, path)
    again = send(client, path)
    assert (again.status_code, again.json()["type"]) == (409, "urn:outreach:problem:still-at-it")
    assert written(house) == 1


def test_a_key_belongs_to_its_token(client: TestClient, house: FakeHouse, path: str) -> None:
    with house.sessions.write() as session:
        an_api_token(session, "other", *Scope, staff_id=a_staff_member(session, Role.AGENT).id)
    send(client, path)
    answer = send(client, path, authorization="Bearer other")
    assert answer.json()["type"] == "urn:outreach:problem:in-other-hands"


def test_answers_are_kept_sealed(client: TestClient, house: FakeHouse, path: str) -> None:
    send(client, path, "请带身份证")
    with house.sessions.read() as session:
        assert session.scalar(select(ApiRequest.answer)) is not None
        raw = session.connection().exec_driver_sql("SELECT answer FROM api_request").scalar_one()
    assert "请带身份证" not in raw


@pytest.mark.parametrize("key", ["short", "with blank", "x" * 65])
def test_a_key_that_is_none_is_told(client: TestClient, path: str, key: str) -> None:
    assert send(client, path, **{"idempotency-key": key}).status_code == 422


def test_without_a_token_no_key_is_kept(client: TestClient, house: FakeHouse, path: str) -> None:
    assert send(client, path, authorization="Bearer nobody").status_code == 401
    with house.sessions.read() as session:
        assert session.scalar(select(func.count(ApiRequest.id))) == 0
