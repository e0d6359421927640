"""Two factors, as the house comes: of everybody, set up at the first sign-in, and given back when a phone is lost."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy import select

from models.event import AuditEntry
from models.staff import Staff
from models.vocabulary import Role
from outreach_api.clock import VirtualClock
from outreach_api.office import OfficeRefused, StaffStep, change_duties, step_staff
from outreach_api.rehearsal.demo import Demo, DemoPlan
from outreach_api.settings import Settings
from outreach_api.signin.relying_party import Vouched
from outreach_api.signin.settings import StaffOidcSettings
from outreach_api.web import auth
from outreach_api.web.access import HALF_WAY_IN, ROUTE_ROLES, SAFE_METHODS, may
from outreach_api.web.app import create_app
from outreach_api.web.console.staff_oidc import showed_two_factors
from outreach_api.web.second_factor import give_recovery_codes
from tests.builders import NOON, a_database, a_staff_member
from tests.web.conftest import PASSWORD, PASSWORD_HASH, TOTP_SECRET, FakeHouse, TestClient, code_at, form_token
from tests.web.test_access import ADDRESSES

SECRET = re.compile(r"<code>([A-Z2-7]{32})</code>")
SEALED = re.compile(r'name="sealed" value="([^"]+)"')
CODES = re.compile(r"<kbd>([a-z0-9-]+)</kbd>")
FORM = "/sign-in/second-factor"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHouse]:
    monkeypatch.delenv("OUTREACH_SECOND_FACTOR_FOR")
    sessions = a_database(f"sqlite:///{tmp_path}/two.db")
    yield FakeHouse(sessions, Settings(_env_file=None, home=tmp_path, public_url="http://testserver"))
    sessions.engine.dispose()


@pytest.fixture
def client(house: FakeHouse, wall_clock: VirtualClock) -> Iterator[TestClient]:
    with TestClient(create_app(house, wall_clock=wall_clock), follow_redirects=False) as client:
        yield client


def somebody(house: FakeHouse, role: Role = Role.AGENT, *, secret: str | None = None) -> Staff:
    with house.sessions.write() as session:
        return a_staff_member(session, role, password_hash=PASSWORD_HASH, totp_secret=secret)


def first_step(client: TestClient, staff: Staff, code: str = "", back: str = "/cases") -> int:
    client.cookies.clear()
    form = {"username": staff.username, "password": PASSWORD, "code": code, "next": back}
    return int(client.post("/sign-in", data=form | {"csrf": form_token(client.get("/sign-in").text)}).status_code)


def set_up(client: TestClient, clock: VirtualClock) -> tuple[str, list[str]]:
    """Set the second factor up as the page says; its secret and the recovery codes."""
    page = client.get(FORM, params={"next": "/cases"}).text
    (secret,), (sealed,) = SECRET.findall(page), SEALED.findall(page)
    code = pyotp.TOTP(secret).at(clock.now())
    form = {"csrf": form_token(page), "sealed": sealed, "code": code, "next": "/cases"}
    return secret, CODES.findall(client.post(FORM, data=form).text)


def again(client: TestClient, **form: str) -> int:
    page = client.get(FORM).text
    return int(client.post(FORM, data={"csrf": form_token(page)} | form).status_code)


@pytest.mark.parametrize("role", Role)
def test_with_one_factor_no_page_opens_to_anybody(client: TestClient, house: FakeHouse, role: Role) -> None:
    assert first_step(client, somebody(house, role)) == 303
    csrf = form_token(client.get(FORM).text)
    opened = 0
    for name in ROUTE_ROLES.keys() - HALF_WAY_IN:
        if name not in ADDRESSES or not may(role, name):
            continue
        method, path = ADDRESSES[name]
        answer = client.request(method, path, data=None if method in SAFE_METHODS else {"csrf": csrf})
        assert answer.headers["location"].startswith(f"{FORM}?next=/"), name
        opened += 1
    assert opened > 5


def test_it_is_set_up_at_the_first_sign_in_and_asked_for_ever_after(
    client: TestClient, house: FakeHouse, wall_clock: VirtualClock
) -> None:
    staff = somebody(house)
    assert first_step(client, staff) == 303
    assert client.get("/cases").headers["location"] == f"{FORM}?next=/cases"
    assert "data:image/svg+xml" in client.get(FORM).text
    before = client.cookies["staff_session"]
    secret, codes = set_up(client, wall_clock)
    assert len(set(codes)) == 10
    assert client.cookies["staff_session"] != before, "another session, which nobody could have laid there"
    assert client.get("/cases").status_code == 200
    assert first_step(client, staff) == 401
    wall_clock.set(wall_clock.now() + timedelta(seconds=60))
    assert first_step(client, staff, pyotp.TOTP(secret).at(wall_clock.now())) == 303
    assert client.get("/cases").status_code == 200
    with house.sessions.read() as session:
        kept = session.scalars(select(Staff.recovery_codes)).one()
        actions = set(session.scalars(select(AuditEntry.action)))
    assert not set(codes) & set(kept)
    assert {"second_factor.set_up", "sign_in"} <= actions


def test_the_secret_of_another_or_of_long_ago_is_not_taken(
    client: TestClient, house: FakeHouse, wall_clock: VirtualClock
) -> None:
    first_step(client, somebody(house))
    page = client.get(FORM).text
    (secret,), (sealed,) = SECRET.findall(page), SEALED.findall(page)
    first_step(client, somebody(house))
    assert again(client, sealed=sealed, code=pyotp.TOTP(secret).at(wall_clock.now())) == 401
    page = client.get(FORM).text
    (secret,), (sealed,) = SECRET.findall(page), SEALED.findall(page)
    wall_clock.set(wall_clock.now() + timedelta(minutes=16))
    assert again(client, sealed=sealed, code=pyotp.TOTP(secret).at(wall_clock.now())) == 401
    assert again(client, sealed="k1.nonsense", code="000000") == 401
    assert client.get("/cases").status_code == 303


def test_a_recovery_code_serves_once_in_place_of_the_phone(
    client: TestClient, house: FakeHouse, wall_clock: VirtualClock
) -> None:
    staff = somebody(house, secret=TOTP_SECRET)
    with house.sessions.write() as session:
        code = give_recovery_codes(session.get_one(Staff, staff.id))[3]
    assert first_step(client, staff, code.upper().replace("-", " ")) == 303
    assert client.get("/cases").status_code == 200
    assert first_step(client, staff, code) == 401
    with house.sessions.read() as session:
        left = session.scalars(select(AuditEntry.facts).where(AuditEntry.action == "second_factor.recovery_code")).one()
    assert left == {"left": 9}


def test_whom_a_provider_vouches_for_with_one_factor_gives_ours(
    client: TestClient, house: FakeHouse, wall_clock: VirtualClock
) -> None:
    staff = somebody(house, secret=TOTP_SECRET)
    client.cookies.set("staff_session", auth.sign_in_vouched(house.sessions, staff.username, now=NOON))
    assert client.get("/cases").headers["location"] == f"{FORM}?next=/cases"
    assert SECRET.findall(client.get(FORM).text) == [], "nobody replaces a factor that is there"
    for _ in range(4):
        assert again(client, code="000000") == 401
    assert again(client, code=code_at(wall_clock.now())) == 303
    assert client.get("/cases").status_code == 200
    both = auth.sign_in_vouched(house.sessions, staff.username, two_factors=True, now=NOON)
    client.cookies.clear()
    client.cookies.set("staff_session", both)
    assert client.get("/cases").status_code == 200


def test_wrong_codes_lock_at_the_second_step_too(
    client: TestClient, house: FakeHouse, wall_clock: VirtualClock
) -> None:
    staff = somebody(house, secret=TOTP_SECRET)
    client.cookies.set("staff_session", auth.sign_in_vouched(house.sessions, staff.username, now=NOON))
    for _ in range(5):
        again(client, code="000000")
    assert again(client, code=code_at(wall_clock.now())) == 401


@pytest.mark.parametrize(
    ("found", "settings", "both"),
    [
        (Vouched("li"), {}, False),
        (Vouched("li", amr=frozenset({"pwd"})), {}, False),
        (Vouched("li", amr=frozenset({"pwd", "otp", "mfa"})), {}, True),
        (Vouched("li", amr=frozenset({"hwk"})), {"amr": ["hwk", "swk"]}, True),
        (Vouched("li", acr="urn:two"), {}, False),
        (Vouched("li", acr="urn:two"), {"acr": ["urn:two"]}, True),
        (Vouched("li"), {"acr": ["urn:two"]}, False),
        (Vouched("li"), {"always_two_factors": True}, True),
    ],
)
def test_a_provider_counts_for_two_where_it_says_that_it_asked_for_two(
    found: Vouched, settings: dict[str, Any], both: bool
) -> None:
    assert showed_two_factors(found, StaffOidcSettings(_env_file=None, **settings)) is both


def test_who_is_given_another_role_shows_what_that_one_takes(
    house: FakeHouse, wall_clock: VirtualClock, tmp_path: Path
) -> None:
    few = Settings(_env_file=None, home=tmp_path, public_url="http://testserver", second_factor_for=["administrator"])
    with TestClient(
        create_app(FakeHouse(house.sessions, few), wall_clock=wall_clock), follow_redirects=False
    ) as client:
        staff = somebody(house, Role.SUPERVISOR)
        assert first_step(client, staff) == 303
        assert client.get("/staff").status_code == 200
        with house.sessions.write() as session:
            change_duties(session, staff.id, Role.ADMINISTRATOR, team_id=None, most_cases=None, by="staff:99", now=NOON)
        assert client.get("/staff").headers["location"] == f"{FORM}?next=/staff"


def test_a_lost_factor_is_reset_by_an_administrator_who_did_not_give_the_password(house: FakeHouse) -> None:
    staff = somebody(house, secret=TOTP_SECRET)
    with house.sessions.write() as session:
        step_staff(session, staff.id, StaffStep.NEW_PASSWORD, by="staff:98", now=NOON)
        with pytest.raises(OfficeRefused, match="another administrator"):
            step_staff(session, staff.id, StaffStep.RESET_FACTOR, by="staff:98", now=NOON + timedelta(hours=23))
        step_staff(session, staff.id, StaffStep.RESET_FACTOR, by="staff:99", now=NOON + timedelta(hours=1))
        assert session.get_one(Staff, staff.id).totp_secret is None
        with pytest.raises(OfficeRefused, match="another administrator"):
            step_staff(session, staff.id, StaffStep.NEW_PASSWORD, by="staff:99", now=NOON + timedelta(hours=2))
        step_staff(session, staff.id, StaffStep.NEW_PASSWORD, by="staff:99", now=NOON + timedelta(hours=26))
    with house.sessions.read() as session:
        taken = session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "second_factor.take")).all()
    assert taken == ["staff:99"]


def test_codes_guessed_under_my_account_lock_like_those_of_a_sign_in(
    client: TestClient, house: FakeHouse, wall_clock: VirtualClock
) -> None:
    staff = somebody(house, secret=TOTP_SECRET)
    assert first_step(client, staff, code_at(wall_clock.now())) == 303
    csrf = form_token(client.get("/account").text)
    for _ in range(5):
        guess = {"csrf": csrf, "password": PASSWORD, "code": "000000"}
        assert client.post("/account/second-factor", data=guess).status_code == 422
    wall_clock.set(wall_clock.now() + timedelta(seconds=30))
    right = {"csrf": csrf, "password": PASSWORD, "code": code_at(wall_clock.now())}
    assert client.post("/account/second-factor", data=right).status_code == 422


def test_a_demonstration_signs_in_with_its_printed_password_alone(
    house: FakeHouse, wall_clock: VirtualClock, tmp_path: Path
) -> None:
    demo = Demo(DemoPlan(home=tmp_path, bot=("http://127.0.0.1:9", "a-secret")), Console(file=io.StringIO()))
    settings = demo._settings()
    assert (settings.host, settings.second_factor_for) == ("127.0.0.1", [])
    with TestClient(
        create_app(FakeHouse(house.sessions, settings), wall_clock=wall_clock), follow_redirects=False
    ) as client:
        assert first_step(client, somebody(house, Role.SUPERVISOR)) == 303
        assert client.get("/cases").status_code == 200


def test_administrators_do_without_on_one_machine_alone(tmp_path: Path) -> None:
    here = Settings(_env_file=None, home=tmp_path, second_factor_for=[])
    assert here.second_factor_for == []
    others: list[dict[str, Any]] = [{"host": "10.1.2.3"}, {"public_url": "https://outreach.example"}]
    for elsewhere in others:
        with pytest.raises(ValidationError, match="leaves out administrators"):
            Settings(_env_file=None, home=tmp_path, second_factor_for=["agent"], **elsewhere)
