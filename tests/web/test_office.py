"""An administrator keeps staff, teams and rules."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from models.case import Team
from models.event import AuditEntry, Setting
from models.vocabulary import Role
from outreach_api.office import OfficeRefused, StaffStep, change_duties, step_staff, take_on
from outreach_api.web.auth import SignInRefused
from outreach_api.web.auth import sign_in as sign_in_by
from tests.builders import NOON, a_staff_member, a_team
from tests.web.conftest import FakeHouse, TestClient, form_token

PICTURES = os.environ.get("OUTREACH_SCREENSHOTS")
SignedIn = Callable[[Role], TestClient]


def test_a_first_password_signs_in_and_a_locked_out_account_does_not(house: FakeHouse) -> None:
    with house.sessions.write() as session:
        made, password = take_on(session, "lin", "林小姐", Role.AGENT, team_id=None, by="staff:9", now=NOON)
        staff_id = made.id
    assert sign_in_by(house.sessions, "lin", password, now=NOON)
    with house.sessions.write() as session:
        step_staff(session, staff_id, StaffStep.DISABLE, by="staff:9", now=NOON)
    with pytest.raises(SignInRefused):
        sign_in_by(house.sessions, "lin", password, now=NOON)
    with house.sessions.write() as session:
        step_staff(session, staff_id, StaffStep.ENABLE, by="staff:9", now=NOON)
        changed = step_staff(session, staff_id, StaffStep.NEW_PASSWORD, by="staff:9", now=NOON)
    assert changed
    assert sign_in_by(house.sessions, "lin", changed, now=NOON)
    with house.sessions.read() as session:
        facts = [str(entry.facts) for entry in session.scalars(select(AuditEntry))]
        assert not any(password in fact or changed in fact for fact in facts)


def test_nobody_changes_their_own_account_and_visitors_have_a_team(house: FakeHouse) -> None:
    with house.sessions.write() as session:
        boss = a_staff_member(session, Role.ADMINISTRATOR)
        other = a_staff_member(session, Role.AGENT)
        team = a_team(session)
        own: dict[str, Any] = {"team_id": None, "most_cases": None, "by": f"staff:{boss.id}", "now": NOON}
        with pytest.raises(OfficeRefused):
            change_duties(session, boss.id, Role.SUPERVISOR, **own)
        with pytest.raises(OfficeRefused):
            change_duties(session, other.id, Role.TEAM_MEMBER, **own)
        change_duties(session, other.id, Role.TEAM_MEMBER, **(own | {"team_id": team.id}))
        assert (other.role, other.team_id) == (Role.TEAM_MEMBER, team.id)
        with pytest.raises(OfficeRefused):
            take_on(session, other.username, "重名", Role.AGENT, team_id=None, by="staff:9", now=NOON)


def test_rules_are_read_before_they_hold(house: FakeHouse, signed_in: SignedIn) -> None:
    client = signed_in(Role.ADMINISTRATOR)
    token = form_token(client.get("/settings").text)
    wrong = {"csrf": token, "hours-sms": "20:00-09:00"}
    assert client.post("/settings/contact_hours", data=wrong).status_code == 422
    right = {"csrf": token, "hours-sms": "09:30-12:00, 14:00-19:00", "hours-voice": "10:00-11:00"}
    assert client.post("/settings/contact_hours", data=right).status_code == 303
    days = {"csrf": token, "days": "2027-02-06 holiday\n2027-02-20 workday\n"}
    assert client.post("/settings/calendar_overrides", data=days).status_code == 303
    assert client.post("/settings/cadence", data={"csrf": token, "value": "{"}).status_code == 422
    with house.sessions.read() as session:
        kept = {row.name: row.value for row in session.scalars(select(Setting))}
    assert kept["contact_hours"]["sms"] == [["09:30", "12:00"], ["14:00", "19:00"]]
    assert kept["calendar_overrides"] == {"2027-02-06": "holiday", "2027-02-20": "workday"}
    assert "09:30-12:00, 14:00-19:00" in client.get("/settings").text


def test_a_team_is_kept_by_its_code(house: FakeHouse, signed_in: SignedIn) -> None:
    client = signed_in(Role.ADMINISTRATOR)
    token = form_token(client.get("/teams").text)
    client.post("/stations", data={"csrf": token, "name": "湖贝站", "street": "东门街道"})
    form = {"csrf": token, "code": "T77", "name": "湖贝一队", "visits_per_day": "6", "station": "1", "skills": "health"}
    client.post("/teams", data=form)
    client.post("/teams", data=form | {"visits_per_day": "9", "withdrawn": "true"})
    with house.sessions.read() as session:
        team = session.scalars(select(Team).where(Team.code == "T77")).one()
        assert (team.visits_per_day, team.skills, team.withdrawn_at is not None) == (9, ["health"], True)
