"""The hall desk: find who is at the counter, see what they are matched for, close what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from models.resident import Resident
from models.stall import StallDay
from models.vocabulary import StallOutcome
from outreach_api.cases.hall_desk import (
    AtTheCounter,
    DeskRefused,
    Shown,
    at_the_counter,
    done_at_hall,
    find_at_desk,
)
from outreach_api.stalls.stall_days import record_at_stall
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for

router = APIRouter(include_in_schema=False)


@router.get("/desk", name="desk")
def desk(request: Request, viewer: Viewer, stall: int = 0) -> Response:
    """The counter; with a stall day's number, the table of that day."""
    return _page(request, stall=stall)


@router.post("/desk/find", name="desk_find")
def find(
    request: Request,
    viewer: Viewer,
    card: Annotated[str, Form(max_length=40)] = "",
    name: Annotated[str, Form(max_length=64)] = "",
    born: Annotated[str, Form(max_length=7)] = "",
    stall: Annotated[int, Form()] = 0,
) -> Response:
    """Find by card, or by name and birth month. Sent as a form: nothing about a person stands in an address."""
    house = house_of(request)
    try:
        shown = Shown(card, name, _month(born))
        with house.sessions.write() as session:
            found = find_at_desk(session, shown, actor=viewer.actor, now=house.clock.now())
            people = at_the_counter(session, found, house.cards)
    except DeskRefused as fault:
        return _page(request, said=f"desk_{fault}", stall=stall)
    said = "desk_nobody" if not people else "desk_several" if len(people) > 1 else None
    return _page(request, people=people, said=said, stall=stall)


@router.post("/desk/done", name="desk_done")
def done(
    request: Request,
    viewer: Viewer,
    resident: Annotated[int, Form()],
    match: Annotated[int, Form()],
    stall: Annotated[int, Form()] = 0,
    outcome: Annotated[StallOutcome, Form()] = StallOutcome.APPLIED,
) -> Response:
    """Close what was applied for at the counter just now; at a stall, keep what came of it there."""
    house = house_of(request)
    said = "stall_kept" if stall else "desk_done"
    now = house.clock.now()
    with house.sessions.write() as session:
        try:
            if stall:
                record_at_stall(session, stall, resident, match, outcome, by=viewer.actor, now=now)
            else:
                done_at_hall(session, resident, match, by=viewer.actor, now=now)
        except DeskRefused:
            said = "said_not_possible"
        person = session.get(Resident, resident)
        people = at_the_counter(session, [person] if person else [], house.cards)
    return _page(request, people=people, said=said, stall=stall)


def _page(
    request: Request, *, people: Sequence[AtTheCounter] = (), said: str | None = None, stall: int = 0
) -> Response:
    with house_of(request).sessions.read() as session:
        at = session.get(StallDay, stall) if stall else None
        outcomes = speaker_for(request).options(StallOutcome)
        context: dict[str, Any] = {"people": people, "said": said, "stall": at, "outcomes": outcomes}
        return render(request, "desk.html", section="stalls" if at else "desk", **context)


def _month(text: str) -> date | None:
    """2026-03, 202603 or 2026.3.

    Raises:
        DeskRefused: it is written in no such way.
    """
    parts = text.strip().replace(".", "-").replace("/", "-").partition("-")
    year, month = (parts[0], parts[2]) if parts[1] else (text.strip()[:4], text.strip()[4:])
    if not text.strip():
        return None
    try:
        return date(int(year), int(month), 1)
    except ValueError as fault:
        raise DeskRefused("incomplete") from fault
