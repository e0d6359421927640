"""Answers that a person gave and that wait for a second one before the assistant uses them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from outreach_api.cases.policy_answers import FaqNotFound, SamePerson, proposed_faqs, review
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for

router = APIRouter(include_in_schema=False)
SAID = frozenset({"said_same_person"})


@router.get("/faqs", name="faqs")
def faqs(request: Request, viewer: Viewer, said: str | None = None) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        rows: list[dict[str, Any]] = [
            {"faq": faq, "policy": speaker.label(house.cards[faq.policy_id].name)}
            for faq in proposed_faqs(session)
            if faq.policy_id in house.cards
        ]
        return render(request, "faqs.html", section="faqs", rows=rows, said=said if said in SAID else None)


@router.post("/faqs/{faq_id}", name="review_faq")
def decide(request: Request, viewer: Viewer, faq_id: int, use: Annotated[bool, Form()]) -> Response:
    """Take it into use or refuse it."""
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            review(session, faq_id, use=use, by=viewer.actor, now=house.clock.now())
    except FaqNotFound as fault:
        raise HTTPException(HTTPStatus.NOT_FOUND, str(fault)) from fault
    except SamePerson:
        return RedirectResponse("/faqs?said=said_same_person", HTTPStatus.SEE_OTHER)
    return RedirectResponse("/faqs", HTTPStatus.SEE_OTHER)
