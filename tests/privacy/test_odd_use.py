"""Odd use of what is masked is told; ordinary work is not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from models.event import AuditAlert, AuditEntry
from models.vocabulary import Reach, Role
from outreach_api.privacy.odd_use import (
    LOOKS_A_NIGHT,
    PEOPLE_A_DAY,
    PEOPLE_OF_A_STREET,
    Bulk,
    Habits,
    Look,
    OddUse,
    odd_use,
    watch_use,
)
from outreach_api.web.words import WORDS
from tests.builders import a_database, a_resident, a_staff_member

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 18, 12, tzinfo=ZONE)
NIGHT = datetime(2026, 11, 18, 23, 30, tzinfo=ZONE)


def _looks(number: int, at: datetime = NOON, streets: tuple[str, ...] = ("东门", "桂园")) -> list[Look]:
    return [Look(at + timedelta(minutes=4 * n), "staff:4", n, streets[n % len(streets)]) for n in range(number)]


def test_a_day_of_work_is_not_odd() -> None:
    assert odd_use(_looks(PEOPLE_A_DAY - 1)) == []
    assert odd_use(_looks(LOOKS_A_NIGHT - 1, NIGHT)) == []
    assert odd_use([]) == []


def test_many_looks_at_night_are_one_night() -> None:
    (found,) = odd_use(_looks(LOOKS_A_NIGHT, NIGHT + timedelta(minutes=20)))
    assert (found.rule, found.on, found.count) == (OddUse.AT_NIGHT, date(2026, 11, 18), LOOKS_A_NIGHT)


def test_a_list_taken_at_night_is_as_many_looks() -> None:
    (found,) = odd_use([], [Bulk(NIGHT, "staff:4", 30)])
    assert (found.rule, found.count) == (OddUse.AT_NIGHT, 30)
    assert odd_use([], [Bulk(NOON, "staff:4", 30)]) == []


def test_a_list_that_was_handed_over_is_looked_at() -> None:
    with a_database().write() as session:
        facts = {"entries": 30}
        session.add(AuditEntry(at=NIGHT, actor="staff:4", action="care.hand_over", subject="care", facts=facts))
        assert watch_use(session, zone=ZONE, now=NIGHT) == 1


@pytest.mark.parametrize(
    ("actor", "action", "facts", "times", "told"),
    [
        ("staff:4", "export.take", {"rows": 120}, 1, 1),
        ("staff:4", "visits.list", {"cases": [1, 2, 3, 4, 5]}, 1, 1),
        ("staff:4", "visits.list", {"cases": [1, 2, 3]}, 9, 0),
        ("api:erp", "api.cases", {"cases": [*range(50)]}, 1, 1),
        ("api:erp", "api.cases", {"cases": [*range(49)]}, 9, 0),
    ],
)
def test_whatever_is_read_as_a_list_at_night_is_told(
    actor: str, action: str, facts: dict[str, Any], times: int, told: int
) -> None:
    """A system that keeps itself up to date asks for the same cases again and again: that is no look at others."""
    with a_database().write() as session:
        for _ in range(times):
            session.add(AuditEntry(at=NIGHT, actor=actor, action=action, subject="cases", facts=facts))
        assert watch_use(session, zone=ZONE, now=NIGHT) == told


def test_one_agent_reading_a_street() -> None:
    (found,) = odd_use(_looks(PEOPLE_OF_A_STREET, streets=("东门",)))
    assert (found.rule, found.street) == (OddUse.A_STREET, "东门")
    assert odd_use(_looks(2 * PEOPLE_OF_A_STREET)) == []


def test_who_works_a_street_reads_it_as_they_usually_do() -> None:
    theirs, number = _looks(PEOPLE_OF_A_STREET + 3, streets=("东门",)), PEOPLE_OF_A_STREET + 3
    works_there = frozenset({("staff:4", "东门")})
    assert odd_use(theirs, habits=Habits(work_there=works_there)) == []
    assert odd_use(theirs, habits=Habits({("staff:4", "东门"): number // 2 + 1}, works_there)) == []
    (found,) = odd_use(theirs, habits=Habits({("staff:4", "东门"): 4}, works_there))
    assert (found.rule, found.count) == (OddUse.A_STREET, number)


def test_who_usually_reads_one_street_does_so_again() -> None:
    theirs = _looks(PEOPLE_OF_A_STREET, streets=("东门",))
    assert odd_use(theirs, habits=Habits({("staff:4", "东门"): PEOPLE_OF_A_STREET - 2})) == []
    assert odd_use(theirs, habits=Habits({("staff:4", "桂园"): PEOPLE_OF_A_STREET})) != []


def test_a_street_at_a_stretch_is_read_whoever_works_there() -> None:
    fast = [Look(NOON + timedelta(minutes=2 * n), "staff:4", n, "东门") for n in range(PEOPLE_OF_A_STREET)]
    habits = Habits({("staff:4", "东门"): PEOPLE_OF_A_STREET}, frozenset({("staff:4", "东门")}))
    assert [found.rule for found in odd_use(fast, habits=habits)] == [OddUse.A_STREET]


@pytest.mark.parametrize(("a_usual_day", "told"), [(10, 0), (3, 1)])
def test_habits_are_read_from_the_record(a_usual_day: int, told: int) -> None:
    sessions = a_database()
    with sessions.write() as session:
        staff = a_staff_member(session, Role.AGENT, reach=Reach.STREETS, streets=["东门"])
        people = [a_resident(session, street="东门").id for _ in range(PEOPLE_OF_A_STREET)]
        for day in range(7):
            for number, resident_id in enumerate(people if day == 0 else people[:a_usual_day]):
                at = NOON.astimezone(UTC) + timedelta(minutes=5 * number) - timedelta(days=day)
                actor, subject = f"staff:{staff.id}", f"resident:{resident_id}"
                session.add(AuditEntry(at=at, actor=actor, action="reveal.phone", subject=subject, facts={}))
        session.flush()
        assert watch_use(session, zone=ZONE, now=NOON + timedelta(hours=4)) == told


def test_many_people_in_a_day_but_not_one_person_often() -> None:
    assert [found.rule for found in odd_use(_looks(PEOPLE_A_DAY))] == [OddUse.MANY_PEOPLE]
    assert odd_use([Look(NOON, "staff:4", 1, "东门")] * PEOPLE_A_DAY) == []


def test_it_is_told_once_a_day() -> None:
    sessions = a_database()
    now = NOON.astimezone(UTC) + timedelta(hours=2)
    with sessions.write() as session:
        for number in range(PEOPLE_OF_A_STREET):
            resident = a_resident(session, street="东门")
            at = NOON.astimezone(UTC) + timedelta(minutes=number)
            subject = f"resident:{resident.id}"
            session.add(
                AuditEntry(at=at, actor="staff:4", action="reveal.phone", subject=subject, purpose="核对", facts={})
            )
    for expected in (1, 0):
        with sessions.write() as session:
            assert watch_use(session, zone=ZONE, now=now) == expected
    with sessions.read() as session:
        alert = session.scalars(select(AuditAlert)).one()
        assert (alert.rule, alert.actor, alert.count, alert.facts) == ("a_street", "staff:4", 15, {"street": "东门"})
    sessions.engine.dispose()


def test_a_token_that_acts_for_a_colleague_is_told() -> None:
    sessions = a_database()
    now = NOON.astimezone(UTC)
    with sessions.write() as session:
        for actor, staff in (("staff:4", 7), ("staff:4", 8), ("staff:4", 4), ("staff:5", None), ("terminal", 7)):
            facts = {"scopes": ["queue.read"], "staff": staff}
            session.add(AuditEntry(at=now, actor=actor, action="token.add", subject="token:1", facts=facts))
    with sessions.write() as session:
        assert watch_use(session, zone=ZONE, now=now + timedelta(hours=1)) == 1
        assert watch_use(session, zone=ZONE, now=now + timedelta(hours=2)) == 0
    with sessions.read() as session:
        alert = session.scalars(select(AuditAlert)).one()
        assert (alert.rule, alert.actor, alert.count) == (OddUse.IN_ANOTHERS_NAME, "staff:4", 2)


def test_each_rule_has_its_words() -> None:
    assert {f"audit_{rule}" for rule in OddUse} <= set(WORDS)
