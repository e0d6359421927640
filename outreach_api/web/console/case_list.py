"""The queue as a list: filters in the address, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, field_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Appointment, Case
from models.staff import Staff
from models.vocabulary import CaseKind, CaseState, PriorityMark, Urgency
from outreach_api.cases.bulk import give_many
from outreach_api.cases.queue_list import COUNTED_UP_TO, Wanted, cursor, queue_length, queue_page
from outreach_api.cases.work_case import standing_appointment
from outreach_api.privacy.masking import shown_name
from outreach_api.web.access import CASE_WORKERS, Viewer, may
from outreach_api.web.house import house_of
from outreach_api.web.page import render

router = APIRouter(include_in_schema=False)
PAGE_ROWS = 30
LANE_ROWS = 8
LONGEST_REASON = 200
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

    def wanted(self, staff_id: int) -> Wanted:
        """What to look for; `mine` are those of this member of staff."""
        return Wanted(
            kind=self.kind,
            state=self.state,
            urgency=self.urgency,
            policy=self.policy,
            staff_id=staff_id if self.mine else None,
            overdue=self.overdue,
            escalated=self.escalated,
        )


@dataclass(frozen=True)
class CaseRow:
    case: Case
    name: str | None
    holder: str | None
    marks: list[PriorityMark]
    appointment: Appointment | None


@router.get("/cases", name="cases")
def cases(
    request: Request,
    viewer: Viewer,
    filters: Annotated[Filters, Query()],
    said: str | None = None,
    given: int = 0,
    left: int = 0,
) -> Response:
    house = house_of(request)
    now = house.clock.now()
    wanted = filters.wanted(viewer.staff_id)
    with house.sessions.read() as session:
        found = queue_page(session, wanted, after=filters.after, rows=PAGE_ROWS + 1, now=now)
        shown = found[:PAGE_ROWS]
        return render(
            request,
            "components/case_table.html" if request.headers.get("hx-target") == RESULTS else "cases.html",
            section="cases",
            filters=filters,
            said=said if said in SAID else None,
            given=(given, left) if said == "said_given" else None,
            total=queue_length(session, wanted, now=now),
            most=COUNTED_UP_TO,
            rows=_rows(session, shown),
            policy_names={policy: card.name for policy, card in house.cards.items()},
            next_page=filters.address(cursor(shown[-1])) if len(found) > PAGE_ROWS else None,
            kinds=list(CaseKind),
            states=list(CaseState),
            urgencies=list(Urgency),
            away=session.get_one(Staff, viewer.staff_id).away_since is not None,
            colleagues=_colleagues(session) if may(viewer.role, "assign_cases") else [],
        )


@router.get("/cases/board", name="case_board")
def board(request: Request, viewer: Viewer) -> Response:
    """The queue at a glance: for each kind what falls due first."""
    house = house_of(request)
    with house.sessions.read() as session:
        return render(request, "case_board.html", section="cases", **_board(session, house.clock.now()))


@router.get("/cases/board/columns", name="case_board_columns")
def board_columns(request: Request, viewer: Viewer) -> Response:
    """The same, for the page to put in place when something changed."""
    house = house_of(request)
    with house.sessions.read() as session:
        return render(request, "components/board.html", **_board(session, house.clock.now()))


@router.post("/cases/assign", name="assign_cases")
def give_several(
    request: Request,
    viewer: Viewer,
    staff: Annotated[int, Form()],
    why: Annotated[str, Form(max_length=LONGEST_REASON)] = "",
    seen: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Give the ticked cases to a colleague; each was shown in a version."""
    house = house_of(request)
    if not why.strip() or not seen:
        return RedirectResponse("/cases?said=said_why_missing", HTTPStatus.SEE_OTHER)
    by, now = viewer.actor, house.clock.now()
    done = give_many(house.sessions, _versions(seen), staff, why=why.strip(), by=by, now=now)
    address = f"/cases?said=said_given&given={done.given}&left={done.left}"
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _versions(seen: Sequence[str]) -> Iterator[tuple[int, int]]:
    for one in seen:
        case_id, _, version = one.partition(":")
        if case_id.isdecimal() and version.isdecimal():
            yield int(case_id), int(version)


def _colleagues(session: Session) -> list[tuple[int, str]]:
    """Who can be given cases."""
    query = select(Staff.id, Staff.display_name).where(Staff.disabled_at.is_(None), Staff.role.in_(CASE_WORKERS))
    return [(key, name) for key, name in session.execute(query.order_by(Staff.display_name))]


def _board(session: Session, now: datetime) -> dict[str, Any]:
    """Drawn while the session lasts: afterwards a case can no longer be read."""
    columns = [
        {
            "kind": kind,
            "total": queue_length(session, Wanted(kind=kind), now=now),
            "overdue": queue_length(session, Wanted(kind=kind, overdue=True), now=now),
            "rows": _rows(session, queue_page(session, Wanted(kind=kind), after=None, rows=LANE_ROWS, now=now)),
        }
        for kind in CaseKind
    ]
    return {"columns": columns, "most": COUNTED_UP_TO}


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
