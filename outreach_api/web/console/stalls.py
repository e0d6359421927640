"""Stall days on the console: putting one on the calendar, and what came of it."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from models.vocabulary import StallOutcome
from outreach_api.privacy.small_cells import all_in_tens
from outreach_api.stalls.stall_days import StallPlan, StallRefused, cancel_stall, plan_stall, stall_figures
from outreach_api.web.access import Viewer, sees_people
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for

router = APIRouter(include_in_schema=False)
SAID = frozenset({"stall_planned", "stall_refused", "stall_called_off"})


@router.get("/stalls", name="stalls")
def stalls(request: Request, viewer: Viewer, said: str | None = None) -> Response:
    house = house_of(request)
    today = house.clock.now().astimezone(house.settings.zone).date()
    with house.sessions.read() as session:
        figures = stall_figures(session)
        return render(
            request,
            "stalls.html",
            section="stalls",
            figures=figures if sees_people(viewer.role, viewer.sight) else all_in_tens(list(figures)),
            outcomes=speaker_for(request).options(StallOutcome),
            today=today,
            said=said if said in SAID else None,
        )


@router.post("/stalls/new", name="plan_stall")
def new(
    request: Request,
    viewer: Viewer,
    on: Annotated[date, Form()],
    hours: Annotated[str, Form(max_length=32)],
    place: Annotated[str, Form(max_length=64)],
    street: Annotated[str, Form(max_length=64)],
    community: Annotated[str, Form(max_length=64)] = "",
    estates: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    house = house_of(request)
    now = house.clock.now()
    parts = tuple(part for part in estates.replace("，", " ").replace("、", " ").replace(",", " ").split() if part)
    plan = StallPlan(on, hours, place, street, community or None, parts)
    try:
        with house.sessions.write() as session:
            today = now.astimezone(house.settings.zone).date()
            plan_stall(session, plan, by=viewer.actor, today=today, now=now)
    except StallRefused:
        return _back("stall_refused")
    return _back("stall_planned")


@router.post("/stalls/{stall_id}/cancel", name="cancel_stall")
def call_off(request: Request, viewer: Viewer, stall_id: int) -> Response:
    house = house_of(request)
    with house.sessions.write() as session:
        cancel_stall(session, stall_id, now=house.clock.now())
    return _back("stall_called_off")


def _back(said: str) -> Response:
    return RedirectResponse(f"/stalls?said={said}", HTTPStatus.SEE_OTHER)
