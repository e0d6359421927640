from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from models.case import Case, Team, Visit
from models.event import AuditEntry
from models.match import Match
from models.staff import ApiToken
from models.vocabulary import CaseKind, CaseState, MatchState
from tests.builders import NOON, a_case, a_firm, a_match, a_resident, a_team, an_api_token
from tests.web.conftest import FakeHouse, TestClient

BEARER = {"authorization": "Bearer secret"}


@pytest.fixture
def case_id(house: FakeHouse) -> int:
    with house.sessions.write() as session:
        an_api_token(session, "secret", "cases", "feeds", name="teams")
        for code in ("T01", "T02"):
            a_team(session, code)
        return a_case(session, a_match(session, a_resident(session, name="陈秀兰", phone="+8613800001234"))).id


def report(**values: Any) -> dict[str, Any]:
    given = {"client_id": str(uuid4()), "team": "T01", "visit_on": "2026-09-01", "outcome": "applied"}
    return given | values


def test_a_case_tells_the_team_where_to_go_and_that_is_on_the_record(
    client: TestClient, house: FakeHouse, case_id: int
) -> None:
    page = client.get("/api/v1/cases?kind=home_visit&state=open", headers=BEARER).json()
    item = page["items"][0]
    assert page["next"] is None
    assert (item["id"], item["state"], item["policy_ids"]) == (case_id, "open", ["elderly-allowance"])
    assert item["resident"]["name"] == "陈秀兰"
    assert item["resident"]["phone"] == "+8613800001234"
    assert item["resident"]["birth_month"] == "1951-03"
    with house.sessions.read() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.actor, entry.facts) == ("api:teams", {"cases": [case_id]})


def test_a_team_that_visits_a_firm_is_told_whom_to_ask_for(client: TestClient, house: FakeHouse, case_id: int) -> None:
    with house.sessions.write() as session:
        a_case(session, a_match(session, a_firm(session), policy_id="startup-subsidy"))
    told = client.get("/api/v1/cases", headers=BEARER).json()["items"][-1]["resident"]
    assert (told["name"], told["clerk"], told["birth_month"]) == ("深圳市桥东科技有限公司", "何敏", None)


def test_pages_follow_each_other_without_gap_or_repeat(client: TestClient, house: FakeHouse, case_id: int) -> None:
    with house.sessions.write() as session:
        for _ in range(6):
            a_case(session, a_match(session))
    seen, after = [], 0
    while after is not None:
        page = client.get(f"/api/v1/cases?limit=3&after={after}", headers=BEARER).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
    assert seen == sorted(set(seen))
    assert len(seen) == 7


def test_a_case_is_accepted_by_one_team_only(client: TestClient, case_id: int) -> None:
    answers = [
        client.post(f"/api/v1/cases/{case_id}/accept", json={"team": team}, headers=BEARER)
        for team in ("T01", "T01", "T02")
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert answers[2].headers["content-type"] == "application/problem+json"
    assert answers[2].json()["title"] == "Conflict"


def test_the_same_visit_sent_twice_is_one_and_answers_alike(client: TestClient, house: FakeHouse, case_id: int) -> None:
    sent = report()
    first, second = (client.post(f"/api/v1/cases/{case_id}/visits", json=sent, headers=BEARER) for _ in range(2))
    assert first.status_code == 200
    assert first.json() == second.json()
    assert first.json()["case_state"] == "resolved"
    with house.sessions.read() as session:
        assert session.scalar(select(func.count(Visit.id))) == 1
        assert session.scalars(select(Match.state)).one() is MatchState.APPLIED_BY_VISIT
        assert session.get_one(Case, case_id).state is CaseState.RESOLVED


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"team": "T99"}, 422),
        ({"outcome": "vanished"}, 422),
        ({"visit_on": "yesterday"}, 422),
        ({"client_id": "x"}, 422),
        ({"policy_id": "no-such-policy"}, 422),
        ({"note": "x" * 2001}, 422),
    ],
)
def test_a_visit_that_makes_no_sense_is_refused_as_a_whole(
    client: TestClient, house: FakeHouse, case_id: int, values: dict[str, Any], status: int
) -> None:
    answer = client.post(f"/api/v1/cases/{case_id}/visits", json=report(**values), headers=BEARER)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    with house.sessions.read() as session:
        assert session.scalar(select(func.count(Visit.id))) == 0


def test_an_error_does_not_repeat_what_was_sent(client: TestClient, case_id: int) -> None:
    sent = report(visit_on="陈秀兰13800001234")
    answer = client.post(f"/api/v1/cases/{case_id}/visits", json=sent, headers=BEARER)
    assert answer.json()["errors"][0]["field"] == "visit_on"
    assert "13800001234" not in answer.text


@pytest.mark.parametrize("path", ["/api/v1/cases/999/accept", "/api/v1/cases/999/visits"])
def test_a_case_that_is_not_there(client: TestClient, case_id: int, path: str) -> None:
    body = report() if path.endswith("visits") else {"team": "T01"}
    assert client.post(path, json=body, headers=BEARER).status_code == 404


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 401), ("Bearer wrong", 401), ("Basic secret", 401), ("Bearer ", 401), ("Bearer feeder", 403)],
)
def test_a_token_opens_only_what_it_is_for(
    client: TestClient, house: FakeHouse, case_id: int, header: str | None, status: int
) -> None:
    with house.sessions.write() as session:
        an_api_token(session, "feeder", "feeds")
    answer = client.get("/api/v1/cases", headers={"authorization": header} if header else {})
    assert answer.status_code == status
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_revoked_token_opens_nothing(client: TestClient, house: FakeHouse, case_id: int) -> None:
    with house.sessions.write() as session:
        session.scalars(select(ApiToken)).one().revoked_at = NOON
    assert client.get("/api/v1/cases", headers=BEARER).status_code == 401


def test_a_feed_is_saved_under_our_own_name_and_taken(client: TestClient, house: FakeHouse, case_id: int) -> None:
    files = {"file": ("../../etc/passwd.xlsx", b"rows")}
    answer = client.post("/api/v1/feeds/applications", files=files, headers=BEARER)
    assert answer.json() == {"accepted": 2, "rejected": 1, "unchanged": 0}
    assert house.fed == [("applications", "upload.xlsx", b"rows")]


@pytest.mark.parametrize("feed", ["unknown", "..%2Fx", "a b"])
def test_an_unknown_feed_is_refused(client: TestClient, case_id: int, feed: str) -> None:
    answer = client.post(f"/api/v1/feeds/{feed}", files={"file": ("a.csv", b"x")}, headers=BEARER)
    assert answer.status_code in {404, 422}


def test_teams_and_kinds_are_those_of_the_database(client: TestClient, house: FakeHouse, case_id: int) -> None:
    with house.sessions.read() as session:
        assert set(session.scalars(select(Team.code))) == {"T01", "T02"}
    assert client.get(f"/api/v1/cases?kind={CaseKind.COMPLAINT}", headers=BEARER).json()["items"] == []
