"""Hall, online service and visiting teams, seen from the product's side of HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.sandbox.conftest import Sandbox

NUMBER = "+8613800138001"
OFFER = "您可能可以领高龄老人津贴,想办请回复“同意”。"
Person = Callable[..., dict[str, Any]]


def _listed(sandbox: Sandbox) -> list[tuple[str, list[str]]]:
    return [(entry["channel"], row) for entry in sandbox.ledger()["lists"] for row in entry["rows"]]


def test_who_goes_to_the_hall_appears_on_its_evening_list(sandbox: Sandbox, a_person: Person) -> None:
    sandbox.put_world(a_person(persona="go_to_hall"))
    sandbox.text(NUMBER, OFFER)
    sandbox.clock("2026-05-01T00:00:00+08:00")
    listed = _listed(sandbox)
    assert [(channel, row[3], row[4]) for channel, row in listed] == [
        ("hall", "受理", "大厅"),
        ("hall", "办结", "大厅"),
        ("hall", "发放", "大厅"),
    ]
    assert {row[1] for _, row in listed} == {"440303195304120026"}
    assert all(entry["at"].endswith("T10:30:00Z") for entry in sandbox.ledger()["lists"])
    assert "高龄老人津贴".encode("gbk") in sandbox.product.uploads[0]


def test_the_online_list_is_utf8_and_names_its_channel(sandbox: Sandbox, a_person: Person) -> None:
    sandbox.put_world(a_person(persona="apply_online"))
    sandbox.text(NUMBER, OFFER)
    sandbox.clock("2026-03-20T00:00:00+08:00")
    assert {(channel, row[4]) for channel, row in _listed(sandbox)} == {("online", "网上")}
    assert "办理渠道".encode() in sandbox.product.uploads[0]


def test_a_check_up_is_attended_not_paid(sandbox: Sandbox, a_person: Person) -> None:
    sandbox.put_world(a_person(persona="go_to_hall", policies=["elderly-health-check"]))
    sandbox.text(NUMBER, "您可以做一次免费体检。")
    sandbox.clock("2026-05-01T00:00:00+08:00")
    assert [row[3] for _, row in _listed(sandbox)] == ["到检"]


def test_a_firm_is_named_by_its_credit_code(sandbox: Sandbox, a_person: Person) -> None:
    firm = {"name": "深圳市启明科技有限公司", "clerk": "何敏", "id_number": "91440303MA5000001X", "birth_month": ""}
    sandbox.put_world(a_person(persona="apply_online", policies=["startup-subsidy"], **firm))
    sandbox.text(NUMBER, "贵单位可能可以享受初创企业补贴，想办请回复“要”。")
    sandbox.clock("2026-03-20T00:00:00+08:00")
    named = {(row[1], row[2], row[6]) for _, row in _listed(sandbox)}
    assert named == {("", "初创企业补贴（一次性创业资助）", "91440303MA5000001X")}


def test_nobody_applies_without_having_heard(sandbox: Sandbox, a_person: Person) -> None:
    off = [{"number": NUMBER, "line": "switched_off", "holder": "self"}]
    sandbox.put_world(a_person(persona="go_to_hall", phones=off))
    sandbox.text(NUMBER, OFFER)
    sandbox.clock("2026-05-01T00:00:00+08:00")
    assert _listed(sandbox) == []


def _a_case(number: int, **resident: Any) -> dict[str, Any]:
    described = {
        "name": "陈桂兰",
        "phone": NUMBER,
        "address": "深圳市罗湖区桥东路1号翠景花园1栋301室",
        "community": "桥东社区",
        "birth_month": "1953-04",
    }
    case = {"id": number, "kind": "home_visit", "state": "open", "policy_ids": ["elderly-allowance"]}
    return case | {"resident": described | resident}


def test_a_team_visits_and_hands_the_form_in(sandbox: Sandbox, a_person: Person) -> None:
    sandbox.put_world(a_person(persona="needs_visit"))
    sandbox.product.cases.append(_a_case(5))
    sandbox.clock("2026-03-05T00:00:00+08:00")
    assert [(visit["case"], visit["outcome"], visit["team"]) for visit in sandbox.product.visits] == [
        ("5", "applied", "T01")
    ]
    assert ("hall", "上门") in {(channel, row[4]) for channel, row in _listed(sandbox)}


def test_capacity_is_limited_and_teams_rest_at_the_weekend(sandbox: Sandbox, a_person: Person) -> None:
    sandbox.put_world(a_person(persona="needs_visit"), teams={"count": 2, "visits_per_day": 3})
    sandbox.product.cases.extend(_a_case(number) for number in range(40))
    sandbox.clock("2026-03-09T00:00:00+08:00")
    days = [visit["visit_on"] for visit in sandbox.product.visits]
    # The world began on Monday at ten, after the teams had set out.
    assert sorted(set(days)) == ["2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06"]
    assert len(days) == 4 * 6


def test_teams_go_where_they_are_expected_and_knock_once(sandbox: Sandbox, a_person: Person) -> None:
    sandbox.put_world(a_person(persona="needs_visit"))
    expected = {"team": "T02", "on": "2026-03-03", "part": "morning"}
    sandbox.product.cases.extend(_a_case(number) | {"appointment": expected} for number in (5, 6))
    sandbox.product.cases.append(_a_case(7, name="王建国", address="深圳市罗湖区桥东路3号") | {"appointment": None})
    sandbox.clock("2026-03-04T00:00:00+08:00")
    assert [(visit["case"], visit["team"]) for visit in sandbox.product.visits] == [("5", "T02")]


def test_a_person_without_a_phone_is_found_at_the_door(sandbox: Sandbox, a_person: Person) -> None:
    sandbox.put_world(a_person(persona="deceased", phones=[]))
    sandbox.product.cases.append(_a_case(5, phone=None))
    sandbox.clock("2026-03-04T00:00:00+08:00")
    assert [visit["outcome"] for visit in sandbox.product.visits] == ["deceased"]


def test_agents_answer_what_waits_and_ask_the_day_after(sandbox: Sandbox, a_person: Person) -> None:
    sandbox.put_world(a_person(), agents={"desk-1": "one", "desk-2": "two"})
    sandbox.product.waiting.extend({"id": number, "version": 2} for number in (5, 6))
    sandbox.clock("2026-03-02T12:00:00+08:00")
    worked = [(case, agent, step) for case in ("5", "6") for agent in ("one",) for step in ("feedback", "resolve")]
    assert sandbox.product.steps == worked
    sandbox.clock("2026-03-03T12:00:00+08:00")
    asked = sandbox.product.steps[len(worked) :]
    assert {case for case, _, _ in asked} == {"5", "6"}
    assert {step for _, _, step in asked} <= {"confirm", "reopen"}


def test_two_runs_leave_the_same_ledger_whatever_the_order_of_requests(sandbox: Sandbox, a_person: Person) -> None:
    people = [
        a_person(id=f"R{n}", persona=persona, seed=n, phones=[{"number": f"+861380013800{n}"}])
        for n, persona in enumerate(("ask_then_hall", "opt_out", "agree", "daughter_online"))
    ]
    numbers = [person["phones"][0]["number"] for person in people]
    hashes, words = [], []
    for order in (numbers, numbers, numbers[::-1]):
        sandbox.put_world(*people)
        for number in order:
            sandbox.text(number, OFFER, contact=number)
        sandbox.clock("2026-04-01T00:00:00+08:00")
        hashes.append(sandbox.audit()["ledger_hash"])
        words.append({(heard["from"], heard["body"], heard["at"]) for heard in sandbox.ledger()["inbound"]})
    assert hashes[0] == hashes[1] != hashes[2]
    assert words[0] == words[2] != set()
