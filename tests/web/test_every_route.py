"""Every route of the application has one guard; and whatever is sent to it, no fault of ours comes back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.routing import Mount

from models.vocabulary import Role
from outreach_api.web.access import ROUTE_ROLES, SAFE_METHODS
from outreach_api.web.api.rights import RIGHTS
from tests.builders import a_case, a_conversation, a_match
from tests.web.conftest import FakeHouse, TestClient, form_token
from tests.web.test_access import OPEN_TO_ALL

SignedIn = Callable[[Role], TestClient]
PART = re.compile(r"\{[^}]+\}")
BY_SIGNATURE = ("/webhooks/", "/voice/")
"""The carrier's and the gateway's: what they send is signed, or carries a secret of its own."""
LONGEST_IN_ADDRESS = 300
OPEN_FILES = {"static", "openapi"}
SCRIPT = "<script>alert(1)</script>"
HOSTILE = (
    SCRIPT,
    "\x00",
    "99999999999999999999999",
    "'; DROP TABLE staff; --",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    '=HYPERLINK("http://x")',
    "\r\nset-cookie: a=b",
    "\u202e𠮷🏳️‍🌈ﷺ\ufeff",
    "长" * 5000,
    "-1",
    "../../etc/passwd",
    "1e309",
    "NaN",
    "2026-02-30",
    "%00%ff",
    "null",
)
IN_ADDRESS = ("1", "99999999999999999999999", "-1", "a%00b", quote(SCRIPT, safe=""), "%2e%2e%2f")


@dataclass(frozen=True)
class Way:
    name: str
    method: str
    path: str
    fields: tuple[str, ...]


def ways(client: TestClient) -> Iterator[Way]:
    for found in iter_route_contexts(client.app.routes):  # type: ignore[attr-defined]
        route = found.original_route
        for method in sorted(found.methods or ("",)):
            fields = [each.alias for each in route.dependant.body_params] if isinstance(route, APIRoute) else []
            yield Way(str(found.name), method, str(found.path), tuple(fields))


def guards(way: Way) -> list[str]:
    if way.path.startswith("/api/"):
        return ["token"] * (way.name in RIGHTS) + ["open"] * (way.name in OPEN_FILES)
    if way.path.startswith(BY_SIGNATURE):
        return ["signature"]
    return ["role"] * (way.name in ROUTE_ROLES) + ["open"] * (way.name in OPEN_TO_ALL | OPEN_FILES)


def test_every_route_has_exactly_one_guard(client: TestClient) -> None:
    seen = {way.name: guards(way) for way in ways(client)}
    assert seen["reveal"] == ["role"]
    assert seen["reveal_detail"] == ["token"]
    assert seen["receive_text"] == ["signature"]
    assert {name for name, by in seen.items() if len(by) != 1} == set()


def test_what_is_not_signed_is_refused(client: TestClient) -> None:
    signed = [way for way in ways(client) if way.path.startswith(BY_SIGNATURE) and way.method == "POST"]
    assert len(signed) >= 10
    for way in signed:
        answer = client.post(PART.sub("x", way.path), data={"From": "+8613800001234", "Body": "同意"})
        assert answer.status_code in {401, 403, 404, 422}, way


def test_nothing_else_is_mounted_or_listens(client: TestClient) -> None:
    routes = [found.original_route for found in iter_route_contexts(client.app.routes)]  # type: ignore[attr-defined]
    assert [route.name for route in routes if isinstance(route, Mount)] == ["static"]
    assert {route.path for route in routes if isinstance(route, APIWebSocketRoute)} == {
        "/webhooks/twilio/voice/relay",
        "/voice/gateway",
    }


def role_for(name: str) -> Role:
    """The most usual of those who may: few sign-ins serve all routes."""
    order: list[Role] = [Role.SUPERVISOR, Role.TEAM_MEMBER, Role.POLICY_EDITOR, Role.AUDITOR]
    return next(role for role in order + list(Role) if role in ROUTE_ROLES[name])


def assail(signed_in: SignedIn, house: FakeHouse, *, values: int) -> int:
    """Send so many hostile values through every field, query and address of the console; how many requests."""
    with house.sessions.write() as session:
        match = a_match(session)
        a_case(session, match, conversation_id=a_conversation(session, match.resident).id)
    first = signed_in(Role.SUPERVISOR)
    every = [way for way in ways(first) if way.name in ROUTE_ROLES and way.name not in {"live", "sign_out"}]
    sent, given = 0, cycle(HOSTILE)
    for role in dict.fromkeys(role_for(way.name) for way in every):
        client = signed_in(role)
        csrf = form_token(client.get("/").text)
        for way in (way for way in every if role_for(way.name) is role):
            for value, part in zip(islice(given, values), cycle(IN_ADDRESS), strict=False):
                send_one(client, way, part, value, csrf)
                sent += 1
    return sent


def send_one(client: TestClient, way: Way, part: str, value: str, csrf: str) -> None:
    path = PART.sub(part.replace("\\", ""), way.path)
    if way.method in SAFE_METHODS:
        known = ("after", "said", "policy", "on", "page", "kind", "figure", "since", "words", "state", "q", "code")
        answer = client.get(path, params=dict.fromkeys(known, value[:LONGEST_IN_ADDRESS]))
    else:
        answer = client.post(path, data={**dict.fromkeys(way.fields, value), "csrf": csrf})
    assert answer.status_code < 500, (way, part, value, answer.text[:400])
    assert SCRIPT not in answer.text, way
    assert "set-cookie" not in answer.headers or "a=b" not in answer.headers["set-cookie"]


def test_hostile_values_bring_no_fault_of_ours_and_no_script(signed_in: SignedIn, house: FakeHouse) -> None:
    assert assail(signed_in, house, values=2) > 100


@pytest.mark.exhaustive
def test_every_hostile_value_through_every_route(signed_in: SignedIn, house: FakeHouse) -> None:
    assert assail(signed_in, house, values=len(HOSTILE) * len(IN_ADDRESS)) > 1000


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_at_the_doors_that_are_open_to_all(client: TestClient, value: str) -> None:
    short = value[:LONGEST_IN_ADDRESS]
    answers: list[Any] = [
        client.get("/verify", params={"code": short}),
        client.get("/sign-in", params={"next": short, "said": short}),
        client.get("/display", params={"back": short, "locale": "zh"}),
        client.get(f"/c/{quote(short, safe='')}"),
    ]
    csrf = form_token(client.get("/sign-in").text)
    form = {"csrf": csrf, "username": value, "password": value, "code": value, "next": value}
    answers.append(client.post("/sign-in", data=form))
    for answer in answers:
        assert answer.status_code < 500
        assert SCRIPT not in answer.text
        assert answer.headers.get("location", "/").startswith("/")
