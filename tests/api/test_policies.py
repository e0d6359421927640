from __future__ import annotations

import re

from models.vocabulary import CaseKind, CaseReason, Role
from outreach_api.settings import ROOT
from tests.api.conftest import SYSTEM, Api
from tests.builders import a_case, a_match

POLICY = "elderly-allowance"


def next_version() -> str:
    """The shipped card, as its department would change it."""
    text = next((ROOT / "policies").glob(f"{POLICY}*.yaml")).read_text(encoding="utf-8")
    version = int(re.search(r"^version: (\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
    text = re.sub(r"^version: \d+", f"version: {version + 1}", text, flags=re.MULTILINE)
    return re.sub(r"^effective_from: .*", "effective_from: 2027-01-01", text, flags=re.MULTILINE)


def test_the_card_that_counts_today_is_told_with_its_versions(api: Api) -> None:
    listed = {item["id"] for item in api.get("/policies", by=SYSTEM).json()["items"]}
    assert POLICY in listed
    read = api.get(f"/policies/{POLICY}", by=SYSTEM).json()
    assert read["card"]["short_name"]
    version = read["versions"][-1]["version"]
    assert api.get(f"/policies/{POLICY}/versions/{version}").json()["card"]["id"] == POLICY
    assert api.get(f"/policies/{POLICY}/versions/999").status_code == 404
    assert api.get("/policies/no-such-policy").status_code == 404


def test_a_department_submits_and_a_second_person_approves(api: Api) -> None:
    taken = api.post("/policy-submissions", {"text": next_version()}, by=Role.POLICY_EDITOR)
    assert taken.json()["state"] == "submitted", taken.text
    path = f"/policy-submissions/{taken.json()['id']}"
    assert api.post("/policy-submissions", {"text": next_version()}, by=Role.POLICY_EDITOR).status_code == 422
    own = api.post(f"{path}/approve", by=Role.POLICY_EDITOR)
    assert (own.status_code, own.json()["type"]) == (422, "urn:outreach:problem:submission-refused")
    assert api.post(f"{path}/approve").json()["state"] == "approved"
    assert api.get(path).json()["text"] == next_version()
    assert [item["state"] for item in api.get("/policy-submissions?state=approved").json()["items"]] == ["approved"]


def test_a_card_with_faults_is_refused_with_each_of_them(api: Api) -> None:
    broken = re.sub(r"^version: \d+", "version: two", next_version(), flags=re.MULTILINE)
    answer = api.post("/policy-submissions", {"text": broken}, by=Role.POLICY_EDITOR)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert re.fullmatch(r"line \d+: version", error["field"])
    assert "whole number" in error["message"]


def test_a_policy_is_paused_with_the_reason_and_resumed(api: Api) -> None:
    assert api.post(f"/policies/{POLICY}/pause", {"because": "标准待核"}).json()["policies"] == {POLICY: "标准待核"}
    assert api.get(f"/policies/{POLICY}").json()["paused_because"] == "标准待核"
    assert api.post(f"/policies/{POLICY}/resume").json()["policies"] == {}


def test_a_kept_answer_needs_a_second_person(api: Api) -> None:
    with api.sessions.write() as session:
        asked = a_case(session, a_match(session), kind=CaseKind.POLICY_QUESTION, reason=CaseReason.NO_ANSWER_ON_CARD)
        case_id, version = asked.id, asked.version
    keep = {"topic": "amount", "question": "每月发多少"}
    api.post(f"/queue/{case_id}/answer", {"version": version, "answer": "每月三百元。", "keep": keep})
    (proposed,) = api.get("/proposed-answers").json()["items"]
    path = f"/proposed-answers/{proposed['id']}/decision"
    assert api.post(path, {"use": True}).status_code == 409
    assert api.post(path, {"use": True}, by=Role.POLICY_EDITOR).json() == {"id": proposed["id"], "in_use": True}
    assert api.get("/proposed-answers").json()["items"] == []
    assert api.post("/proposed-answers/999/decision", {"use": True}).status_code == 404


def test_a_card_is_tried_before_it_is_sent_in(api: Api) -> None:
    newest = api.get(f"/policies/{POLICY}/source", by=Role.POLICY_EDITOR).json()
    question = "高龄津贴每个月发多少钱"
    good = api.post("/policy-checks", {"text": newest["text"], "question": question}, by=Role.POLICY_EDITOR).json()
    assert (good["policy_id"], good["faults"]) == (POLICY, [])
    assert any(one["topic"] == "amount" and one["then"] for one in good["says"])
    bad = api.post("/policy-checks", {"text": newest["text"].replace("version: ", "version: x")}, by=Role.POLICY_EDITOR)
    assert (bad.status_code, bad.json()["policy_id"], bad.json()["says"]) == (200, None, [])
    assert bad.json()["faults"][0]["path"] == "version"
    assert api.get("/policies/no-such/source", by=Role.POLICY_EDITOR).status_code == 404


def test_a_submission_shows_what_it_changes(api: Api) -> None:
    text = next_version().replace("effective_from: 2027-01-01", "effective_from: 2027-02-01")
    version = api.get(f"/policies/{POLICY}/source", by=Role.POLICY_EDITOR).json()["version"] + 1
    text = re.sub(r"^version: \d+", f"version: {version}", text, flags=re.MULTILINE)
    sent = api.post("/policy-submissions", {"text": text}, by=Role.POLICY_EDITOR).json()
    review = api.get(f"/policy-submissions/{sent['id']}/review").json()
    assert {"sign": "+", "text": "effective_from: 2027-02-01"} in review["lines"]
    assert review["faults"] == []
    assert api.get("/policy-submissions/99999/review").status_code == 404


def test_a_department_stands_by_its_card_each_quarter(api: Api) -> None:
    before = api.get("/policy-confirmations").json()
    assert (before["quarter"], POLICY in before["outstanding"]) == ("2026Q3", True)
    said = api.post(f"/policies/{POLICY}/confirmations", {"remark": "已核对"}, by=Role.POLICY_EDITOR).json()
    assert (said["quarter"], said["remark"]) == ("2026Q3", "已核对")
    after = api.get("/policy-confirmations?quarter=2026Q3").json()
    assert [one["policy_id"] for one in after["items"]] == [POLICY]
    assert POLICY not in after["outstanding"]
    assert api.get("/policy-confirmations?quarter=2026").status_code == 422
    assert api.post("/policies/no-such/confirmations", {}, by=Role.POLICY_EDITOR).status_code == 404
