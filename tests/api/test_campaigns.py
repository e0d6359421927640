from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.contact import Contact
from models.vocabulary import Role
from tests.api.conftest import SYSTEM, Api
from tests.builders import a_match, a_resident

POLICY = "elderly-allowance"


def draft(**values: Any) -> dict[str, Any]:
    return {"name": "高龄津贴", "policy_id": POLICY, "starts_on": "2026-09-01", "daily_cap": 200} | values


@pytest.fixture(scope="module")
def audience(api: Api) -> None:
    with api.sessions.write() as session:
        for _ in range(3):
            a_match(session, a_resident(session), policy_id=POLICY)


def test_one_draws_up_another_approves_then_it_runs_pauses_and_ends(api: Api, audience: None) -> None:
    path = f"/campaigns/{api.post('/campaigns', draft()).json()['id']}"
    early = api.post(f"{path}/start")
    assert (early.status_code, early.json()["type"]) == (422, "urn:outreach:problem:campaign-refused")
    assert api.post(f"{path}/approve").status_code == 422
    approved = api.post(f"{path}/approve", by=Role.ADMINISTRATOR).json()
    assert approved["approved_by"] == f"staff:{api.people[Role.ADMINISTRATOR]}"
    assert api.post(f"{path}/start").json()["campaign"]["state"] == "running"
    assert api.post(f"{path}/pause", {"because": "投诉较多"}).json()["paused_because"] == "投诉较多"
    assert api.post(f"{path}/pause", {"because": "再来"}).status_code == 409
    assert api.post(f"{path}/resume").json()["state"] == "running"
    assert api.post(f"{path}/stop", {"because": "结束"}).json() | {"campaign": None} == {
        "campaign": None,
        "cancelled": 0,
    }
    assert api.get(path).json()["state"] == "stopped"


def test_a_change_takes_the_approval_away(api: Api) -> None:
    path = f"/campaigns/{api.post('/campaigns', draft()).json()['id']}"
    api.post(f"{path}/approve", by=Role.ADMINISTRATOR)
    changed = api.call("PUT", path, json=draft(daily_cap=5)).json()
    assert (changed["daily_cap"], changed["approved_by"]) == (5, None)


def test_a_campaign_may_have_a_cadence_of_its_own(api: Api) -> None:
    ladder = [{"do": "call", "after_days": 0}, {"do": "home_help", "after_days": 3}]
    path = f"/campaigns/{api.post('/campaigns', draft(cadence=ladder, chat_link=True)).json()['id']}"
    assert api.get(path).json()["cadence"] == ladder
    changed = api.call("PUT", path, json=draft()).json()
    assert (changed["cadence"], changed["chat_link"]) == (None, False)


@pytest.mark.parametrize(
    "values",
    [
        {"cadence": [{"do": "call", "after_days": 0}]},
        {"cadence": []},
        {"policy_id": "no-such-policy"},
        {"notice": "明天停水，请提前储水备用。"},
        {"ends_on": "2026-08-01"},
        {"daily_cap": 0},
        {"waives": ["budget"]},
    ],
)
def test_a_draft_that_makes_no_sense_is_refused(api: Api, values: dict[str, Any]) -> None:
    assert api.post("/campaigns", draft(**values)).status_code == 422


def test_an_urgent_notice_is_queued_when_it_starts(api: Api, audience: None) -> None:
    notice = draft(policy_id="", notice="台风今晚登陆，请留在家中。", audience={"streets": ["东门街道"]})
    path = f"/campaigns/{api.post('/campaigns', notice).json()['id']}"
    api.post(f"{path}/approve", by=Role.ADMINISTRATOR)
    started = api.post(f"{path}/start").json()
    assert started["queued"] == 3
    assert started["campaign"]["contacts"] == {"planned": 3}
    assert api.post(f"{path}/stop", {"because": "解除"}).json()["cancelled"] == 3
    with api.sessions.read() as session:
        assert {contact.state.value for contact in session.scalars(select(Contact))} == {"cancelled"}


def test_the_audience_and_the_effort_are_seen_before(api: Api, audience: None) -> None:
    seen = api.get(f"/policies/{POLICY}/audience?daily_cap=2").json()
    assert (seen["matched"], sum(seen["reached"].values()), seen["days"]) == (3, 3, 2)
    made = api.post(f"/policies/{POLICY}/forecasts", {"days": 3, "seeds": 20}).json()
    assert (made["matches"], made["days"]) == (3, 3)
    band = made["expected"]["contacts"]
    assert 0 <= band["low"] <= band["estimate"] <= band["high"]
    assert api.get("/policies/no-such-policy/audience").status_code == 404
    nobody = api.post("/policies/health-exam/forecasts", {})
    assert nobody.status_code in {404, 422}


def test_pages_of_campaigns(api: Api) -> None:
    for _ in range(3):
        api.post("/campaigns", draft())
    page = api.get("/campaigns?limit=2&state=draft").json()
    following = api.get(f"/campaigns?limit=2&state=draft&after={page['next']}").json()
    ids = [item["id"] for item in page["items"] + following["items"]]
    assert ids == sorted(set(ids), reverse=True)


def test_how_far_a_campaign_has_come_and_what_was_forecast_before(api: Api, audience: None) -> None:
    path = f"/campaigns/{api.post('/campaigns', draft(name='进度')).json()['id']}"
    assert api.get(f"{path}/progress", by=SYSTEM).json() == {
        "contacts": {}, "spoken_of": 0, "arrived": 0, "states": {},
    }  # fmt: skip
    made = api.post(f"/policies/{POLICY}/forecasts", {"days": 5, "seeds": 20}).json()
    kept = api.get(f"/policies/{POLICY}/forecasts").json()["items"][0]
    assert kept["made_by"] == f"staff:{api.people[Role.SUPERVISOR]}"
    assert {name: kept[name] for name in made} == made
