from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case
from models.event import AuditEntry
from models.vocabulary import CaseKind, CaseReason, Role
from tests.api.conftest import SYSTEM, Api
from tests.builders import a_case, a_conversation, a_match, a_resident


@pytest.fixture
def case(api: Api) -> dict[str, Any]:
    with api.sessions.write() as session:
        match = a_match(session, a_resident(session, name="陈秀兰", phone=None))
        case_id = a_case(session, match, kind=CaseKind.HUMAN, summary="陈秀兰 13800001234 要找人").id
    return dict(api.get(f"/queue/{case_id}").json())


def step(api: Api, case: dict[str, Any], name: str, *, by: Role | str = Role.AGENT, **values: Any) -> Any:
    body = {"step": name, "version": case["version"]} | values
    return api.post(f"/queue/{case['id']}/steps", body, by=by)


def test_a_case_is_shown_masked(api: Api, case: dict[str, Any]) -> None:
    assert case["resident"]["name"] == "陈*"
    assert case["summary"] == "陈* 138****1234 要找人"
    assert case["steps"] == ["accept", "feedback", "cancel"]
    assert "陈秀兰" not in api.get("/queue").text


def test_steps_go_on_from_each_others_version(api: Api, case: dict[str, Any]) -> None:
    accepted = step(api, case, "accept")
    assert accepted.json()["holder"]["staff_id"] == api.people[Role.AGENT]
    assert step(api, case, "resolve").status_code == 409
    assert step(api, accepted.json(), "resolve").json()["state"] == "resolved"
    assert [entry["change"] for entry in api.get(f"/queue/{case['id']}").json()["history"]] == [
        "opened",
        "accepted",
        "resolved",
    ]


@pytest.mark.parametrize(
    ("name", "values", "status", "kind"),
    [
        ("cancel", {}, 422, "note-missing"),
        ("confirm", {}, 409, "unlawful-transition"),
        ("vanish", {}, 422, None),
        ("accept", {"colour": "red"}, 422, None),
    ],
)
def test_a_step_that_cannot_be_is_a_problem_and_changes_nothing(
    api: Api, case: dict[str, Any], name: str, values: dict[str, Any], status: int, kind: str | None
) -> None:
    answer = step(api, case, name, **values)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == (f"urn:outreach:problem:{kind}" if kind else "about:blank")
    assert api.get(f"/queue/{case['id']}").json()["version"] == case["version"]


def test_pages_follow_each_other_in_the_order_of_promises(api: Api, case: dict[str, Any]) -> None:
    with api.sessions.write() as session:
        for _ in range(6):
            a_case(session, a_match(session), kind=CaseKind.IDENTITY)
    seen, after = [], ""
    while after is not None:
        page = api.get(f"/queue?kind=identity&limit=4&after={after}" if after else "/queue?kind=identity&limit=4")
        seen += [(item["due_at"], item["id"]) for item in page.json()["items"]]
        after = page.json()["next"]
    assert len(seen) == 6
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("after", ["zzz", "WzFd", "bnVsbA", "W251bGwsMV0"])
def test_a_cursor_of_somebody_elses_making_is_refused(api: Api, after: str) -> None:
    answer = api.get(f"/queue?after={after}")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:outreach:problem:bad-cursor")


def test_next_takes_what_is_pressing_and_says_when_nothing_waits(api: Api, case: dict[str, Any]) -> None:
    taken = api.post("/queue/next", by=Role.SUPERVISOR).json()["case"]
    assert taken["holder"]["staff_id"] == api.people[Role.SUPERVISOR]
    with api.sessions.write() as session:
        for other in session.scalars(select(Case)):
            other.kind = CaseKind.HOME_VISIT
    assert api.post("/queue/next", by=Role.SUPERVISOR).json() == {"case": None}


def test_a_supervisor_gives_routes_and_merges(api: Api, case: dict[str, Any]) -> None:
    to = api.people[Role.AGENT]
    path = f"/queue/{case['id']}"
    nobody = api.post(f"{path}/holder", {"version": case["version"], "staff_id": 99999, "why": "轮到他"})
    assert (nobody.status_code, nobody.json()["type"]) == (422, "urn:outreach:problem:unknown")
    given = api.post(f"{path}/holder", {"version": case["version"], "staff_id": to, "why": "轮到他"}).json()
    assert given["holder"]["staff_id"] == to
    no_team = api.post(f"{path}/team", {"version": given["version"], "team_id": 99999, "why": "顺路"})
    assert no_team.status_code == 409
    with api.sessions.write() as session:
        twin = a_case(session, None, kind=CaseKind.HUMAN)
        twin_id, version = twin.id, twin.version
    into = api.post(f"/queue/{twin_id}/merge", {"version": version, "into": case["id"]}).json()
    assert into["id"] == case["id"]
    assert api.get(f"/queue/{twin_id}").json()["merged_into_id"] == case["id"]


def test_a_policy_question_is_answered_to_who_asked(api: Api) -> None:
    with api.sessions.write() as session:
        match = a_match(session)
        talk = a_conversation(session, match.resident)
        asked = a_case(
            session,
            match,
            kind=CaseKind.POLICY_QUESTION,
            reason=CaseReason.NO_ANSWER_ON_CARD,
            conversation_id=talk.id,
        )
        case_id, version = asked.id, asked.version
    keep = {"topic": "amount", "question": "每月发多少"}
    answer = api.post(f"/queue/{case_id}/answer", {"version": version, "answer": "每月三百元。", "keep": keep})
    assert (answer.json()["sent"], answer.json()["case"]["state"]) == (True, "resolved")


def test_what_a_token_does_for_a_person_is_on_the_record(api: Api, case: dict[str, Any]) -> None:
    step(api, case, "accept")
    with api.sessions.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "api.call").order_by(AuditEntry.id)
        ).all()[-1]
        assert entry.actor == f"staff:{api.people[Role.AGENT]}"
        assert entry.facts == {"route": "take_case_step", "path": f"/api/v1/queue/{case['id']}/steps"}


def test_a_system_reads_and_does_nothing_a_person_answers_for(api: Api, case: dict[str, Any]) -> None:
    assert api.get("/queue", by=SYSTEM).status_code == 200
    assert step(api, case, "accept", by=SYSTEM).status_code == 403


@pytest.mark.parametrize("case_id", ["0", "-1", "x", str(2**31), str(10**30)])
def test_a_number_that_no_case_can_have_is_no_fault_of_ours(api: Api, case_id: str) -> None:
    assert api.get(f"/queue/{case_id}").status_code == 422
