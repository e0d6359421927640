from __future__ import annotations

import pytest

from models.vocabulary import Role
from tests.api.conftest import Api
from tests.builders import a_conversation, a_resident


def test_an_account_is_added_changed_locked_out_and_let_in(api: Api) -> None:
    asked = {"username": "wang", "display_name": "王工", "role": "agent"}
    added = api.post("/staff", asked, by=Role.ADMINISTRATOR).json()
    assert (added["staff"]["role"], len(added["password"]) > 10) == ("agent", True)
    assert api.post("/staff", asked, by=Role.ADMINISTRATOR).status_code == 422
    path = f"/staff/{added['staff']['id']}"
    changed = api.call("PUT", path, by=Role.ADMINISTRATOR, json={"role": "analyst"}).json()
    assert (changed["staff"]["role"], changed["password"]) == ("analyst", None)
    out = api.post(f"{path}/steps", {"step": "disable"}, by=Role.ADMINISTRATOR).json()
    assert out["staff"]["disabled_at"] is not None
    back = api.post(f"{path}/steps", {"step": "new_password"}, by=Role.ADMINISTRATOR).json()
    assert back["password"] not in (None, added["password"])


@pytest.mark.parametrize("values", [{"role": "team_member"}, {"role": "agent", "team_id": 99999}, {"role": "king"}])
def test_duties_that_make_no_sense_are_refused(api: Api, values: dict[str, object]) -> None:
    path = f"/staff/{api.people[Role.AGENT]}"
    assert api.call("PUT", path, by=Role.ADMINISTRATOR, json=values).status_code == 422


def test_nobody_changes_their_own_account(api: Api) -> None:
    path = f"/staff/{api.people[Role.ADMINISTRATOR]}"
    assert api.call("PUT", path, by=Role.ADMINISTRATOR, json={"role": "auditor"}).status_code == 422


def test_a_station_and_a_team_are_kept(api: Api) -> None:
    station = api.post("/stations", {"name": "东门站", "street": "东门街道"}).json()
    asked = {"name": "东门一队", "station_id": station["id"], "visits_per_day": 6, "skills": ["health"]}
    kept = api.call("PUT", "/teams/T09", json=asked).json()
    assert (kept["station"], kept["skills"], kept["visits_per_day"]) == ("东门站", ["health"], 6)
    assert api.call("PUT", "/teams/T09", json=asked | {"withdrawn": True}).json()["withdrawn_at"] is not None


def test_a_phone_is_quarantined_and_profiling_refused_with_the_reason(api: Api) -> None:
    with api.sessions.write() as session:
        resident = a_resident(session)
        resident_id, phone_id = resident.id, resident.phones[0].phone_id
    path = f"/residents/{resident_id}/keeping"
    refused = api.post(path, {"what": "refuse_profiling", "because": "本人要求"}).json()
    assert refused["profiling_refused_at"] is not None
    assert api.post(path, {"what": "quarantine", "about": phone_id, "because": "号码换人"}).status_code == 200
    assert api.post(path, {"what": "quarantine", "about": 99999, "because": "号码换人"}).status_code == 422


def test_a_conversation_is_flagged_and_the_flag_settled(api: Api) -> None:
    with api.sessions.write() as session:
        path = f"/conversations/{a_conversation(session, a_resident(session)).id}/marks"
    (mark,) = api.post(path, {"flag": "wrong_answer", "score": 2}, by=Role.AGENT).json()["items"]
    assert mark["settled_at"] is None
    (settled,) = api.post(f"{path}/{mark['id']}/settle", by=Role.AGENT).json()["items"]
    assert settled["settled_at"] is not None
    assert api.post(path, {}, by=Role.AGENT).status_code == 422


def test_what_no_card_answers_is_told(api: Api) -> None:
    assert api.get("/unanswered?days=30").json() == {"items": []}
