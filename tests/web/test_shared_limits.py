"""Tries without a token: counted in the database, so that several API processes together allow what one would."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi import Request
from sqlalchemy import select

from models.api_request import CallerPace
from models.vocabulary import Role
from outreach_api.clock import VirtualClock
from outreach_api.web.app import create_app
from outreach_api.web.public import address_of
from outreach_api.web.rate_limit import SIGN_IN_FAILURES, SharedLimit
from tests.builders import NOON, an_api_token
from tests.web.conftest import PASSWORD, Colleague, FakeHouse, TestClient, form_token

pytestmark = pytest.mark.engines
TIMES, PER = 10, timedelta(minutes=1)


@pytest.fixture
def processes(house: FakeHouse) -> list[SharedLimit]:
    return [SharedLimit(house.sessions, "page", TIMES, PER) for _ in range(3)]


def test_several_processes_allow_together_what_one_would(processes: list[SharedLimit]) -> None:
    def allowed(at: timedelta) -> int:
        return sum(one.allows("10.0.0.1", NOON + at) for _ in range(8) for one in processes)

    assert allowed(timedelta()) == TIMES
    assert [one.allows("10.0.0.2", NOON) for one in processes] == [True] * 3
    assert allowed(timedelta(seconds=5)) == 0
    assert allowed(timedelta(seconds=12)) == 2
    assert allowed(timedelta(minutes=5)) == TIMES
    assert allowed(timedelta(minutes=4)) == 0, "a clock that goes back gives nothing away"


def test_two_at_once_are_counted_one_after_the_other(processes: list[SharedLimit]) -> None:
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda number: processes[number % 3].allows("10.0.0.1", NOON), range(24)))
    assert sum(answers) == TIMES


def test_looking_counts_nothing_and_kinds_are_apart(house: FakeHouse, processes: list[SharedLimit]) -> None:
    first, second, _ = processes
    assert not any(first.is_spent("10.0.0.1", NOON) for _ in range(2 * TIMES))
    for _ in range(TIMES):
        assert first.allows("10.0.0.1", NOON)
    assert second.is_spent("10.0.0.1", NOON)
    assert not SharedLimit(house.sessions, "other", TIMES, PER).is_spent("10.0.0.1", NOON)
    with house.sessions.read() as session:
        assert "10.0.0.1" not in str(session.scalars(select(CallerPace.who)).all()), "nobody's address is kept"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("a-socket", "a-socket", True),
    ],
)
def test_who_has_a_network_of_addresses_is_one(first: str, second: str, same: bool) -> None:
    one, other = (address_of(Request({"type": "http", "client": (host, 1)})) for host in (first, second))
    assert (one == other) is same


def from_address(house: FakeHouse, clock: VirtualClock, address: str) -> TestClient:
    """A browser at a process of its own."""
    return TestClient(create_app(house, wall_clock=clock), follow_redirects=False, client=(address, 40_000))


def try_names(client: TestClient, names: int) -> list[int]:
    """The same password at so many names: none of them is locked by it."""
    csrf = form_token(client.get("/sign-in").text)
    form = {"csrf": csrf, "password": "a-guess-at-many"}
    return [client.post("/sign-in", data=form | {"username": f"name-{one}"}).status_code for one in range(names)]


def test_who_tries_many_names_is_stopped_whatever_process_they_come_to(
    house: FakeHouse, wall_clock: VirtualClock, colleague: Colleague, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach_api.web.auth._matches", lambda _, password: password == PASSWORD)
    one, other = (from_address(house, wall_clock, "203.0.113.7") for _ in range(2))
    times, per = SIGN_IN_FAILURES
    assert try_names(one, times // 2) == [401] * (times // 2)
    assert try_names(other, times // 2 + 1) == [401] * (times // 2) + [429]
    staff = colleague(Role.AGENT)
    form = {"csrf": form_token(one.get("/sign-in").text), "username": staff.username, "password": PASSWORD}
    assert one.post("/sign-in", data=form).status_code == 429, "the right one among the guesses"
    elsewhere = from_address(house, wall_clock, "203.0.113.8")
    assert (
        elsewhere.post("/sign-in", data=form | {"csrf": form_token(elsewhere.get("/sign-in").text)}).status_code == 303
    )
    wall_clock.set(wall_clock.now() + per)
    assert one.post("/sign-in", data=form).status_code == 303


@pytest.mark.parametrize("path", ["/verify?code=ABCD-1234", "/today"])
def test_public_pages_count_for_all_processes(house: FakeHouse, wall_clock: VirtualClock, path: str) -> None:
    one, other = (from_address(house, wall_clock, "203.0.113.7") for _ in range(2))
    answers = [client.get(path).status_code for _ in range(35) for client in (one, other)]
    times = answers.count(200)
    assert answers == [200] * times + [429] * (70 - times)
    assert times in {20, 60}


def test_wrong_tokens_count_for_all_processes(house: FakeHouse, wall_clock: VirtualClock) -> None:
    one, other = (from_address(house, wall_clock, "203.0.113.7") for _ in range(2))

    def tried(client: TestClient, token: str) -> int:
        return int(client.get("/api/v1/queue", headers={"authorization": f"Bearer {token}"}).status_code)

    answers = [tried(client, f"guess-{number}") for number in range(31) for client in (one, other)]
    assert answers == [401] * 60 + [429] * 2
    with house.sessions.write() as session:
        an_api_token(session, "known", "queue.read")
    assert tried(one, "known") == 200
