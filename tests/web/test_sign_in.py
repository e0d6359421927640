from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.event import AuditEntry
from models.staff import StaffSession
from models.vocabulary import Role
from outreach_api.clock import VirtualClock
from outreach_api.web.access import local_path
from outreach_api.web.auth import hash_password
from tests.web.conftest import PASSWORD, Colleague, FakeHouse, TestClient, form_token, sign_in

SignedIn = Callable[[Role], TestClient]


def test_who_is_not_signed_in_is_led_to_the_form_and_back(client: TestClient) -> None:
    answer = client.get("/cases?kind=human")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/cases%3Fkind%3Dhuman"
    assert 'value="/cases?kind=human"' in client.get(answer.headers["location"]).text


def test_a_session_is_kept_as_a_hash_in_a_cookie_no_script_can_read(
    client: TestClient, colleague: Colleague, house: FakeHouse
) -> None:
    staff = colleague(Role.AGENT)
    token = form_token(client.get("/sign-in").text)
    form = {"csrf": token, "username": staff.username, "password": PASSWORD, "next": "/"}
    answer = client.post("/sign-in", data=form)
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("staff_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    with house.sessions.read() as session:
        kept = session.scalars(select(StaffSession.token_hash)).one()
    assert kept not in cookie
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("wrong", ["password", "name"])
def test_a_wrong_name_and_a_wrong_password_look_the_same(client: TestClient, colleague: Colleague, wrong: str) -> None:
    staff = colleague(Role.AGENT)
    if wrong == "name":
        staff.username = "nobody-here"
    assert sign_in(client, staff, PASSWORD if wrong == "name" else "wrong-password") == 401
    assert client.get("/").status_code == 303


def test_five_failures_lock_and_each_further_one_locks_longer(
    client: TestClient, colleague: Colleague, wall_clock: VirtualClock
) -> None:
    staff = colleague(Role.AGENT)
    for _ in range(5):
        assert sign_in(client, staff, "wrong-password") == 401
    assert sign_in(client, staff) == 401
    wall_clock.set(wall_clock.now() + timedelta(seconds=61))
    assert sign_in(client, staff, "wrong-password") == 401
    wall_clock.set(wall_clock.now() + timedelta(seconds=61))
    assert sign_in(client, staff) == 401
    wall_clock.set(wall_clock.now() + timedelta(seconds=60))
    assert sign_in(client, staff) == 303


def test_a_refused_sign_in_is_on_the_record_without_the_name_that_was_tried(
    client: TestClient, colleague: Colleague, house: FakeHouse
) -> None:
    staff = colleague(Role.AGENT)
    staff.username = "my-password-by-mistake"
    sign_in(client, staff)
    with house.sessions.read() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.subject) == ("sign_in.refused", "unknown")


@pytest.mark.parametrize(("minutes_apart", "times", "status"), [(31, 1, 303), (29, 2, 200), (29, 25, 303)])
def test_a_session_idles_out_and_grows_too_old(
    signed_in: SignedIn, wall_clock: VirtualClock, minutes_apart: int, times: int, status: int
) -> None:
    client = signed_in(Role.AGENT)
    for _ in range(times):
        wall_clock.set(wall_clock.now() + timedelta(minutes=minutes_apart))
        answer = client.get("/")
    assert answer.status_code == status


def test_what_the_page_fetches_itself_keeps_nobody_signed_in(signed_in: SignedIn, wall_clock: VirtualClock) -> None:
    client = signed_in(Role.AGENT)
    for _ in range(4):
        wall_clock.set(wall_clock.now() + timedelta(minutes=10))
        answer = client.get("/overview/figures", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in"


def test_signing_out_ends_the_session_everywhere(signed_in: SignedIn) -> None:
    client = signed_in(Role.AGENT)
    stolen = client.cookies["staff_session"]
    token = form_token(client.get("/").text)
    assert client.post("/sign-out", data={"csrf": token}).status_code == 303
    client.cookies.set("staff_session", stolen)
    assert client.get("/").status_code == 303


def test_a_foreign_page_cannot_sign_somebody_in(client: TestClient, colleague: Colleague) -> None:
    staff = colleague(Role.AGENT)
    form = {"username": staff.username, "password": PASSWORD, "csrf": "guessed"}
    assert client.post("/sign-in", data=form).status_code == 403


@pytest.mark.parametrize("path", ["https://evil.example", "//evil.example", "/\\evil.example", "", "/a\nb", "x"])
def test_a_link_never_leads_out_of_the_house(path: str) -> None:
    assert local_path(path) == "/"


def test_a_short_password_is_refused() -> None:
    with pytest.raises(ValueError, match="10 characters"):
        hash_password("short")
