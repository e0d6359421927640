"""Appeals: read from what was said, given to a department, counted."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from models.appeal import Appeal
from models.vocabulary import AppealCategory, CaseKind, CaseReason
from outreach_api.cases.appeals import (
    CATEGORY_OF,
    About,
    By,
    Count,
    count_appeals,
    describe,
    hand_to_department,
    take_appeal,
)
from outreach_api.cases.work_case import cancel, confirm, resolve
from outreach_api.conversations.subjects import _SUBJECTS, OTHER
from tests.builders import NOON, a_case, a_resident

BY = "staff:1"
HOUR = timedelta(hours=1)


def test_every_subject_the_assistant_hears_is_a_category() -> None:
    assert set(CATEGORY_OF) == {*_SUBJECTS, OTHER}
    assert set(CATEGORY_OF.values()) == set(AppealCategory)


def test_what_was_said_gives_the_category_until_somebody_says_better(session: Session) -> None:
    resident = a_resident(session, street="东门街道")
    case = a_case(
        session, kind=CaseKind.APPEAL, reason=CaseReason.REPORTED, resident_id=resident.id, summary="楼下路灯坏了三天"
    )
    kept = describe(session, case, About())
    assert (kept.category, kept.street, kept.department) == (AppealCategory.LIGHTING, "东门街道", "城管部门")
    hand_to_department(session, case, About(AppealCategory.SAFETY, department="街道城管"), by=BY, now=NOON)
    describe(session, case, About())
    kept = session.get_one(Appeal, case.id)
    assert (kept.category, kept.department) == (AppealCategory.SAFETY, "街道城管")


def test_taken_settled_and_in_time_are_counted_by_what_they_are(session: Session) -> None:
    answered, late, waiting, gone = (
        take_appeal(session, text, About(department=department, street="东门街道"), by=BY, now=NOON)
        for text, department in (("噪音", "城管"), ("路灯", "城管"), ("漏水", None), ("垃圾", None))
    )
    resolve(session, answered, by=BY, now=NOON + HOUR)
    confirm(session, answered, by=BY, now=NOON + HOUR)
    resolve(session, late, by=BY, now=NOON + 48 * HOUR)
    cancel(session, gone, by=BY, now=NOON)
    session.flush()
    whole, by = count_appeals(session, since=NOON - HOUR, until=NOON + HOUR, now=NOON + HOUR)
    assert whole == Count(taken=3, settled=2, confirmed=1, in_time=1, late=1)
    assert (whole.settled_rate, whole.in_time_rate) == (2 / 3, 1 / 2)
    assert {key: one.taken for key, one in by[By.CATEGORY].items()} == {"lighting": 1, "noise": 1, "water": 1}
    assert {key: one.taken for key, one in by[By.DEPARTMENT].items()} == {"住建部门": 1, "城管": 2}
    assert set(by[By.STREET]) == {"东门街道"}
    assert waiting.kept_at is None
    nothing, _ = count_appeals(session, since=NOON + HOUR, until=NOON + 2 * HOUR, now=NOON)
    assert (nothing.settled_rate, nothing.in_time_rate) == (None, None)
