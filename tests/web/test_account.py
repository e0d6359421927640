"""One's own account: another password, one's sessions, one's second factor, and passwords that others gave."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from models.event import AuditEntry
from models.staff import Staff, StaffSession
from models.vocabulary import Role
from outreach_api.clock import VirtualClock
from outreach_api.web import auth
from outreach_api.web.staff import GIVEN_FOR, add_staff
from tests.builders import NOON
from tests.web.conftest import PASSWORD, Colleague, FakeHouse, TestClient, form_token, sign_in

SHOWN = re.compile(r"<code>([^<]+)</code>")


@pytest.fixture
def li(client: TestClient, colleague: Colleague) -> Staff:
    """Somebody who has signed in."""
    staff = colleague(Role.AGENT)
    assert sign_in(client, staff) == 303
    return staff


def sent(client: TestClient, path: str, **form: str) -> str:
    return str(client.post(path, data={"csrf": form_token(client.get("/account").text)} | form).text)


def test_another_password_is_made_for_who_gives_the_old_one(client: TestClient, house: FakeHouse, li: Staff) -> None:
    assert SHOWN.findall(sent(client, "/account/password", password="a guess")) == []
    (made,) = SHOWN.findall(sent(client, "/account/password", password=PASSWORD))
    assert client.get("/account").status_code == 303, "every session has ended"
    with pytest.raises(auth.SignInRefused):
        auth.sign_in(house.sessions, li.username, PASSWORD, now=NOON)
    assert auth.sign_in(house.sessions, li.username, made, now=NOON)
    with house.sessions.read() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
        assert {"password.refused", "password.renew"} <= set(actions)
        assert session.get_one(Staff, li.id).password_until is None


def test_guesses_at_a_signed_in_browser_lock_the_account_too(client: TestClient, house: FakeHouse, li: Staff) -> None:
    for _ in range(5):
        sent(client, "/account/password", password="a guess")
    assert SHOWN.findall(sent(client, "/account/password", password=PASSWORD)) == []


def test_ones_own_sessions_are_seen_and_ended_and_nobody_elses(
    client: TestClient, house: FakeHouse, li: Staff, colleague: Colleague
) -> None:
    other = colleague(Role.AGENT)
    for who in (li, li, other):
        auth.sign_in(house.sessions, who.username, PASSWORD, now=NOON)
    with house.sessions.read() as session:
        mine = session.scalars(select(StaffSession.id).where(StaffSession.staff_id == li.id)).all()
        theirs = session.scalars(select(StaffSession.id).where(StaffSession.staff_id == other.id)).one()
    csrf = {"csrf": form_token(client.get("/account").text)}
    assert client.post(f"/account/sessions/{theirs}/end", data=csrf).status_code == 404
    assert client.post(f"/account/sessions/{mine[1]}/end", data=csrf).status_code == 303
    assert client.post("/account/sessions/others/end", data=csrf).status_code == 303
    with house.sessions.read() as session:
        going_on = session.scalars(select(StaffSession.id).where(StaffSession.ended_at.is_(None))).all()
    assert sorted(going_on) == sorted([mine[0], theirs])


def test_a_second_factor_is_set_up_and_renewed_by_its_owner(
    client: TestClient, house: FakeHouse, li: Staff, wall_clock: VirtualClock
) -> None:
    (address,) = SHOWN.findall(sent(client, "/account/second-factor", password=PASSWORD))
    totp = pyotp.parse_uri(address.replace("&amp;", "&"))
    assert isinstance(totp, pyotp.TOTP)
    with pytest.raises(auth.SignInRefused):
        auth.sign_in(house.sessions, li.username, PASSWORD, now=NOON)
    with house.sessions.read() as session:
        assert sign_in(client, session.get_one(Staff, li.id)) == 401, "the old secret's code"
    form = {"csrf": form_token(client.get("/sign-in").text), "username": li.username, "password": PASSWORD, "next": "/"}
    assert client.post("/sign-in", data=form | {"code": totp.at(wall_clock.now())}).status_code == 303
    assert SHOWN.findall(sent(client, "/account/second-factor", password=PASSWORD, code="000000")) == []
    code = totp.at(wall_clock.now() + timedelta(seconds=30))
    assert len(SHOWN.findall(sent(client, "/account/second-factor", password=PASSWORD, code=code))) == 1


def test_a_password_that_somebody_gave_ends_after_a_week(house: FakeHouse) -> None:
    with house.sessions.write() as session:
        password = add_staff(session, "wang", "王", Role.AGENT, now=NOON)
    assert auth.sign_in(house.sessions, "wang", password, now=NOON + GIVEN_FOR - timedelta(seconds=1))
    with pytest.raises(auth.SignInRefused):
        auth.sign_in(house.sessions, "wang", password, now=NOON + GIVEN_FOR)
