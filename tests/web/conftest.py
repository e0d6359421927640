"""A house without carriers and bot, and browsers that come to it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from models.crypto import KeyRing
from models.session import Sessions
from models.staff import Staff
from models.vocabulary import Role
from outreach_api.clock import VirtualClock
from outreach_api.settings import ROOT, Settings
from outreach_api.web.app import create_app
from outreach_api.web.auth import hash_password
from outreach_api.web.house import FeedRefused
from scheduler.policies.card import PolicyCard
from scheduler.policies.load import load_cards
from tests.builders import NOON, a_database, a_key_ring, a_staff_member

with warnings.catch_warnings():
    # It asks for another HTTP library than the one this project has.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient as TestClient

PASSWORD = "correct-horse-七"
PASSWORD_HASH = hash_password(PASSWORD)


@dataclass(frozen=True)
class Report:
    accepted: int = 2
    rejected: int = 1
    unchanged: int = 0


@dataclass
class FakeHouse:
    sessions: Sessions
    settings: Settings
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(NOON))
    ring: KeyRing = field(default_factory=a_key_ring)
    cards: dict[str, PolicyCard] = field(default_factory=lambda: load_cards(ROOT / "policies"))
    fed: list[tuple[str, str, bytes]] = field(default_factory=list)

    def take_feed(self, feed: str, path: Path) -> Report:
        if feed != "applications":
            raise FeedRefused(f"there is no feed {feed}")
        self.fed.append((feed, path.name, path.read_bytes()))
        return Report()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[FakeHouse]:
    sessions = a_database(f"sqlite:///{tmp_path}/web.db")
    yield FakeHouse(sessions, Settings(_env_file=None, home=tmp_path, public_url="http://testserver"))
    sessions.engine.dispose()


@pytest.fixture
def wall_clock() -> VirtualClock:
    return VirtualClock(NOON)


@pytest.fixture
def client(house: FakeHouse, wall_clock: VirtualClock) -> Iterator[TestClient]:
    with TestClient(create_app(house, wall_clock=wall_clock), follow_redirects=False) as client:
        yield client


Colleague = Callable[[Role], Staff]


@pytest.fixture
def colleague(house: FakeHouse) -> Colleague:
    """Somebody of a role, with the password of these tests."""

    def add(role: Role) -> Staff:
        with house.sessions.write() as session:
            return a_staff_member(session, role, password_hash=PASSWORD_HASH)

    return add


def form_token(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found.group(1)


def sign_in(client: TestClient, staff: Staff, password: str = PASSWORD) -> int:
    """Sign in as a browser does, through the form; the status of the answer."""
    token = form_token(client.get("/sign-in").text)
    form = {"csrf": token, "username": staff.username, "password": password, "next": "/"}
    return int(client.post("/sign-in", data=form).status_code)


@pytest.fixture
def signed_in(client: TestClient, colleague: Colleague) -> Callable[[Role], TestClient]:
    def open_as(role: Role) -> TestClient:
        client.cookies.clear()
        assert sign_in(client, colleague(role)) == 303
        return client

    return open_as
