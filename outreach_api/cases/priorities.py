"""Why one case comes before another: who the person is, what it is about, how near its deadline."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from models.resident import Resident
from models.vocabulary import CaseKind, PriorityMark, Urgency
from outreach_api.cases.promises import DISTRICT_HOURS
from scheduler.rules.derive import FocusGroup, age_on

NINETY = 90
DEADLINE_NEAR = timedelta(days=14)


def marks_of(kind: CaseKind, resident: Resident | None, now: datetime) -> list[PriorityMark]:
    """What can be said when a case is opened; a policy's deadline is looked at while the case waits."""
    marks = [PriorityMark.COMPLAINT] if kind is CaseKind.COMPLAINT else []
    if resident is None:
        return marks
    groups = resident.focus_groups or ()
    if FocusGroup.LIVING_ALONE in groups:
        marks.append(PriorityMark.LIVING_ALONE)
    if _age(resident, now) >= NINETY:
        marks.append(PriorityMark.NINETY_PLUS)
    if FocusGroup.DISABLED in groups:
        marks.append(PriorityMark.DISABLED)
    return marks


def is_deadline_near(closes_on: date | None, today: date) -> bool:
    """Within the last two weeks in which the benefit can be applied for."""
    return closes_on is not None and today <= closes_on <= today + DEADLINE_NEAR


def urgency_of(marks: list[PriorityMark], asked: Urgency) -> Urgency:
    return Urgency.HIGH if marks else asked


def _age(resident: Resident, now: datetime) -> int:
    if resident.birth_date is None:
        return 0
    return age_on(resident.birth_date, now.astimezone(DISTRICT_HOURS.zone).date()) or 0
