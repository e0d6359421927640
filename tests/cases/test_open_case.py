from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import Event
from models.vocabulary import CaseKind, CaseReason, CaseState, EventKind, Urgency
from outreach_api.cases.open_case import open_case
from outreach_api.cases.promises import due_time
from outreach_api.cases.work_case import resolve
from tests.builders import NOON, a_case, a_match, a_resident


def test_a_case_is_opened_with_promise_history_and_event(session: Session) -> None:
    case = a_case(session, a_match(session))
    assert case.due_at == due_time(CaseKind.HOME_VISIT, NOON)
    assert [change.change for change in case.changes] == ["opened"]
    facts = session.scalars(select(Event.facts).where(Event.kind == EventKind.CASE_CHANGED)).one()
    assert facts == {"case": case.id, "kind": "home_visit", "state": "open", "change": "opened"}


def test_asking_twice_is_one_case(session: Session) -> None:
    match = a_match(session)
    first = a_case(session, match)
    later = NOON + timedelta(days=1)
    again = a_case(session, match, now=later, summary="又问了一次", reason=CaseReason.CANNOT_USE_PHONE)
    assert again.id == first.id
    assert first.due_at == due_time(CaseKind.HOME_VISIT, NOON)
    session.refresh(first)
    assert [(c.change, c.note) for c in first.changes] == [("opened", None), ("added_to", "又问了一次")]


def test_two_benefits_are_two_cases_and_a_general_wish_joins_either(session: Session) -> None:
    resident = a_resident(session)
    allowance = a_case(session, a_match(session, resident))
    checkup = a_case(session, a_match(session, resident, policy_id="elderly-health-check"))
    general = open_case(
        session, kind=CaseKind.HOME_VISIT, reason=CaseReason.REQUESTED, now=NOON, resident_id=resident.id
    )
    assert allowance.id != checkup.id
    assert general.id == allowance.id


def test_a_general_case_takes_up_the_match_that_comes_later(session: Session) -> None:
    match = a_match(session)
    general = a_case(session, resident_id=match.resident_id)
    assert a_case(session, match).id == general.id
    assert general.match_id == match.id


@pytest.mark.parametrize("differs", ["kind", "resident", "finished"])
def test_what_is_about_something_else_is_a_case_of_its_own(session: Session, differs: str) -> None:
    match = a_match(session)
    first = a_case(session, match)
    if differs == "finished":
        resolve(session, first, by="staff:1", now=NOON)
    other = a_match(session) if differs == "resident" else match
    kind = CaseKind.COMPLAINT if differs == "kind" else CaseKind.HOME_VISIT
    second = a_case(session, other, kind=kind)
    assert second.id != first.id
    assert second.state is CaseState.OPEN


def test_nobodys_cases_are_not_merged(session: Session) -> None:
    assert a_case(session).id != a_case(session).id


@pytest.mark.parametrize(
    ("kind", "person", "urgency"),
    [
        (CaseKind.HOME_VISIT, {}, Urgency.NORMAL),
        (CaseKind.HOME_VISIT, {"birth_date": date(1936, 9, 1)}, Urgency.HIGH),
        (CaseKind.HOME_VISIT, {"birth_date": date(1936, 9, 2)}, Urgency.NORMAL),
        (CaseKind.HOME_VISIT, {"focus_groups": ["独居"]}, Urgency.HIGH),
        (CaseKind.HOME_VISIT, {"birth_date": None}, Urgency.NORMAL),
        (CaseKind.COMPLAINT, {}, Urgency.HIGH),
    ],
)
def test_urgency_follows_age_living_alone_and_complaint(
    session: Session, kind: CaseKind, person: dict[str, Any], urgency: Urgency
) -> None:
    resident = a_resident(session, **person)
    assert a_case(session, kind=kind, resident_id=resident.id).urgency is urgency


def test_an_addition_raises_urgency_but_never_lowers_it(session: Session) -> None:
    match = a_match(session)
    case = a_case(session, match)
    a_case(session, match, urgency=Urgency.HIGH)
    a_case(session, match)
    assert case.urgency is Urgency.HIGH
