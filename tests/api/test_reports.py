from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from models.event import AuditEntry
from models.survey import Survey
from models.vocabulary import Role
from tests.api.conftest import SYSTEM, Api
from tests.builders import a_match, a_resident

POLICY = "elderly-allowance"
PURPOSE = "街道核对名单"


@pytest.fixture(scope="module")
def matched(api: Api) -> int:
    with api.sessions.write() as session:
        for _ in range(2):
            a_match(session, a_resident(session, name="欧阳兰"))
        session.add(
            Survey(name="上门满意度", questionnaire="service", version=1, sample={}, starts_on=date(2026, 9, 1))
        )
    return 2


def test_a_report_carries_its_definitions_and_hides_small_cells_from_who_sees_no_cases(api: Api, matched: int) -> None:
    read = api.get(f"/reports/campaign?policy={POLICY}").json()
    assert read["figures"]["newly_matched"] == matched
    assert set(read["definitions"]) == set(read["figures"])
    assert not read["suppressed"]
    assert api.get(f"/reports/campaign?policy={POLICY}", by=SYSTEM).json()["suppressed"]
    assert api.get("/reports/campaign?policy=nothing-matched").status_code == 404
    assert api.get("/reports/campaign").status_code == 422
    assert api.get("/reports/daily?on=2026-09-01").json()["report"] == "daily"


def test_the_list_behind_a_figure_is_masked(api: Api, matched: int) -> None:
    asked = {"policy": POLICY, "groups": {"street": "东门街道"}}
    answer = api.post("/report-lists", asked)
    assert answer.json()["total"] == matched
    assert {row["name"] for row in answer.json()["rows"]} == {"欧*"}
    assert api.post("/report-lists", {"figure": "no-such-figure"}).status_code == 422
    assert api.post("/report-lists", {"groups": {"shoe_size": "42"}}).status_code == 422


def test_an_export_has_a_purpose_and_only_who_asked_takes_it(api: Api, matched: int) -> None:
    wanted = {"policy": POLICY, "form": "csv", "purpose": PURPOSE, "promised": True, "fields": ["street", "state"]}
    for wrong in ({"purpose": "x"}, {"promised": False}, {"fields": ["id_number"]}, {"term_days": 31}):
        assert api.post("/exports", wanted | wrong).status_code == 422
    asked = api.post("/exports", wanted).json()
    assert asked["fields"] == ["street", "state"]
    assert (asked["rows"], asked["approved_at"] is not None) == (matched, True)
    taken = api.get(f"/exports/{asked['id']}/file")
    assert taken.headers["content-type"] == "text/csv; charset=utf-8"
    assert "欧阳兰" not in taken.text
    own = api.post(f"/exports/{asked['id']}/approve")
    assert (own.status_code, own.json()["type"]) == (422, "urn:outreach:problem:export-refused")
    assert [item["id"] for item in api.get("/exports", by=Role.AUDITOR).json()["items"]] == [asked["id"]]
    with api.sessions.read() as session:
        entries = session.scalars(select(AuditEntry.action).where(AuditEntry.purpose == PURPOSE)).all()
    assert entries == ["export.ask", "export.take"]


def test_surveys_are_told_with_their_response(api: Api, matched: int) -> None:
    (survey,) = api.get("/surveys").json()["items"]
    assert (survey["name"], survey["framed"], survey["answered"]) == ("上门满意度", 0, 0)
