"""Appeals: what they are about and who sees to them, and how many were taken, settled, and answered in time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.appeal import Appeal
from models.case import Case
from models.event import Setting
from models.resident import Resident
from models.vocabulary import AppealCategory, CaseKind, CaseReason, CaseState
from outreach_api.cases.clocks import Standing, standing
from outreach_api.cases.open_case import open_case, record_change
from outreach_api.cases.promises import ONE_DAY
from outreach_api.cases.work_case import CaseNotFound
from outreach_api.conversations.subjects import appeal_subject
from outreach_api.privacy.small_cells import SMALLEST_SHOWN, in_tens

SETTLED = frozenset({CaseState.RESOLVED, CaseState.CONFIRMED})
# The subjects that the assistant hears are these categories.
CATEGORY_OF = MappingProxyType(
    {
        "噪音": AppealCategory.NOISE,
        "路灯": AppealCategory.LIGHTING,
        "漏水": AppealCategory.WATER,
        "垃圾": AppealCategory.RUBBISH,
        "停车": AppealCategory.PARKING,
        "电梯": AppealCategory.LIFT,
        "安全": AppealCategory.SAFETY,
        "物业": AppealCategory.PROPERTY,
        "其他": AppealCategory.OTHER,
    }
)


DEPARTMENTS = "appeal_departments"
USUAL_DEPARTMENT = MappingProxyType(
    {
        AppealCategory.NOISE: "生态环境部门",
        AppealCategory.LIGHTING: "城管部门",
        AppealCategory.WATER: "住建部门",
        AppealCategory.RUBBISH: "城管部门",
        AppealCategory.PARKING: "交警部门",
        AppealCategory.LIFT: "市场监管部门",
        AppealCategory.SAFETY: "应急管理部门",
        AppealCategory.PROPERTY: "住建部门",
        AppealCategory.OTHER: "街道办事处",
    }
)


class By(StrEnum):
    """By what appeals are counted."""

    CATEGORY = "category"
    DEPARTMENT = "department"
    STREET = "street"


@dataclass(frozen=True)
class About:
    """What is known of an appeal; what is not said stays as it is."""

    category: AppealCategory | None = None
    department: str | None = None
    location: str | None = None
    street: str | None = None


@dataclass
class Count:
    """受理量, 化解量, and of those whose answer is due or given, how many had it in time."""

    taken: int = 0
    settled: int = 0
    confirmed: int = 0
    in_time: int = 0
    late: int = 0

    @property
    def settled_rate(self) -> float | None:
        return _rate(self.settled, self.taken)

    @property
    def in_time_rate(self) -> float | None:
        return _rate(self.in_time, self.in_time + self.late)

    def add(self, case: Case, now: datetime) -> None:
        stands = standing(case, now)
        self.taken += 1
        self.settled += case.state in SETTLED
        self.confirmed += case.state is CaseState.CONFIRMED
        self.in_time += stands is Standing.KEPT
        self.late += stands in (Standing.KEPT_LATE, Standing.BROKEN)


@dataclass(frozen=True)
class CountInTens:
    """The same for who does not see cases, and for the wall of the hall: None is fewer than ten."""

    taken: int | None
    settled: int | None
    confirmed: int | None
    in_time: int | None
    late: int | None

    @classmethod
    def of(cls, count: Count) -> CountInTens:
        return cls(**{name: in_tens(number) for name, number in vars(count).items()})

    @property
    def settled_rate(self) -> float | None:
        return _rate(self.settled, self.taken)

    @property
    def in_time_rate(self) -> float | None:
        if self.in_time is None or self.late is None:
            return None
        return _rate(self.in_time, self.in_time + self.late)


def _rate(part: int | None, whole: int | None) -> float | None:
    return part / whole if whole and part is not None else None


def take_appeal(session: Session, text: str, about: About, *, by: str, now: datetime) -> Case:
    """An appeal that somebody brought by phone or at the counter."""
    case = open_case(session, kind=CaseKind.APPEAL, reason=CaseReason.REPORTED, now=now, summary=text, by=by)
    describe(session, case, about)
    return case


def describe(session: Session, case: Case, about: About) -> Appeal:
    """Keep what is known of an appeal; its category is read from its words where nobody has said it."""
    kept = session.get(Appeal, case.id)
    if kept is None:
        resident = session.get(Resident, case.resident_id) if case.resident_id is not None else None
        category = about.category or CATEGORY_OF[appeal_subject(case.summary or "")]
        kept = Appeal(case_id=case.id, category=category, street=resident.street if resident else None)
        kept.department = departments(session).get(category)
        session.add(kept)
    if about.category is not None and about.category is not kept.category:
        # Whoever corrects what it is about means the department of that, unless they name another.
        kept.category, kept.department = about.category, departments(session).get(about.category)
    kept.department = about.department or kept.department
    kept.location = about.location or kept.location
    kept.street = about.street or kept.street
    session.flush()
    return kept


def departments(session: Session) -> dict[AppealCategory, str]:
    """Whose an appeal is by what it is about: as staff set it, else as districts usually divide it."""
    setting = session.get(Setting, DEPARTMENTS)
    said = setting.value if setting is not None and isinstance(setting.value, dict) else {}
    known = {AppealCategory(name): str(whose) for name, whose in said.items() if name in set(AppealCategory)}
    return {**USUAL_DEPARTMENT, **known}


def hand_to_department(session: Session, case: Case, about: About, *, by: str, now: datetime) -> None:
    """Say whose it is, in the history too.

    Raises:
        CaseNotFound: the case is no appeal.
    """
    if case.kind is not CaseKind.APPEAL:
        raise CaseNotFound(f"case {case.id} is no appeal")
    describe(session, case, about)
    record_change(session, case, "described", by=by, now=now, note=about.department)


def category_of(case: Case, appeal: Appeal | None) -> AppealCategory:
    """As it was said, else as its words are read."""
    return appeal.category if appeal else CATEGORY_OF[appeal_subject(case.summary or "")]


def count_lately(
    session: Session, days: int, *, zone: tzinfo, now: datetime
) -> tuple[Count, dict[By, dict[str, Count]]]:
    """The last so many days, today included."""
    until = datetime.combine(now.astimezone(zone).date() + ONE_DAY, time(), zone)
    return count_appeals(session, since=until - timedelta(days=days), until=until, now=now)


def without_small(by: dict[By, dict[str, Count]]) -> dict[By, dict[str, CountInTens]]:
    """What who does not see cases is shown: no group of fewer than ten, which could be a neighbour.

    One left out alone could be told from the sum, so the next smallest goes with it.
    """
    shown: dict[By, dict[str, CountInTens]] = {}
    for one, counts in by.items():
        rising = sorted(counts, key=lambda key: counts[key].taken)
        gone = [key for key in rising if counts[key].taken < SMALLEST_SHOWN]
        gone = rising[:2] if len(gone) == 1 else gone
        shown[one] = {key: CountInTens.of(count) for key, count in counts.items() if key not in gone}
    return shown


def count_appeals(
    session: Session, *, since: datetime, until: datetime, now: datetime
) -> tuple[Count, dict[By, dict[str, Count]]]:
    """Appeals taken in a stretch of time, all and by category, department and street; cancelled ones are none."""
    query = (
        select(Case, Appeal)
        .outerjoin(Appeal, Appeal.case_id == Case.id)
        .where(Case.kind == CaseKind.APPEAL, Case.state != CaseState.CANCELLED)
        .where(Case.opened_at >= since, Case.opened_at < until)
    )
    whole = Count()
    by: dict[By, dict[str, Count]] = {one: defaultdict(Count) for one in By}
    for case, appeal in session.execute(query.order_by(Case.id)):
        whole.add(case, now)
        keys = {
            By.CATEGORY: category_of(case, appeal).value,
            By.DEPARTMENT: (appeal.department if appeal else None) or "",
            By.STREET: (appeal.street if appeal else None) or "",
        }
        for one, key in keys.items():
            by[one][key].add(case, now)
    return whole, {one: dict(sorted(counts.items())) for one, counts in by.items()}
