from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models.event import AuditEntry
from models.staff import Staff, StaffSession
from models.vocabulary import Role
from outreach_api.clock import VirtualClock
from outreach_api.web.second_factor import give_factor, take_factor
from tests.web.conftest import PASSWORD, Colleague, FakeHouse, TestClient, code_at, form_token, sign_in


def try_code(client: TestClient, staff: Staff, code: str) -> int:
    client.cookies.clear()
    form = {"username": staff.username, "password": PASSWORD, "code": code}
    return int(client.post("/sign-in", data=form | {"csrf": form_token(client.get("/sign-in").text)}).status_code)


def test_an_administrator_needs_the_code_of_the_moment(
    client: TestClient, colleague: Colleague, wall_clock: VirtualClock
) -> None:
    staff = colleague(Role.ADMINISTRATOR)
    now = wall_clock.now()
    for wrong in ("", "000000", code_at(now - timedelta(minutes=5)), code_at(now + timedelta(minutes=5))):
        assert try_code(client, staff, wrong) == 401
    assert try_code(client, staff, code_at(now)) == 303


@pytest.mark.parametrize("seconds", [-30, 30])
def test_a_phone_whose_clock_is_half_a_minute_off_still_serves(
    client: TestClient, colleague: Colleague, wall_clock: VirtualClock, seconds: int
) -> None:
    code = code_at(wall_clock.now() + timedelta(seconds=seconds))
    assert try_code(client, colleague(Role.ADMINISTRATOR), f"{code[:3]} {code[3:]}") == 303


def test_a_code_is_good_once(client: TestClient, colleague: Colleague, wall_clock: VirtualClock) -> None:
    staff, code = colleague(Role.ADMINISTRATOR), code_at(wall_clock.now())
    assert [try_code(client, staff, code), try_code(client, staff, code)] == [303, 401]
    wall_clock.set(wall_clock.now() + timedelta(seconds=30))
    assert try_code(client, staff, code) == 401
    assert try_code(client, staff, code_at(wall_clock.now())) == 303


def test_a_right_code_without_the_password_is_nothing_and_is_not_used_up(
    client: TestClient, colleague: Colleague
) -> None:
    staff = colleague(Role.ADMINISTRATOR)
    assert sign_in(client, staff, "wrong-password") == 401
    assert sign_in(client, staff) == 303


def test_wrong_codes_lock_like_wrong_passwords(
    client: TestClient, colleague: Colleague, wall_clock: VirtualClock
) -> None:
    staff = colleague(Role.ADMINISTRATOR)
    for _ in range(5):
        try_code(client, staff, "000000")
    assert try_code(client, staff, code_at(wall_clock.now())) == 401


def test_an_administrator_without_a_factor_sets_one_up_first_and_others_may_do_without(
    client: TestClient, house: FakeHouse, colleague: Colleague, wall_clock: VirtualClock
) -> None:
    administrator, agent = colleague(Role.ADMINISTRATOR), colleague(Role.AGENT)
    with house.sessions.write() as session:
        take_factor(session, session.get_one(Staff, administrator.id), by="terminal", now=wall_clock.now())
    assert try_code(client, administrator, "") == 303
    assert client.get("/staff").headers["location"] == "/sign-in/second-factor?next=/staff"
    assert try_code(client, agent, "") == 303
    assert client.get("/cases").status_code == 200


def test_a_new_factor_ends_open_sessions_is_on_the_record_and_kept_sealed(
    client: TestClient, house: FakeHouse, colleague: Colleague, wall_clock: VirtualClock
) -> None:
    staff = colleague(Role.AGENT)
    assert sign_in(client, staff) == 303
    with house.sessions.write() as session:
        address = give_factor(session, session.get_one(Staff, staff.id), by="terminal", now=wall_clock.now())
    assert address.startswith(f"otpauth://totp/Benefit%20Outreach:{staff.username}?secret=")
    assert client.get("/").status_code == 303
    assert try_code(client, staff, "") == 401
    with house.sessions.read() as session:
        assert ended(session.scalars(select(StaffSession.ended_at)).all())
        assert session.scalars(select(AuditEntry.action).where(AuditEntry.actor == "terminal")).all() == [
            "second_factor.give"
        ]
        secret = session.scalars(select(Staff.totp_secret).where(Staff.id == staff.id)).one()
        raw = session.connection().exec_driver_sql("SELECT totp_secret FROM staff").scalars().all()
    assert secret not in raw


def ended(moments: object) -> bool:
    return isinstance(moments, list) and all(isinstance(moment, datetime) for moment in moments)
