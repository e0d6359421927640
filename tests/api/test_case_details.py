"""What a case page shows and does beside the case: many at once, why, one detail, a survey at home."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case
from models.event import AuditEntry
from models.vocabulary import CaseKind, Role
from scheduler.rules.evaluate import evaluate
from tests.api.conftest import SYSTEM, Api
from tests.builders import a_case, a_ledger_entry, a_match, a_resident
from tests.web.conftest import cards
from tests.web.test_surveys import a_survey_at_home

POLICY = "elderly-allowance"


def a_human_case(api: Api) -> dict[str, Any]:
    with api.sessions.write() as session:
        found: Case = a_case(session, a_match(session, a_resident(session, name="陈秀兰")), kind=CaseKind.HUMAN)
        return {"case_id": found.id, "version": found.version}


def test_many_are_given_and_one_that_changed_holds_up_no_other(api: Api) -> None:
    first, changed = a_human_case(api), a_human_case(api)
    body = {"staff_id": api.people[Role.AGENT], "why": "轮到他", "cases": [first, changed | {"version": 99}]}
    assert api.post("/queue/assign", body).json() == {"given": 1, "left": 1}
    assert api.get(f"/queue/{first['case_id']}").json()["holder"]["staff_id"] == api.people[Role.AGENT]
    assert api.post("/queue/assign", body | {"staff_id": 99999}).status_code == 422
    assert api.post("/queue/assign", body | {"cases": []}).status_code == 422
    assert api.post("/queue/assign", body, by=Role.AGENT).status_code == 403


def test_why_somebody_is_eligible_is_told_part_by_part_and_sensitive_values_to_who_works_cases(api: Api) -> None:
    facts = {"age_years": 91, "hukou": "shenzhen", "low_income": True}
    with api.sessions.write() as session:
        match = a_match(session, policy_id=POLICY)
        a_ledger_entry(session, match, evaluate(cards()[POLICY].rule, facts).model_dump(mode="json"))
        path = f"/queue/{a_case(session, match).id}/background"
    told = api.get(path, by=Role.AGENT).json()
    assert {"age_years": 91}.items() <= {line["field"]: line["seen"] for line in told["eligibility"]}.items()
    assert all(line["label"]["en"] for line in told["eligibility"])
    assert told["suggested_answer"] is None
    assert api.get(path, by=SYSTEM).status_code == 403


def test_who_works_a_case_sees_one_detail_of_its_person_on_the_record(api: Api) -> None:
    path = f"/queue/{a_human_case(api)['case_id']}/reveal"
    asked = {"detail": "name", "purpose": "上门核对姓名"}
    assert api.post(path, asked, by=Role.TEAM_MEMBER).status_code == 409, "no team goes there today"
    assert api.post(path, asked, by=Role.AGENT).json()["value"] == "陈秀兰"
    with api.sessions.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "reveal.name")).all()[-1]
        assert (entry.actor, entry.purpose) == (f"staff:{api.people[Role.AGENT]}", "上门核对姓名")
    with api.sessions.write() as session:
        nobodys = a_case(session, kind=CaseKind.HUMAN).id
    assert api.post(f"/queue/{nobodys}/reveal", asked).status_code == 422


def test_a_survey_at_home_is_read_answered_and_read_again(api: Api) -> None:
    path = f"/queue/{a_survey_at_home(api.sessions)}/survey"
    first, *_ = api.get(path, by=Role.AGENT).json()["questions"]
    kept = api.post(path, {"answers": {first["id"]: "4"}}, by=Role.AGENT).json()
    assert (kept["state"], kept["case_state"]) == ("partial", "open")
    assert api.get(path, by=Role.AGENT).json()["answered"] == {first["id"]: "4"}
    wrong = api.post(path, {"answers": {first["id"]: "99"}}, by=Role.AGENT)
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:outreach:problem:answers-refused")
    assert api.post(path, {"refused": True}, by=Role.AGENT).json()["state"] == "refused"


@pytest.mark.parametrize("part", ["background", "survey"])
def test_of_no_case_there_is_nothing(api: Api, part: str) -> None:
    assert api.get(f"/queue/99999/{part}", by=Role.AGENT).status_code == 404
