"""A house without carriers and bot, and browsers that come to it."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher

from models.crypto import KeyRing
from models.session import Sessions
from models.staff import Staff
from models.vocabulary import Channel, Role
from outreach_api.catalogue.book import Book
from outreach_api.channels.carrier import TextCarrier
from outreach_api.clock import VirtualClock
from outreach_api.settings import ROOT, Settings
from outreach_api.web.app import create_app
from outreach_api.web.house import FeedRefused
from outreach_api.web.second_factor import needs_factor
from scheduler.planning.notices import NoticeReport, queue_notice
from scheduler.planning.rules import contact_rules
from scheduler.policies.card import PolicyCard
from scheduler.policies.catalogue import Catalogue
from scheduler.policies.load import load_cards, load_catalogue
from tests.builders import NOON, a_database, a_key_ring, a_staff_member
from tests.engines import Engine, databases
from tests.web.busy_day import a_busy_day

with warnings.catch_warnings():
    # It asks for another HTTP library than the one this project has.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient as TestClient

PASSWORD = "correct-horse-七"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
# As cheap as the algorithm allows: a hash carries its own cost.
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@lru_cache(maxsize=1)
def cards() -> dict[str, PolicyCard]:
    return load_cards(ROOT / "policies")


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "policies")


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
    cards: dict[str, PolicyCard] = field(default_factory=cards)
    carriers: dict[Channel, TextCarrier] = field(default_factory=dict)
    fed: list[tuple[str, str, bytes]] = field(default_factory=list)

    @cached_property
    def book(self) -> Book:
        return Book(catalogue, self.sessions, self.clock, self.settings.zone)

    def queue_notice(self, campaign_id: int) -> NoticeReport:
        with self.sessions.read() as session:
            rules = contact_rules(session, self.settings.zone)
        return queue_notice(self.sessions, campaign_id, now=self.clock.now(), rules=rules)

    def take_feed(self, feed: str, path: Path) -> Report:
        if feed != "applications":
            raise FeedRefused(f"there is no feed {feed}")
        self.fed.append((feed, path.name, path.read_bytes()))
        return Report()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[FakeHouse]:
    sessions = a_database(f"sqlite:///{tmp_path}/web.db")
    # Nobody answers on the port of discards: no test meets an assistant that happens to run on this machine.
    nobody = ["http://127.0.0.1:9"]
    yield FakeHouse(sessions, Settings(_env_file=None, home=tmp_path, public_url="http://testserver", bot_urls=nobody))
    sessions.engine.dispose()


@pytest.fixture(scope="session")
def busy_database(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A database with a busy day in it, made once, and the case in it that is worth looking at."""
    path = tmp_path_factory.mktemp("busy") / "busy.db"
    sessions = a_database(f"sqlite:///{path}")
    with sessions.write() as session:
        case_id = a_busy_day(session, cards())
    sessions.engine.dispose()
    return path, case_id


@pytest.fixture
def busy_case(house: FakeHouse, request: pytest.FixtureRequest) -> int:
    """The house has a busy day; the case worth looking at."""
    if databases.in_use is Engine.POSTGRES:
        with house.sessions.write() as session:
            return a_busy_day(session, cards())
    path: Path
    case_id: int
    path, case_id = request.getfixturevalue("busy_database")
    house.sessions.engine.dispose()
    shutil.copy(path, house.settings.home / "web.db")
    return case_id


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
            secret = TOTP_SECRET if needs_factor(house.settings, role) else None
            return a_staff_member(session, role, password_hash=PASSWORD_HASH, totp_secret=secret)

    return add


def form_token(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found.group(1)


def code_at(at: datetime) -> str:
    return pyotp.TOTP(TOTP_SECRET).at(at)


def sign_in(client: TestClient, staff: Staff, password: str = PASSWORD) -> int:
    """Sign in as a browser does, through the form; the status of the answer."""
    token = form_token(client.get("/sign-in").text)
    form = {"csrf": token, "username": staff.username, "password": password, "next": "/"}
    if staff.totp_secret:
        form["code"] = code_at(client.app.state.wall_clock.now())  # type: ignore[attr-defined]
    return int(client.post("/sign-in", data=form).status_code)


@pytest.fixture
def signed_in(client: TestClient, colleague: Colleague) -> Callable[[Role], TestClient]:
    def open_as(role: Role) -> TestClient:
        client.cookies.clear()
        assert sign_in(client, colleague(role)) == 303
        return client

    return open_as
