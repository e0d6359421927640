"""Minutes per step: what staff time a report reckons with, for our way and the manual one. A change is on record."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from models.event import Setting
from outreach_api.reports.labour import DEFAULT_MINUTES, MOST_MINUTES, SETTING, labour_minutes, set_minutes
from outreach_api.reports.words import labour_steps
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.words import Locale

router = APIRouter(include_in_schema=False)
ADDRESS = "/reports/minutes"


@router.get(ADDRESS, name="labour_minutes")
def show(request: Request, viewer: Viewer, said: str | None = None) -> Response:
    place = 0 if speaker_for(request).locale is Locale.ZH else 1
    with house_of(request).sessions.read() as session:
        minutes = labour_minutes(session)
        stored = session.get(Setting, SETTING)
        steps: list[dict[str, Any]] = [
            {"id": step, "name": labour_steps()[step][place], "minutes": minutes[step], "assumed": assumed}
            for step, assumed in DEFAULT_MINUTES.items()
        ]
        return render(
            request,
            "labour_minutes.html",
            section="reports",
            steps=steps,
            most=MOST_MINUTES,
            changed_at=stored.changed_at if stored else None,
            changed_by=stored.changed_by if stored else None,
            said=said if said in {"minutes_kept", "minutes_wrong"} else None,
        )


@router.post(ADDRESS, name="set_labour_minutes")
async def change(request: Request, viewer: Viewer) -> Response:
    house = house_of(request)
    form = await request.form()
    try:
        with house.sessions.write() as session:
            changes = _changes(form, labour_minutes(session))
            if changes:
                set_minutes(session, changes, by=viewer.actor, now=house.clock.now())
    except ValueError:
        return RedirectResponse(f"{ADDRESS}?said=minutes_wrong", HTTPStatus.SEE_OTHER)
    return RedirectResponse(f"{ADDRESS}?said=minutes_kept", HTTPStatus.SEE_OTHER)


def _changes(form: FormData, minutes: dict[str, float]) -> dict[str, float]:
    """Only what differs: the record then says what was changed.

    Raises:
        ValueError: what was written is no number.
    """
    written = {step: float(str(form[step])) for step in DEFAULT_MINUTES if step in form}
    return {step: value for step, value in written.items() if value != minutes[step]}
