"""Appeals: taking one in by phone or at the counter, how they stand, and the screen in the hall."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from models.vocabulary import AppealCategory
from outreach_api.cases.appeals import (
    About,
    By,
    CountInTens,
    count_lately,
    hand_to_department,
    take_appeal,
    without_small,
)
from outreach_api.cases.work_case import find_case
from outreach_api.web.access import Viewer, may
from outreach_api.web.console.case_page import back_to
from outreach_api.web.house import House, house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.words import Speaker

router = APIRouter(include_in_schema=False)
LONGEST_TEXT = 1000


@router.get("/appeals", name="appeals")
def appeals(request: Request, viewer: Viewer, days: Annotated[int, Query(ge=1, le=366)] = 30) -> Response:
    figures = _figures(house_of(request), speaker_for(request), days, in_full=may(viewer.role, "cases"))
    return render(request, "appeals.html", section="appeals", days=days, **figures)


@router.get("/appeals/screen", name="appeals_screen")
def screen(request: Request, _viewer: Viewer) -> Response:
    """For the wall of the hall: counts of today, for everybody who stands there; it renews itself."""
    part = request.headers.get("hx-target") == "screen"
    template = "components/appeals_today.html" if part else "appeals_screen.html"
    figures = _figures(house_of(request), speaker_for(request), 1, in_full=False)
    return render(request, template, section="appeals", **figures)


@router.post("/appeals/new", name="take_appeal")
def take(
    request: Request,
    viewer: Viewer,
    text: Annotated[str, Form(min_length=2, max_length=LONGEST_TEXT)],
    category: Annotated[AppealCategory, Form()] = AppealCategory.OTHER,
    department: Annotated[str, Form(max_length=64)] = "",
    street: Annotated[str, Form(max_length=64)] = "",
    location: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    house = house_of(request)
    about = About(category, department.strip() or None, location.strip() or None, street.strip() or None)
    with house.sessions.write() as session:
        case_id = take_appeal(session, text.strip(), about, by=viewer.actor, now=house.clock.now()).id
    return back_to(case_id)


@router.post("/cases/{case_id}/appeal", name="describe_appeal")
def describe(
    request: Request,
    viewer: Viewer,
    case_id: int,
    category: Annotated[AppealCategory, Form()] = AppealCategory.OTHER,
    department: Annotated[str, Form(max_length=64)] = "",
    location: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Say what an appeal is about and which department sees to it."""
    house = house_of(request)
    about = About(category, department.strip() or None, location.strip() or None)
    with house.sessions.write() as session:
        hand_to_department(session, find_case(session, case_id), about, by=viewer.actor, now=house.clock.now())
    return back_to(case_id)


def _figures(house: House, speaker: Speaker, days: int, *, in_full: bool) -> dict[str, Any]:
    with house.sessions.read() as session:
        whole, by = count_lately(session, days, zone=house.settings.zone, now=house.clock.now())
    groups = by if in_full else without_small(by)
    named = {
        one.value: [(_name(one, key, speaker), count) for key, count in counts.items()]
        for one, counts in groups.items()
    }
    return {
        "whole": whole if in_full else CountInTens.of(whole),
        "by": named,
        "categories": speaker.options(AppealCategory),
    }


def _name(by: By, key: str, speaker: Speaker) -> str:
    if by is By.CATEGORY:
        return speaker.word(AppealCategory(key))
    return key or speaker.t("appeal_unassigned")
