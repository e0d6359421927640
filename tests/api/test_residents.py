from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.event import AuditEntry
from models.vocabulary import Role, StopReason
from scheduler.planning.stops import StopScope, place_stop
from tests.api.conftest import SYSTEM, Api
from tests.builders import NOON, a_case, a_match, a_phone, a_resident

ID_NUMBER = "440303195103050021"


@pytest.fixture(scope="module")
def resident(api: Api) -> int:
    with api.sessions.write() as session:
        found = a_resident(session, name="欧阳兰", phone=a_phone(session, "+8613900007777"), id_number=ID_NUMBER)
        a_case(session, a_match(session, found))
        phone = found.phones[0].phone_id
        scope = StopScope(found.id, phone)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)
        return found.id


@pytest.mark.parametrize(
    "known",
    [
        {"name": "欧阳兰"},
        {"name": " 欧阳 兰"},
        {"phone": "139 0000 7777"},
        {"id_number": ID_NUMBER.lower()},
        {"phone": "+8613900007777"},
    ],
)
def test_somebody_is_found_by_what_they_are_known_by_and_shown_masked(
    api: Api, resident: int, known: dict[str, str]
) -> None:
    answer = api.post("/residents/search", known, by=Role.AGENT)
    assert [item["id"] for item in answer.json()["items"]] == [resident]
    assert "欧阳兰" not in answer.text
    with api.sessions.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "resident.search")).all()[-1]
        assert entry.facts == {"by": next(iter(known)), "found": [resident]}


@pytest.mark.parametrize("asked", [{}, {"name": "欧阳兰", "phone": "1"}, {"phone": "not a phone"}, {"name": ""}])
def test_a_search_for_nothing_or_for_two_things_is_refused(api: Api, asked: dict[str, str]) -> None:
    assert api.post("/residents/search", asked).status_code == 422


def test_one_resident_with_matches_stops_and_the_reasons(api: Api, resident: int) -> None:
    read = api.get(f"/residents/{resident}", by=SYSTEM)
    told = read.json()
    assert (told["name"], told["phone"], told["id_number"]) == ("欧*", "139****7777", "4403**********0021")
    assert [stop["reason"] for stop in told["stops"]] == ["opt_out"]
    assert [match["policy_id"] for match in told["matches"]] == ["elderly-allowance"]
    facts = [item["fact"] for item in api.get(f"/residents/{resident}/why").json()["items"]]
    assert "stopped" in facts
    assert api.get("/residents/99999/why").status_code == 404


def test_a_detail_is_shown_for_a_purpose_and_that_is_on_the_record(api: Api, resident: int) -> None:
    asked = {"detail": "phone", "purpose": "居民来电核对号码"}
    assert api.post(f"/residents/{resident}/reveal", asked, by=Role.AGENT).json()["value"] == "+8613900007777"
    with api.sessions.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "reveal.phone")).one()
        assert (entry.actor, entry.purpose) == (f"staff:{api.people[Role.AGENT]}", "居民来电核对号码")


@pytest.mark.parametrize(
    ("by", "purpose", "status"), [(Role.AGENT, "看", 422), (Role.AUDITOR, "核对号码", 403), (SYSTEM, "核对号码", 403)]
)
def test_nothing_is_shown_without_purpose_role_or_person(
    api: Api, resident: int, by: Role | str, purpose: str, status: int
) -> None:
    asked = {"detail": "id_number", "purpose": purpose}
    answer = api.post(f"/residents/{resident}/reveal", asked, by=by)
    assert (answer.status_code, ID_NUMBER in answer.text) == (status, False)


def test_a_mandate_is_given_after_a_check_and_taken_back(api: Api, resident: int) -> None:
    asked: dict[str, Any] = {"policy_id": "elderly-allowance", "relation": "女儿", "phone": "13900008888"}
    given = api.post(f"/residents/{resident}/mandates", asked, by=Role.AGENT).json()
    assert (given["phone"], given["revoked_at"]) == ("139****8888", None)
    assert api.post(f"/mandates/{given['id']}/revoke", by=Role.AGENT).json()["revoked_at"] is not None
    for wrong in ({"policy_id": "no-match"}, {"relation": "邻居"}, {"phone": "x"}):
        assert api.post(f"/residents/{resident}/mandates", asked | wrong).status_code == 422


def test_two_records_are_merged_as_they_were_looked_at(api: Api) -> None:
    with api.sessions.write() as session:
        stays, goes = (a_match(session).resident_id for _ in range(2))
    look = api.get(f"/residents/{stays}/merge?other={goes}").json()
    assert look["policies_twice"] == ["elderly-allowance"]
    asked = {"other": goes, "because": "身份证号更正"}
    stale = api.post(f"/residents/{stays}/merge", asked | {"seen": "x"}, headers={"idempotency-key": "merging-one"})
    assert stale.status_code == 409
    done = api.post(
        f"/residents/{stays}/merge", asked | {"seen": look["seen"]}, headers={"idempotency-key": "merging-two"}
    )
    assert [match["state"] for match in done.json()["matches"]].count("recalled") == 1
    assert api.get(f"/residents/{goes}").json()["merged_into"] == stays
    assert api.post(f"/residents/{stays}/merge", asked | {"seen": "x"}, by=Role.AGENT).status_code == 403
