"""Counts of this moment, minutes a step, and surveys from their beginning to their end."""

from __future__ import annotations

from sqlalchemy import select

from models.event import AuditEntry
from models.survey import Survey
from models.vocabulary import CaseKind, ContactState, MatchState, Role
from tests.api.conftest import SYSTEM, Api
from tests.builders import a_case, a_contact, a_match


def test_the_overview_counts_what_there_is(api: Api) -> None:
    with api.sessions.write() as session:
        match = a_match(session, state=MatchState.IN_OUTREACH)
        a_contact(session, match, state=ContactState.PLANNED)
        a_case(session, match, kind=CaseKind.HUMAN)
    told = api.get("/overview").json()
    assert told["match_states"][match.policy_id]["in_outreach"] == 1
    assert told["to_send"] == 1
    assert told["clocks"]["human"]["waiting"] == 1
    assert told["contacts_today"]["sms"]["planned"] == told["contacts"]["sms"]["planned"] == 1
    assert (told["paused_because"], told["carriers"]) == (None, [])


def test_minutes_a_step_are_set_on_the_record(api: Api) -> None:
    steps = api.get("/labour-minutes", by=SYSTEM).json()["steps"]
    assert steps["visit"]["minutes"] == steps["visit"]["assumed"]
    changed = api.call("PUT", "/labour-minutes", by=Role.SUPERVISOR, json={"minutes": {"visit": 35}}).json()["steps"]
    assert (changed["visit"]["minutes"], changed["human"]) == (35, steps["human"])
    for wrong in ({"visit": 601}, {"visit": -1}, {"fly": 3}, {}):
        answer = api.call("PUT", "/labour-minutes", by=Role.SUPERVISOR, json={"minutes": wrong})
        assert answer.status_code == 422, wrong
    with api.sessions.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.subject == "setting:labour_minutes")).one()
        assert entry.facts == {"visit": 35}


def test_a_survey_is_begun_by_a_plan_and_ended_once(api: Api) -> None:
    known = {(one["id"], one["version"]) for one in api.get("/questionnaires", by=SYSTEM).json()["items"]}
    assert ("after-service", 1) in known
    plan = {"take": "random", "each": 5, "channel": "visit", "again": None}
    begun = api.post("/surveys", {"questionnaire": "after-service", "sample": plan}).json()
    assert (begun["name"], begun["state"], begun["starts_on"]) == ("after-service", "running", "2026-09-01")
    with api.sessions.read() as session:
        assert session.get_one(Survey, begun["id"]).sample["each"] == 5
    path = f"/surveys/{begun['id']}/end"
    assert api.post(path).json()["state"] == "stopped"
    assert (api.post(path).status_code, api.post(path).json()["type"]) == (422, "urn:outreach:problem:survey-refused")
    assert api.post("/surveys", {"questionnaire": "no-such"}).status_code == 422
    assert api.post("/surveys", {"questionnaire": "after-service"}, by=Role.ANALYST).status_code == 403
    with api.sessions.read() as session:
        done = session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("survey."))).all()
    assert done == ["survey.begin", "survey.end"]
