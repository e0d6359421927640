"""What moves a case about: the next one for free hands, another team or person, two that are one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BeforeValidator
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from models.transitions import UnlawfulTransition
from models.vocabulary import DayPart
from outreach_api.cases.merge_cases import MergeRefused, merge
from outreach_api.cases.next_case import take_next
from outreach_api.cases.open_case import record_change
from outreach_api.cases.presence import come_back, go_away
from outreach_api.cases.route_by_hand import ReasonMissing, SlotTaken, Wanted, send_team
from outreach_api.cases.work_case import Assignee, CaseNotFound, CaseTaken, HandsFull, assign
from outreach_api.web.access import Viewer
from outreach_api.web.console.case_page import back_to
from outreach_api.web.house import house_of

router = APIRouter(include_in_schema=False)
LONGEST_REASON = 200
# Why something was not done → what the page says.
SAID: dict[type[Exception], str] = {
    CaseTaken: "said_case_taken",
    StaleDataError: "said_case_taken",
    UnlawfulTransition: "said_not_possible",
    SlotTaken: "said_no_room",
    ReasonMissing: "said_why_missing",
    HandsFull: "said_hands_full",
    MergeRefused: "said_not_alike",
    CaseNotFound: "said_not_alike",
}
Day = Annotated[date | None, BeforeValidator(lambda value: value or None)]


@router.post("/cases/next", name="next_case")
def next_case(request: Request, viewer: Viewer) -> Response:
    """Take the most pressing case and open it."""
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            found = take_next(session, viewer.role, viewer.staff_id, by=viewer.actor, now=house.clock.now())
            case_id = found.id if found else None
    except HandsFull:
        return RedirectResponse("/cases?mine=true&said=said_hands_full", HTTPStatus.SEE_OTHER)
    except CaseTaken:
        return RedirectResponse("/cases?said=said_case_taken", HTTPStatus.SEE_OTHER)
    if case_id is None:
        return RedirectResponse("/cases?said=said_none_waits", HTTPStatus.SEE_OTHER)
    return back_to(case_id)


@router.post("/presence", name="presence")
def presence(request: Request, viewer: Viewer, here: Annotated[bool, Form()]) -> Response:
    """Say that one is back at the desk, or away: how much is sent goes by who is there."""
    house = house_of(request)
    with house.sessions.write() as session:
        if here:
            come_back(session, viewer.staff_id)
        else:
            go_away(session, viewer.staff_id, now=house.clock.now())
    return RedirectResponse("/cases", HTTPStatus.SEE_OTHER)


@router.post("/cases/{case_id}/team", name="send_team")
def send(
    request: Request,
    viewer: Viewer,
    case_id: int,
    version: Annotated[int, Form()],
    team: Annotated[int, Form()],
    on: Annotated[Day, Form()] = None,
    part: Annotated[DayPart, Form()] = DayPart.MORNING,
    why: Annotated[str, Form(max_length=LONGEST_REASON)] = "",
) -> Response:
    """Send a team of one's own choice, with the reason."""

    def override(session: Session) -> None:
        now = house_of(request).clock.now()
        send_team(session, case_id, Wanted(team, on, part), why=why, seen_version=version, by=viewer.actor, now=now)

    return _done(request, case_id, override)


@router.post("/cases/{case_id}/holder", name="give_case")
def give(
    request: Request,
    viewer: Viewer,
    case_id: int,
    version: Annotated[int, Form()],
    staff: Annotated[int, Form()],
    why: Annotated[str, Form(max_length=LONGEST_REASON)] = "",
) -> Response:
    """Give a case to a colleague, with the reason."""

    def hand_over(session: Session) -> None:
        if not why.strip():
            raise ReasonMissing("say why")
        now = house_of(request).clock.now()
        case = assign(session, case_id, Assignee(staff_id=staff), seen_version=version, by=viewer.actor, now=now)
        record_change(session, case, "routed_by_hand", by=viewer.actor, now=now, note=why.strip())

    return _done(request, case_id, hand_over)


@router.post("/cases/{case_id}/merge", name="merge_case")
def merge_into(
    request: Request, viewer: Viewer, case_id: int, version: Annotated[int, Form()], into: Annotated[int, Form()]
) -> Response:
    """Close this case as a duplicate of another."""

    def join(session: Session) -> None:
        merge(session, case_id, into, seen_version=version, by=viewer.actor, now=house_of(request).clock.now())

    return _done(request, case_id, join)


def _done(request: Request, case_id: int, act: Callable[[Session], None]) -> Response:
    try:
        with house_of(request).sessions.write() as session:
            act(session)
    except tuple(SAID) as fault:
        return back_to(case_id, SAID[type(fault)])
    return back_to(case_id)
