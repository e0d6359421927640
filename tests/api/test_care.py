"""The care list through the API: masked, without sensitive reasons for most, handed over on the record."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.care import CareEntry
from models.event import AuditEntry
from models.vocabulary import CareReason, Role
from tests.api.conftest import SYSTEM, Api
from tests.builders import NOON, a_resident

R = CareReason


@pytest.fixture(scope="module")
def entries(api: Api) -> list[int]:
    with api.sessions.write() as session:
        person = a_resident(session, name="陈秀兰")
        rows = [
            CareEntry(resident_id=person.id, reason=reason, street="东门街道", community="湖贝社区", opened_at=NOON)
            for reason in (R.HIGH_AGE, R.PREGNANT)
        ]
        rows.append(CareEntry(reason=R.REPORTED, street="桂园街道", words="13800001234 好几天没见人", opened_at=NOON))
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def test_it_is_masked_and_sensitive_reasons_are_for_a_few(api: Api, entries: list[int]) -> None:
    seen = api.get("/care", by=Role.SUPERVISOR)
    assert [(one["id"], one["reason"]) for one in seen.json()["items"]] == list(
        zip(entries, ["high_age", "pregnant", "reported"], strict=True)
    )
    assert "陈秀兰" not in seen.text
    assert "138****1234" in seen.text
    for caller in (Role.AGENT, SYSTEM):
        assert "pregnant" not in api.get("/care", by=caller).text
    first = api.get("/care?limit=1").json()
    assert [one["id"] for one in api.get(f"/care?after={first['next']}").json()["items"]] == entries[1:]
    assert [one["id"] for one in api.get("/care?street=桂园街道").json()["items"]] == entries[2:]


def test_it_is_handed_over_for_a_purpose_and_a_part_of_the_district(api: Api, entries: list[int]) -> None:
    asked = {"street": "东门街道", "purpose": "社区探访"}
    taken = api.post("/care/hand-over", asked)
    assert taken.headers["content-type"].startswith("text/csv")
    assert "陈秀兰" in taken.text
    assert api.post("/care/hand-over", {"purpose": "社区探访"}).status_code == 422
    assert api.post("/care/hand-over", asked, by=Role.AGENT).status_code == 403
    with api.sessions.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "care.hand_over")).one()
        assert (entry.purpose, entry.facts["entries"]) == ("社区探访", 2)


def test_what_was_found_answers_a_persons_other_entries_too(api: Api, entries: list[int]) -> None:
    answer = api.post(f"/care/{entries[0]}/found", {"found": "well", "note": "一切安好"}, by=Role.AGENT)
    assert (answer.json()["found"], answer.json()["note"]) == ("well", "一切安好")
    assert [one["id"] for one in api.get("/care").json()["items"]] == entries[2:]
    assert {one["found"] for one in api.get("/care?all=true&street=东门街道").json()["items"]} == {"well"}
    assert api.post("/care/99999/found", {"found": "well"}).status_code == 404
