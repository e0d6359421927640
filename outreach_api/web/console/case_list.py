"""The queue as a list: filters in the address, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, field_validator
from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from models.case import Appointment, Case
from models.staff import Staff
from models.vocabulary import CaseKind, CaseState, EscalationLevel, PriorityMark, Urgency
from outreach_api.cases.open_case import OPEN_CASE_STATES
from outreach_api.cases.work_case import standing_appointment
from outreach_api.privacy.masking import shown_name
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import render

router = APIRouter(include_in_schema=False)
PAGE_ROWS = 30
SAID = frozenset({"said_none_waits", "said_hands_full", "said_case_taken"})
RESULTS = "results"
"""Id of the part of the page that a filter replaces."""


class Filters(BaseModel):
    """What the address asks for. An empty value is no filter; without a state, what is unfinished is shown."""

    model_config = ConfigDict(extra="ignore")

    kind: CaseKind | None = None
    state: CaseState | None = None
    urgency: Urgency | None = None
    policy: str | None = None
    overdue: bool = False
    escalated: bool = False
    mine: bool = False
    after: str | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    def address(self, after: str | None = None) -> str:
        chosen = self.model_dump(mode="json", exclude_defaults=True, exclude={"after"}) | {"after": after}
        return "/cases?" + urlencode({name: value for name, value in chosen.items() if value is not None})


@dataclass(frozen=True)
class CaseRow:
    case: Case
    name: str | None
    holder: str | None
    marks: list[PriorityMark]
    appointment: Appointment | None


@router.get("/cases", name="cases")
def cases(request: Request, viewer: Viewer, filters: Annotated[Filters, Query()], said: str | None = None) -> Response:
    house = house_of(request)
    now = house.clock.now()
    wanted = _wanted(filters, viewer.staff_id, now)
    with house.sessions.read() as session:
        found = session.scalars(_page(wanted, filters.after)).all()
        shown = found[:PAGE_ROWS]
        return render(
            request,
            "components/case_table.html" if request.headers.get("hx-target") == RESULTS else "cases.html",
            section="cases",
            filters=filters,
            said=said if said in SAID else None,
            total=session.scalar(select(func.count(Case.id)).where(*wanted)) or 0,
            rows=_rows(session, shown),
            policy_names={policy: card.name for policy, card in house.cards.items()},
            next_page=filters.address(_cursor(shown[-1])) if len(found) > PAGE_ROWS else None,
            kinds=list(CaseKind),
            states=list(CaseState),
            urgencies=list(Urgency),
            away=session.get_one(Staff, viewer.staff_id).away_since is not None,
        )


def _rows(session: Session, cases: Sequence[Case]) -> list[CaseRow]:
    ids = {case.staff_id for case in cases if case.staff_id is not None}
    people = dict(session.execute(select(Staff.id, Staff.display_name).where(Staff.id.in_(ids))).all())
    return [
        CaseRow(
            case=case,
            name=shown_name(case.resident) if case.resident else None,
            holder=people.get(case.staff_id or 0) or (case.team.name if case.team else None),
            marks=[PriorityMark(mark) for mark in case.marks],
            appointment=standing_appointment(case),
        )
        for case in cases
    ]


def _wanted(filters: Filters, staff_id: int, now: datetime) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = (
        [Case.state == filters.state] if filters.state else [Case.state.in_(OPEN_CASE_STATES)]
    )
    if filters.kind:
        wanted.append(Case.kind == filters.kind)
    if filters.urgency:
        wanted.append(Case.urgency == filters.urgency)
    if filters.policy:
        wanted.append(Case.policy_id == filters.policy)
    if filters.overdue:
        wanted.append((Case.due_at < now) & Case.kept_at.is_(None) & Case.state.in_(OPEN_CASE_STATES))
    if filters.escalated:
        wanted.append((Case.escalation != EscalationLevel.NONE) & Case.kept_at.is_(None))
    if filters.mine:
        wanted.append(Case.staff_id == staff_id)
    return wanted


def _page(wanted: list[ColumnElement[bool]], after: str | None) -> Select[Case]:
    """What falls due first comes first; the next page starts behind the last row seen, whatever came in since."""
    query = select(Case).where(*wanted).order_by(Case.due_at, Case.id).limit(PAGE_ROWS + 1)
    query = query.options(joinedload(Case.resident), joinedload(Case.team), selectinload(Case.appointments))
    mark = _read_cursor(after)
    return query.where(tuple_(Case.due_at, Case.id) > mark) if mark else query


def _cursor(case: Case) -> str:
    return f"{case.due_at.timestamp():.6f}-{case.id}"


def _read_cursor(after: str | None) -> tuple[datetime, int] | None:
    """A cursor that makes no sense is the first page: addresses get cut off in mails."""
    try:
        instant, _, case_id = (after or "").rpartition("-")
        return datetime.fromtimestamp(float(instant), tz=UTC), int(case_id)
    except (ValueError, OverflowError, OSError):
        return None
