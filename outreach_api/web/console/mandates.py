"""A family member's mandate, given after a person's check and taken back: on the page of the conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from models.conversation import Conversation
from models.match import Match
from models.resident import Mandate, Phone, Resident
from outreach_api.conversations.granting import Checked, grant_checked, revoke_by_staff
from outreach_api.privacy.masking import mask_name, mask_phone
from outreach_api.residents.find import NoPhoneNumber
from outreach_api.web.access import Viewer
from outreach_api.web.house import House, house_of
from outreach_api.web.words import Speaker

router = APIRouter(include_in_schema=False)
SAID = frozenset({"said_phone_wrong"})


@dataclass(frozen=True)
class Held:
    """A mandate as the page shows it."""

    id: int
    name: str
    relation: str
    phone: str
    policy: str
    proof: str
    expires_at: datetime
    state: str
    """in_force, expired or revoked."""


def held(session: Session, resident: Resident, house: House, speaker: Speaker) -> list[Held]:
    """All that this resident ever gave, the newest first."""
    now = house.clock.now()
    rows = session.execute(
        select(Mandate, Phone.number)
        .join(Phone, Phone.id == Mandate.phone_id)
        .where(Mandate.resident_id == resident.id)
        .order_by(Mandate.id.desc())
    )
    return [
        Held(
            mandate.id,
            mask_name(mandate.holder["name"]) if mandate.holder.get("name") else "",
            mandate.relation,
            mask_phone(number),
            _policy(house, mandate.policy_id, speaker),
            mandate.proof.split(":")[0],
            mandate.expires_at,
            _state(mandate, now),
        )
        for mandate, number in rows
    ]


def _state(mandate: Mandate, now: datetime) -> str:
    if mandate.revoked_at is not None:
        return "revoked"
    return "in_force" if now < mandate.expires_at else "expired"


def _policy(house: House, policy_id: str, speaker: Speaker) -> str:
    card = house.cards.get(policy_id)
    return speaker.label(card.name) if card else policy_id


def offered(session: Session, resident: Resident, house: House, speaker: Speaker) -> list[tuple[str, str]]:
    """The policies a mandate may be given for: those the resident is matched to."""
    found = session.scalars(select(Match.policy_id).where(Match.resident_id == resident.id).order_by(Match.id))
    return [(policy_id, _policy(house, policy_id, speaker)) for policy_id in dict.fromkeys(found)]


@router.post("/conversations/{conversation_id}/mandates", name="grant_mandate")
def give(
    request: Request,
    viewer: Viewer,
    conversation_id: int,
    relation: Annotated[str, Form()],
    phone: Annotated[str, Form(min_length=1, max_length=32)],
    policy: Annotated[str, Form(max_length=64)],
    name: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Give a mandate: this person has checked that the resident wants it."""
    house = house_of(request)
    checked = Checked(policy, phone, relation, name)
    try:
        with house.sessions.write() as session:
            resident = _resident(session, conversation_id)
            grant_checked(session, resident.id, checked, staff_id=viewer.staff_id, now=house.clock.now())
    except NoPhoneNumber:
        return _back(conversation_id, "?said=said_phone_wrong")
    return _back(conversation_id)


@router.post("/conversations/{conversation_id}/mandates/{mandate_id}/revoke", name="revoke_mandate")
def take_back(request: Request, viewer: Viewer, conversation_id: int, mandate_id: int) -> Response:
    """Take it back, at once."""
    house = house_of(request)
    with house.sessions.write() as session:
        mandate = session.get(Mandate, mandate_id)
        if mandate is None or mandate.resident_id != _resident(session, conversation_id).id:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        revoke_by_staff(session, mandate, staff_id=viewer.staff_id, now=house.clock.now())
    return _back(conversation_id)


def _resident(session: Session, conversation_id: int) -> Resident:
    talk = session.get(Conversation, conversation_id)
    resident = session.get(Resident, talk.resident_id) if talk and talk.resident_id else None
    if resident is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return resident


def _back(conversation_id: int, said: str = "") -> Response:
    return RedirectResponse(f"/conversations/{conversation_id}{said}", HTTPStatus.SEE_OTHER)
