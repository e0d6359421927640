"""A conversation as staff read it: names and numbers masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from models.conversation import Conversation, Message
from models.resident import Phone, Resident
from models.vocabulary import Author, Channel
from outreach_api.privacy.masking import mask_name, mask_phone, mask_text
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import render

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Line:
    at: datetime
    author: Author
    channel: Channel
    text: str
    intent: str | None
    confidence: float
    exact: str | None
    is_subject: bool
    """Whether the case was opened on this line."""


@router.get("/conversations/{conversation_id}", name="conversation")
def conversation(request: Request, viewer: Viewer, conversation_id: int) -> Response:
    with house_of(request).sessions.read() as session:
        found = session.get(Conversation, conversation_id)
        if found is None:
            raise HTTPException(404)
        resident = session.get(Resident, found.resident_id) if found.resident_id else None
        phone = session.get_one(Phone, found.phone_id)
        context: dict[str, Any] = {
            "conversation": found,
            "lines": transcript(session, found.id),
            "name": mask_name(resident.name) if resident else None,
            "phone": mask_phone(phone.number),
        }
        return render(request, "conversation.html", section="cases", **context)


def transcript(session: Session, conversation_id: int, subject: int | None = None) -> list[Line]:
    """The lines of a conversation, masked; `subject` is the message that a case is about."""
    found = session.get_one(Conversation, conversation_id)
    resident = session.get(Resident, found.resident_id) if found.resident_id else None
    names = [resident.name] if resident else []
    return [_line(message, names, subject) for message in found.messages]


def _line(message: Message, names: list[str], subject: int | None) -> Line:
    reading = message.reading or {}
    best = next(iter(reading.get("ranking") or ()), None)
    return Line(
        at=message.at,
        author=message.author,
        channel=message.channel,
        text=mask_text(message.text, names=names),
        intent=best["intent"] if best else None,
        confidence=best["confidence"] if best else 0.0,
        exact=reading.get("exact"),
        is_subject=message.id == subject,
    )
