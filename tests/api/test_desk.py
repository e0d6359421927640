"""The counter, stall days and appeals through the API."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from models.event import AuditEntry
from models.id_number import check_character
from models.vocabulary import CaseKind, Role
from tests.api.conftest import SYSTEM, Api
from tests.builders import NOON, a_case, a_match, a_resident

CARD = "44030319480305121"
CARD += check_character(CARD)


def somebody(api: Api) -> tuple[int, int]:
    """A resident with a card, and what waits for them."""
    with api.sessions.write() as session:
        known = {"id_number": CARD, "birth_date": date(1948, 3, 5), "name": "陈秀兰"}
        resident = a_resident(session, **known)  # type: ignore[arg-type]
        return resident.id, a_match(session, resident).id


def test_who_stands_at_the_counter_is_shown_masked_with_what_waits(api: Api) -> None:
    resident_id, match_id = somebody(api)
    answer = api.post("/desk/search", {"card": CARD}, by=Role.AGENT)
    person = next(one for one in answer.json()["items"] if one["resident_id"] == resident_id)
    assert (person["name"], person["waiting"][0]["match_id"]) == ("陈*", match_id)
    assert CARD not in answer.text
    named = api.post("/desk/search", {"name": "陈秀兰", "birth_month": "1948-03"}, by=Role.AGENT).json()["items"]
    assert resident_id in {one["resident_id"] for one in named}
    closed = {"resident_id": resident_id, "match_id": match_id}
    assert api.post("/desk/applications", closed, by=Role.AGENT).json()["state"] == "applied_at_hall"
    assert api.post("/desk/applications", closed, by=Role.AGENT).status_code == 409
    with api.sessions.read() as session:
        entries = session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("desk."))).all()
    assert {"desk.find", "desk.closed"} <= set(entries)


@pytest.mark.parametrize(
    "shown", [{}, {"name": "陈秀兰"}, {"birth_month": "1948-03"}, {"card": "44030319480305120X"}, {"card": "1", "x": 1}]
)
def test_too_little_finds_nobody_and_says_what_is_missing(api: Api, shown: dict[str, object]) -> None:
    assert api.post("/desk/search", shown, by=Role.AGENT).status_code == 422


def test_a_stall_day_is_planned_recorded_at_and_called_off(api: Api) -> None:
    asked = {
        "on": str(NOON.date() + timedelta(days=4)),
        "hours": "上午9点到11点",
        "place": "中庭",
        "street": "东门街道",
    }
    assert api.post("/stalls", asked | {"on": str(NOON.date())}).json()["type"] == "urn:outreach:problem:stall-refused"
    stall = api.post("/stalls", asked).json()
    assert (stall["created_by"], stall["cancelled_at"]) == (f"staff:{api.people[Role.SUPERVISOR]}", None)
    with api.sessions.write() as session:
        match = a_match(session)
        result = {"resident_id": match.resident_id, "match_id": match.id, "outcome": "declined"}
    path = f"/stalls/{stall['id']}"
    assert api.post(f"{path}/results", result, by=Role.AGENT).json()["outcomes"] == {"declined": 1}
    assert api.post(f"{path}/cancel", by=Role.AGENT).status_code == 403
    assert api.post(f"{path}/cancel").json()["cancelled_at"] is not None
    listed = api.get("/stalls?limit=1", by=SYSTEM).json()
    assert listed["items"][0]["id"] == stall["id"]


def test_an_appeal_is_brought_handed_to_a_department_and_counted(api: Api) -> None:
    before = api.get("/appeals/figures?days=1").json()["whole"]["taken"]
    brought = {"text": "楼下路灯三天不亮，电话13800001234", "street": "东门街道"}
    appeal = api.post("/appeals", brought, by=Role.AGENT).json()
    assert (appeal["category"], appeal["department"]) == ("lighting", "城管部门")
    assert "138****1234" in appeal["words"]
    path = f"/appeals/{appeal['case_id']}"
    changed = api.call("PUT", path, by=Role.AGENT, json={"department": "街道城管", "location": "湖贝路1号"}).json()
    assert (changed["category"], changed["department"], changed["street"]) == ("lighting", "街道城管", "东门街道")
    assert api.get(path, by=SYSTEM).json() == changed
    figures = api.get("/appeals/figures?days=1").json()
    assert figures["whole"]["taken"] == before + 1
    assert figures["by"]["department"]["街道城管"]["taken"] == 1
    found = api.get("/appeals?department=街道城管").json()["items"]
    assert [one["case_id"] for one in found] == [appeal["case_id"]]
    assert [one["change"] for one in api.get(f"/queue/{appeal['case_id']}").json()["history"]] == [
        "opened",
        "described",
    ]


def test_another_case_is_no_appeal(api: Api) -> None:
    with api.sessions.write() as session:
        other = a_case(session, a_match(session), kind=CaseKind.COMPLAINT).id
    assert api.get(f"/appeals/{other}").status_code == 404
    assert api.call("PUT", f"/appeals/{other}", json={"department": "城管"}).status_code == 404
