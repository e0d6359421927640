"""What a resident asks for about their data: asked for, seen to and explained on one page of theirs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from models.match import Match
from models.resident import Resident
from outreach_api.cases.work_case import FINISHED, CaseNotFound, find_case
from outreach_api.privacy.copy_of import CopyForm, ResidentCopy
from outreach_api.privacy.masking import shown_name
from outreach_api.privacy.notice import NOTICES, full_notice
from outreach_api.privacy.rights import CORRECTED, Right, RightRefused, ask_for, carry_out, right_of, wishes
from outreach_api.privacy.tombstones import keep_tombstones
from outreach_api.web.access import REVEALERS, Viewer
from outreach_api.web.console.reasons import reasons
from outreach_api.web.house import House, house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.public import LOOKS, keep_to_limit
from scheduler.rules.guardians import has_guardian

router = APIRouter(include_in_schema=False)
public = APIRouter(include_in_schema=False)
SAID = frozenset({"said_guardian_missing", "said_right_refused", "said_right_done", "said_right_asked"})
MEDIA = {CopyForm.HTML: "text/html", CopyForm.MARKDOWN: "text/markdown", CopyForm.JSON: "application/json"}


@public.get("/data-notice", name="data_notice")
def notice(request: Request) -> Response:
    """What residents are told of the use of their data; for everybody, without sign-in."""
    keep_to_limit(request, "data_notice", LOOKS)
    return render(request, "data_notice.html", parts=full_notice())


@router.get("/residents/{resident_id}/rights", name="resident_rights")
def rights(request: Request, viewer: Viewer, resident_id: int, said: str | None = None) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        resident = _find(session, resident_id)
        if resident.merged_into_id is not None:
            return RedirectResponse(f"/residents/{resident.merged_into_id}/rights", HTTPStatus.SEE_OTHER)
        asked = [(right_of(case), case) for case in wishes(session, resident_id)]
        matches = session.scalars(select(Match).where(Match.resident_id == resident_id).order_by(Match.id.desc()))
        return render(
            request,
            "rights.html",
            section="residents",
            resident=resident,
            name=shown_name(resident),
            guarded=_guarded(resident, house),
            waiting=[pair for pair in asked if pair[1].state not in FINISHED],
            done=[pair for pair in asked if pair[1].state in FINISHED],
            rights=list(Right),
            corrected=CORRECTED,
            forms=list(CopyForm),
            matches=[(one, reasons(one, speaker, shows_sensitive=viewer.role in REVEALERS)) for one in matches],
            policies={key: speaker.label(card.name) for key, card in house.cards.items()},
            notices=NOTICES,
            said=said if said in SAID else None,
        )


@router.post("/residents/{resident_id}/rights", name="ask_right")
def ask(
    request: Request,
    viewer: Viewer,
    resident_id: int,
    right: Annotated[Right, Form()],
    words: Annotated[str, Form(max_length=500)] = "",
    guardian: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Open the case. What holds at once, holds from now on."""
    house = house_of(request)
    with house.sessions.write() as session:
        resident = _find(session, resident_id)
        if _guarded(resident, house) and not guardian.strip():
            return _back(resident_id, "said_guardian_missing")
        now = house.clock.now()
        try:
            ask_for(session, resident_id, right, words=words, by=viewer.actor, now=now, guardian=guardian)
        except RightRefused:
            return _back(resident_id, "said_right_refused")
    return _back(resident_id, "said_right_asked")


@router.post("/residents/{resident_id}/rights/{case_id}", name="carry_out_right")
def do(
    request: Request,
    viewer: Viewer,
    resident_id: int,
    case_id: int,
    form: Annotated[CopyForm, Form()] = CopyForm.HTML,
    name: Annotated[str, Form(max_length=60)] = "",
    address: Annotated[str, Form(max_length=200)] = "",
    street: Annotated[str, Form(max_length=64)] = "",
    community: Annotated[str, Form(max_length=64)] = "",
    sure: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Do what the case asks for and settle it; of a copy the file is the answer. Deletion wants a tick beside it."""
    house = house_of(request)
    given = {"name": name, "address": address, "street": street, "community": community}
    try:
        with house.sessions.write() as session:
            case = find_case(session, case_id)
            if case.resident_id != resident_id or (right_of(case) is Right.ERASURE and not sure):
                return _back(resident_id, "said_right_refused")
            corrections = {key: value for key, value in given.items() if value.strip()}
            now = house.clock.now()
            made = carry_out(session, case_id, by=viewer.actor, now=now, corrections=corrections)
    except (RightRefused, CaseNotFound):
        return _back(resident_id, "said_right_refused")
    keep_tombstones(house.sessions, house.settings.tombstones, now=now)
    return _file(made, form, case_id) if made is not None else _back(resident_id, "said_right_done")


def _file(made: ResidentCopy, form: CopyForm, case_id: int) -> Response:
    headers = {"content-disposition": f'attachment; filename="copy-{case_id}.{form.value}"'}
    return Response(made.written(form), media_type=f"{MEDIA[form]}; charset=utf-8", headers=headers)


def _guarded(resident: Resident, house: House) -> bool:
    return has_guardian(resident.birth_date, on=house.clock.now().astimezone(house.settings.zone).date())


def _find(session: Session, resident_id: int) -> Resident:
    found = session.get(Resident, resident_id)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found


def _back(resident_id: int, said: str) -> Response:
    return RedirectResponse(f"/residents/{resident_id}/rights?said={said}", HTTPStatus.SEE_OTHER)
