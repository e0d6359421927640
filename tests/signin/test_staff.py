"""Staff sign in at their organisation: an account is found by its name, never made, and a closed one stays closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.event import AuditEntry
from models.staff import Staff
from models.vocabulary import Role
from outreach_api.clock import SystemClock
from outreach_api.settings import Settings
from outreach_api.web.app import create_app
from tests.builders import a_database, a_staff_member
from tests.signin.conftest import OURS, Identities
from tests.web.conftest import FakeHouse, TestClient


@pytest.fixture
def house(tmp_path: Path, identities: Identities) -> Iterator[FakeHouse]:
    sessions = a_database(f"sqlite:///{tmp_path}/staff.db")
    settings = Settings(_env_file=None, home=tmp_path, public_url=OURS, staff_oidc=identities.staff())
    yield FakeHouse(sessions, settings)
    sessions.engine.dispose()


@pytest.fixture
def client(house: FakeHouse) -> Iterator[TestClient]:
    with TestClient(create_app(house, wall_clock=SystemClock()), follow_redirects=False) as client:
        yield client


def sign_in(client: TestClient, identities: Identities, *, who: str = "li", path: str = "/cases") -> str:
    away = client.get(f"/sign-in/oidc?next={path}").headers["location"]
    return str(client.get(identities.sign_in(away, who)).headers["location"])


def account(house: FakeHouse, **values: object) -> int:
    with house.sessions.write() as session:
        staff = a_staff_member(session, Role.AGENT)
        staff.username = "li.min"
        for name, value in values.items():
            setattr(staff, name, value)
        return staff.id


def test_a_colleague_comes_in_and_goes_on_to_where_they_went(
    client: TestClient, house: FakeHouse, identities: Identities
) -> None:
    staff_id = account(house)
    assert "用统一身份登录" in client.get("/sign-in").text
    assert sign_in(client, identities) == "/cases"
    assert client.get("/cases").status_code == 200
    with house.sessions.read() as session:
        assert session.scalars(select(AuditEntry.actor)).all() == [f"staff:{staff_id}"]


@pytest.mark.parametrize("closed", [True, False])
def test_no_account_or_a_closed_one_is_no_way_in(
    client: TestClient, house: FakeHouse, identities: Identities, *, closed: bool
) -> None:
    if closed:
        account(house, disabled_at=datetime.now(UTC))
    where = sign_in(client, identities)
    assert where == "/sign-in?said=oidc_nobody&next=/cases"
    assert "没有对应的账号" in client.get(where).text
    assert client.get("/cases").status_code == 303
    with house.sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Staff)) == closed
        assert session.scalars(select(AuditEntry.action)).all() == ["sign_in.refused"]


def test_the_way_back_stays_in_the_house(client: TestClient, house: FakeHouse, identities: Identities) -> None:
    account(house)
    assert sign_in(client, identities, path="//elsewhere.example") == "/"


def test_a_round_that_this_browser_did_not_begin_signs_nobody_in(
    client: TestClient, house: FakeHouse, identities: Identities
) -> None:
    account(house)
    back = identities.sign_in(client.get("/sign-in/oidc").headers["location"], "li")
    client.cookies.clear()
    assert "oidc_not_genuine" in client.get(back).headers["location"]
    assert client.get("/").status_code == 303


def test_without_a_provider_there_is_no_button_and_no_route(tmp_path: Path, house: FakeHouse) -> None:
    plain = FakeHouse(house.sessions, Settings(_env_file=None, home=tmp_path, public_url=OURS))
    with TestClient(create_app(plain), follow_redirects=False) as client:
        assert "统一身份" not in client.get("/sign-in").text
        assert client.get("/sign-in/oidc").status_code == 404
