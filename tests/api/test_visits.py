"""A visitor's day through the API: doors in full on the record, and what came of them once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from models.event import AuditEntry
from models.staff import Staff
from models.vocabulary import DayPart, Role
from outreach_api.cases.appointments import appoint
from outreach_api.cases.routing import Slot
from tests.api.conftest import Api
from tests.builders import NOON, a_case, a_match, a_resident, a_team


def test_a_day_is_read_and_brought_back(api: Api) -> None:
    assert api.get("/visits/day", by=Role.TEAM_MEMBER).json()["type"] == "urn:outreach:problem:no-team"
    with api.sessions.write() as session:
        team = a_team(session)
        session.get_one(Staff, api.people[Role.TEAM_MEMBER]).team_id = team.id
        case = a_case(session, a_match(session, a_resident(session, name="陈秀兰", address="湖贝路1号")))
        appoint(session, case, team.id, Slot(NOON.date(), DayPart.MORNING), by="system", now=NOON - timedelta(days=1))
        case_id, code = case.id, team.code
    day = api.get("/visits/day", by=Role.TEAM_MEMBER).json()
    (door,) = day["doors"]
    assert (day["team"], door["case_id"], door["name"], door["address"]) == (code, case_id, "陈*", "湖贝路1号")
    with api.sessions.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "visits.list")).all()[-1]
        assert entry.facts == {"cases": [case_id], "team": code}
    visit = {"client_id": "phone-7-0001", "case_id": case_id, "visit_on": str(NOON.date()), "outcome": "applied"}
    early = visit | {"client_id": "phone-7-0002", "visit_on": str(NOON.date() + timedelta(days=1))}
    sent = {"visits": [visit, visit | {"consented": True}, early, visit | {"case_id": 99999, "consented": True}]}
    results = api.post("/visits/day/records", sent, by=Role.TEAM_MEMBER).json()["results"]
    assert [one["refused"] for one in results] == ["consent_missing", None, "not_yet", "unknown_case"]
    assert api.get("/visits/day", by=Role.TEAM_MEMBER).json()["doors"][0]["done"] == "applied"
    assert api.get("/visits/day", by=Role.SUPERVISOR).status_code == 403
