from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from sqlalchemy import select

from models.event import AuditEntry
from models.vocabulary import Role
from scheduler.planning.rules import READERS, contact_rules
from tests.api.conftest import Api
from tests.builders import a_team


def test_every_setting_is_listed_and_one_is_changed_on_the_record(api: Api) -> None:
    assert {item["name"] for item in api.get("/settings").json()["items"]} == set(READERS)
    changed = api.call("PUT", "/settings/conversation_wait_hours", by=Role.ADMINISTRATOR, json={"value": 48})
    assert (changed.json()["value"], changed.json()["changed_by"]) == (48, f"staff:{api.people[Role.ADMINISTRATOR]}")
    with api.sessions.read() as session:
        assert contact_rules(session).conversation_wait.total_seconds() == 48 * 3600
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "setting.change")).one()
        assert entry.facts == {"before": None, "after": 48}


@pytest.mark.parametrize("name", [*sorted(READERS), "no_such_setting"])
@pytest.mark.parametrize("value", ["x", -1, {"a": "b"}, ["x"], 10**30])
def test_a_value_that_makes_no_sense_is_refused_with_the_reason(api: Api, name: str, value: Any) -> None:
    answer = api.call("PUT", f"/settings/{name}", by=Role.ADMINISTRATOR, json={"value": value})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:outreach:problem:setting-refused"), answer.text
    assert name in answer.json()["detail"]


def test_everything_is_held_back_and_let_go_again(api: Api) -> None:
    assert api.call("PUT", "/pauses/everything", json={"because": "系统检修"}).json()["everything"] == "系统检修"
    assert api.get("/pauses", by=Role.AGENT).json()["everything"] == "系统检修"
    assert api.call("DELETE", "/pauses/everything").json()["everything"] is None


def test_the_record_is_read_by_auditors_newest_first(api: Api) -> None:
    assert api.call("PUT", "/pauses/everything", json={"because": "演练"}).status_code == HTTPStatus.OK
    page = api.get("/audit-entries?action=pause&limit=1", by=Role.AUDITOR).json()
    assert [(entry["actor"], entry["purpose"]) for entry in page["items"]] == [
        (f"staff:{api.people[Role.SUPERVISOR]}", "演练")
    ]
    api.call("DELETE", "/pauses/everything")


def test_teams_and_staff_are_listed_without_secrets(api: Api) -> None:
    with api.sessions.write() as session:
        a_team(session, "T77")
    assert [team["code"] for team in api.get("/teams").json()["items"]] == ["T77"]
    staff = api.get("/staff?limit=2")
    assert len(staff.json()["items"]) == 2
    assert staff.json()["next"]
    assert "password" not in staff.text
    assert api.get("/stations").json() == {"items": [], "next": None}
