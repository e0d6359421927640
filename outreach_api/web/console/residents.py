"""Residents: found by what they are known by, one page with everything, and why they were contacted or not."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from models.resident import Resident
from models.staff import Staff
from outreach_api.privacy.masking import mask_phone, mask_text, shown_name
from outreach_api.privacy.reveal import SHOWN_FOR, Detail, NothingOpen, RevealRefused, TooManyReveals, reveal
from outreach_api.residents.dossier import dossier
from outreach_api.residents.find import find_residents
from outreach_api.residents.keeping import Keeping, KeepingRefused, keep
from outreach_api.residents.merging import MergeRefused, SecondLook, look_again, merge_residents
from outreach_api.residents.why_seen import why_seen
from outreach_api.web.access import RESIDENT_KEEPERS, REVEALERS, TRANSCRIPT_READERS, Viewer
from outreach_api.web.console.case_page import person_shown
from outreach_api.web.console.mandates import held
from outreach_api.web.console.reasons import reasons
from outreach_api.web.console.transcript import names_to_mask
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.why_words import what_in_words

router = APIRouter(include_in_schema=False)
LONGEST_SEARCH = 60
REVEAL_SAID = frozenset({"said_purpose_missing", "said_nothing_open", "said_too_many_looks"})
SAID = REVEAL_SAID | {"said_why_missing", "said_not_possible", "said_merged", "said_not_merged"}
MOST_ID = 2**63 - 1
MOST_FACTS = 200


@router.get("/residents", name="residents")
def residents(request: Request, viewer: Viewer) -> Response:
    return render(request, "residents.html", section="residents", found=None)


@router.post("/residents/search", name="search_residents")
def search(
    request: Request, viewer: Viewer, known_by: Annotated[str, Form(max_length=LONGEST_SEARCH)] = ""
) -> Response:
    """Sent as a form: nothing about a person stands in an address. On the record."""
    house = house_of(request)
    with house.sessions.write() as session:
        found = find_residents(session, known_by, by=viewer.actor, now=house.clock.now())
        rows = [
            {
                "id": one.id,
                "name": shown_name(one),
                "phone": mask_phone(one.phones[0].phone.number) if one.phones else "",
                "street": one.street,
                "community": one.community,
                "born": one.birth_date.year if one.birth_date else None,
            }
            for one in found
        ]
    return render(request, "residents.html", section="residents", found=rows)


@router.get("/residents/{resident_id}", name="resident")
def resident(request: Request, viewer: Viewer, resident_id: int, said: str | None = None) -> Response:
    with house_of(request).sessions.read() as session:
        stands = _find(session, resident_id).merged_into_id
    if stands is not None:
        return _back(stands)
    return _page(request, viewer, resident_id, said=said if said in SAID else None, revealed=None)


@router.post("/residents/{resident_id}/reveal", name="reveal_resident")
def show_in_full(
    request: Request,
    viewer: Viewer,
    resident_id: int,
    detail: Annotated[Detail, Form()],
    purpose: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Show one detail once, on the record."""
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            _find(session, resident_id)
            now = house.clock.now()
            shown = reveal(session, resident_id, detail, actor=viewer.actor, purpose=purpose, now=now)
    except NothingOpen:
        return _back(resident_id, "said_nothing_open")
    except TooManyReveals:
        return _back(resident_id, "said_too_many_looks")
    except RevealRefused:
        return _back(resident_id, "said_purpose_missing")
    return _page(request, viewer, resident_id, said=None, revealed=(detail, shown, SHOWN_FOR.seconds))


@router.post("/residents/{resident_id}/keep/{what}", name="keep_resident")
def change(
    request: Request,
    viewer: Viewer,
    resident_id: int,
    what: Keeping,
    about: Annotated[int, Form()] = 0,
    because: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Quarantine a phone, release a stop, take a consent back: with the reason."""
    house = house_of(request)
    if not because.strip():
        return _back(resident_id, "said_why_missing")
    try:
        with house.sessions.write() as session:
            keep(session, resident_id, what, about, because=because, by=viewer.actor, now=house.clock.now())
    except KeepingRefused:
        return _back(resident_id, "said_not_possible")
    return _back(resident_id)


@router.get("/residents/{resident_id}/merge", name="look_at_merge")
def look_at_merge(
    request: Request, viewer: Viewer, resident_id: int, other: Annotated[int, Query(ge=1, le=MOST_ID)]
) -> Response:
    """Both records side by side, and what would change hands. Nothing holds before it is looked at."""
    house = house_of(request)
    with house.sessions.read() as session:
        pair = [_find(session, resident_id), _find(session, other)]
        try:
            look: SecondLook | None = look_again(session, resident_id, other)
        except MergeRefused:
            look = None
        policies = {key: speaker_for(request).label(card.name) for key, card in house.cards.items()}
        people = [
            {
                "shown": person_shown(session, one, house),
                "row": one,
                "all": dossier(session, one),
                "phones": [mask_phone(link.phone.number) for link in one.phones],
            }
            for one in pair
        ]
        context: dict[str, Any] = {"people": people, "look": look, "policies": policies}
        return render(request, "merge.html", section="residents", **context)


@router.post("/residents/{resident_id}/merge", name="merge_resident")
def merge_resident(
    request: Request,
    viewer: Viewer,
    resident_id: int,
    other: Annotated[int, Form(ge=1, le=MOST_ID)],
    seen: Annotated[str, Form(max_length=64)] = "",
    because: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Let this record stand for the other too, as it was looked at."""
    house = house_of(request)
    if not because.strip():
        return _back(resident_id, "said_why_missing")
    try:
        with house.sessions.write() as session:
            merge_residents(
                session, resident_id, other, seen=seen, because=because, by=viewer.actor, now=house.clock.now(),
                zone=house.settings.zone,
            )  # fmt: skip
    except MergeRefused:
        return _back(resident_id, "said_not_merged")
    return _back(resident_id, "said_merged")


def _page(request: Request, viewer: Viewer, resident_id: int, **more: Any) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        found = _find(session, resident_id)
        all_of_it = dossier(session, found)
        names = names_to_mask(session, found)
        facts = why_seen(session, found.id, house.clock.now(), house.settings.zone)[-MOST_FACTS:]
        policies = {key: speaker.label(card.name) for key, card in house.cards.items()}
        context: dict[str, Any] = {
            "person": person_shown(session, found, house),
            "all": all_of_it,
            "phones": [(link, mask_phone(link.phone.number)) for link in all_of_it.phones],
            "policies": policies,
            "matches": [
                (match, reasons(match, speaker, shows_sensitive=viewer.role in REVEALERS))
                for match in all_of_it.matches
            ],
            "consents": [(one, mask_text(one.text, names=names)) for one in all_of_it.consents],
            "mandates": held(session, found, house, speaker),
            "facts": [(why.at, what_in_words(why, speaker, policies)) for why in reversed(facts)],
            "details": list(Detail) if viewer.role in REVEALERS else [],
            "keeps": viewer.role in RESIDENT_KEEPERS,
            "reads_talks": viewer.role in TRANSCRIPT_READERS,
            "merged": session.scalars(select(Resident.id).where(Resident.merged_into_id == found.id)).all(),
            "staff": _holders(session, [case.staff_id for case in all_of_it.cases]),
        }
        return render(request, "resident.html", section="residents", **context, **more)


def _holders(session: Session, ids: list[int | None]) -> dict[int, str]:
    known = {one for one in ids if one}
    return dict(session.execute(select(Staff.id, Staff.display_name).where(Staff.id.in_(known))).all())


def _find(session: Session, resident_id: int) -> Resident:
    found = session.get(Resident, resident_id)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found


def _back(resident_id: int, said: str | None = None) -> Response:
    return RedirectResponse(f"/residents/{resident_id}" + (f"?said={said}" if said else ""), HTTPStatus.SEE_OTHER)
