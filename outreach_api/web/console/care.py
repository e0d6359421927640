"""The care list on the console: who is on it, masked; handing it over; what was found."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from models.care import CareEntry
from models.vocabulary import CareFound, Role
from outreach_api.care.care_list import (
    HandOverRefused,
    NotOnTheList,
    Wanted,
    care_list,
    follow_up,
    hand_over,
    shown_to,
)
from outreach_api.privacy.reveal import LONGEST_PURPOSE
from outreach_api.privacy.undertakings import NotUndertaken
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.words import Locale

router = APIRouter(include_in_schema=False)
SAID = frozenset({"care_not_undertaken", "care_kept", "care_gone", "care_purpose_missing"})
LONGEST_NOTE = 400


class Part(BaseModel):
    """Which part of the list; the empty values of a form are none."""

    model_config = ConfigDict(extra="ignore")

    street: str = ""
    community: str = ""
    all: bool = False

    def wanted(self, role: Role) -> Wanted:
        return Wanted(self.street or None, self.community or None, shown_to(role), open_only=not self.all)


@router.get("/care", name="care")
def care(request: Request, viewer: Viewer, part: Annotated[Part, Query()], said: str | None = None) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        places = session.execute(select(CareEntry.street, CareEntry.community).distinct()).all()
        return render(
            request,
            "care.html",
            section="care",
            people=care_list(session, part.wanted(viewer.role)),
            part=part,
            streets=[(street, street) for street in sorted({one for one, _ in places if one})],
            communities=[(community, community) for community in sorted({one for _, one in places if one})],
            outcomes=speaker.options(CareFound),
            said=said if said in SAID else None,
        )


@router.post("/care/hand-over", name="care_hand_over")
def hand(
    request: Request,
    viewer: Viewer,
    street: Annotated[str, Form(max_length=64)] = "",
    community: Annotated[str, Form(max_length=64)] = "",
    purpose: Annotated[str, Form(max_length=LONGEST_PURPOSE)] = "",
) -> Response:
    """The list of a street or community in full, as a file; who took it and what for is on the record."""
    house = house_of(request)
    part, zh = Part(street=street, community=community), speaker_for(request).locale is Locale.ZH
    try:
        with house.sessions.write() as session:
            wanted, now = part.wanted(viewer.role), house.clock.now()
            text = hand_over(session, wanted, purpose=purpose, by=viewer.actor, now=now, zh=zh)
    except NotUndertaken:
        return _back(said="care_not_undertaken")
    except HandOverRefused:
        return _back(said="care_purpose_missing")
    headers = {"content-disposition": 'attachment; filename="care-list.csv"', "cache-control": "no-store"}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/care/{entry_id}", name="care_follow_up")
def followed_up(
    request: Request,
    viewer: Viewer,
    entry_id: int,
    found: Annotated[CareFound, Form()],
    note: Annotated[str, Form(max_length=LONGEST_NOTE)] = "",
) -> Response:
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            follow_up(session, entry_id, found, note=note.strip() or None, by=viewer.actor, now=house.clock.now())
    except NotOnTheList:
        return _back(said="care_gone")
    return _back(said="care_kept")


def _back(*, said: str) -> Response:
    return RedirectResponse(f"/care?said={said}", HTTPStatus.SEE_OTHER)
