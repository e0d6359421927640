"""Appeals: taking one in, what each is about and who sees to it, and how many were settled, and in time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from models.appeal import Appeal
from models.case import Case
from models.resident import Resident, ResidentPhone
from models.vocabulary import AppealCategory, CaseKind, CaseState
from outreach_api.cases.appeals import (
    About,
    By,
    Count,
    CountInTens,
    category_of,
    count_lately,
    hand_to_department,
    take_appeal,
    without_small,
)
from outreach_api.cases.work_case import CaseNotFound, find_case
from outreach_api.privacy.masking import mask_text
from outreach_api.web.access import may
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import NO_NUL, Body, Id
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.api.people import MaskedResident, masked
from outreach_api.web.api.shown import CountShown
from outreach_api.web.console.transcript import names_to_mask
from outreach_api.web.house import house_of

router = APIRouter(prefix="/api/v1/appeals", tags=["appeals"], route_class=OnceRoute)
LONGEST_TEXT = 1000
Where = Annotated[str | None, Field(max_length=64, pattern=NO_NUL)]
Place = Annotated[str | None, Field(max_length=200, pattern=NO_NUL)]


class AppealItem(BaseModel):
    case_id: int = Field(description="Its case: history and steps are under `/queue/{case_id}`.")
    version: int
    state: CaseState
    resident: MaskedResident | None
    words: str | None = Field(description="What was brought; masked.")
    category: AppealCategory
    department: str | None = Field(description="Who sees to it.")
    street: str | None
    location: str | None = Field(description="As it was described; masked.")
    opened_at: datetime
    due_at: datetime


class Described(Body):
    """What is not given stays as it is."""

    category: AppealCategory | None = None
    department: Where = None
    street: Where = None
    location: Place = None

    def about(self) -> About:
        said = (part.strip() or None if part else None for part in (self.department, self.location, self.street))
        return About(self.category, *said)


class Brought(Described):
    text: str = Field(min_length=2, max_length=LONGEST_TEXT, pattern=NO_NUL, examples=["楼下路灯三天不亮"])


class AppealCount(BaseModel):
    taken: CountShown
    settled: int | None = Field(description="Resolved or confirmed.")
    confirmed: CountShown
    in_time: CountShown
    late: CountShown
    settled_rate: float | None
    in_time_rate: float | None = Field(description="Of those whose answer is due or given.")


class AppealFigures(BaseModel):
    days: int
    whole: AppealCount
    by: dict[By, dict[str, AppealCount]] = Field(description="An empty name: not said.")


@router.get("")
def list_appeals(
    request: Request,
    _caller: AnyCaller,
    state: CaseState | None = None,
    category: AppealCategory | None = None,
    department: Annotated[str | None, Query(max_length=64, pattern=NO_NUL)] = None,
    limit: Limit = 100,
    after: Cursor = None,
) -> Page[AppealItem]:
    """Appeals, the newest first. One that nobody has described yet is found by neither category nor department."""
    query = _appeals().order_by(Case.id.desc()).limit(limit + 1)
    for column, value in ((Case.state, state), (Appeal.category, category), (Appeal.department, department)):
        query = query.where(column == value) if value is not None else query
    if mark := read_cursor(after, int):
        query = query.where(Case.id < mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.execute(query).all(), limit)
        items = [_item(session, case, appeal) for case, appeal in shown]
        return Page(items=items, next=cursor(items[-1].case_id) if more else None)


@router.get("/figures")
def read_appeal_figures(
    request: Request, caller: AnyCaller, days: Annotated[int, Query(ge=1, le=366)] = 30
) -> AppealFigures:
    """How many came in the last days, today included, and what became of them. Of one day: the screen in the hall."""
    house = house_of(request)
    with house.sessions.read() as session:
        whole, by = count_lately(session, days, zone=house.settings.zone, now=house.clock.now())
    # A system with this scope lists the appeals themselves.
    sees_them = caller.role is None or may(caller.role, "cases")
    groups = by if sees_them else without_small(by)
    named = {one: {name: _count(count) for name, count in counts.items()} for one, counts in groups.items()}
    return AppealFigures(days=days, whole=_count(whole if sees_them else CountInTens.of(whole)), by=named)


@router.get("/{case_id}")
def read_appeal(request: Request, _caller: AnyCaller, case_id: Id) -> AppealItem:
    with house_of(request).sessions.read() as session:
        return _found(session, case_id)


@router.post("", dependencies=[ONCE])
def bring_appeal(request: Request, caller: AnyCaller, brought: Brought) -> AppealItem:
    """Take in what somebody brings by phone or at the counter. Its category is read from its words unless given."""
    house = house_of(request)
    with house.sessions.write() as session:
        case = take_appeal(session, brought.text.strip(), brought.about(), by=caller.actor, now=house.clock.now())
        return _found(session, case.id)


@router.put("/{case_id}")
def change_appeal(request: Request, caller: AnyCaller, case_id: Id, described: Described) -> AppealItem:
    """Say what it is about and which department sees to it."""
    house = house_of(request)
    with house.sessions.write() as session:
        case = find_case(session, case_id)
        hand_to_department(session, case, described.about(), by=caller.actor, now=house.clock.now())
        session.flush()
        return _found(session, case_id)


def _appeals() -> Select[Case, Appeal]:
    people = joinedload(Case.resident).selectinload(Resident.phones).joinedload(ResidentPhone.phone)
    joined = select(Case, Appeal).outerjoin(Appeal, Appeal.case_id == Case.id).where(Case.kind == CaseKind.APPEAL)
    return joined.options(people)


def _found(session: Session, case_id: int) -> AppealItem:
    found = session.execute(_appeals().where(Case.id == case_id)).first()
    if found is None:
        raise CaseNotFound(f"there is no appeal {case_id}")
    return _item(session, *found)


def _item(session: Session, case: Case, appeal: Appeal | None) -> AppealItem:
    names = names_to_mask(session, case.resident) if case.resident else []
    location = appeal.location if appeal else None
    return AppealItem(
        case_id=case.id,
        version=case.version,
        state=case.state,
        resident=masked(case.resident),
        words=mask_text(case.summary, names=names) if case.summary else None,
        category=category_of(case, appeal),
        department=appeal.department if appeal else None,
        street=appeal.street if appeal else None,
        location=mask_text(location, names=names) if location else None,
        opened_at=case.opened_at,
        due_at=case.due_at,
    )


def _count(count: Count | CountInTens) -> AppealCount:
    return AppealCount.model_validate(count, from_attributes=True)
