"""A conversation as staff read it: names and numbers masked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BeforeValidator
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from models.conversation import Conversation, Message
from models.enterprise import Enterprise
from models.resident import Phone, Resident
from models.staff import Staff
from models.vocabulary import Audience, Author, Channel, TalkFlag
from outreach_api.conversations.granting import RELATIONS
from outreach_api.conversations.marks import LONGEST_NOTE, SCORES, MarkRefused, add_mark, marks_of, settle_mark
from outreach_api.conversations.takeover import (
    InOtherHands,
    MayNotWrite,
    hand_back,
    take_over,
    tell_the_page,
)
from outreach_api.privacy.masking import mask_phone, mask_text, shown_name
from outreach_api.voice.by_staff import answer_as_staff, running_call
from outreach_api.web.access import CONVERSATION_WORKERS, Viewer
from outreach_api.web.console.mandates import SAID as SAID_OF_MANDATES
from outreach_api.web.console.mandates import held, offered
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for

router = APIRouter(include_in_schema=False)
LONGEST_WORDS = 500
SAID = frozenset({"said_other_hands", "said_not_sent", "said_mark_empty"}) | SAID_OF_MANDATES


@dataclass(frozen=True)
class Judgement:
    """A mark as the page shows it."""

    id: int
    at: datetime
    who: str
    flag: TalkFlag | None
    score: int | None
    note: str | None
    stands: bool


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
def conversation(request: Request, viewer: Viewer, conversation_id: int, said: str | None = None) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        found = session.get(Conversation, conversation_id)
        if found is None:
            raise HTTPException(404)
        resident = session.get(Resident, found.resident_id) if found.resident_id else None
        phone = session.get_one(Phone, found.phone_id)
        context: dict[str, Any] = {
            "conversation": found,
            "lines": transcript(session, found.id),
            "name": shown_name(resident) if resident else None,
            "phone": mask_phone(phone.number),
            "works": viewer.role in CONVERSATION_WORKERS,
            "is_mine": found.taken_over_by == viewer.staff_id,
            "said": said if said in SAID else None,
            "mandates": held(session, resident, house, speaker) if resident else [],
            "policies": offered(session, resident, house, speaker) if resident else [],
            "relations": RELATIONS,
            "on_the_phone": running_call(session, found, now=house.clock.now()) is not None,
            "marks": _judgements(session, found.id, names_to_mask(session, resident) if resident else []),
            "flags": speaker.options(TalkFlag),
            "scores": SCORES,
        }
        return render(request, "conversation.html", section="conversations", **context)


@router.get("/conversations/{conversation_id}/lines", name="conversation_lines")
def lines(request: Request, viewer: Viewer, conversation_id: int) -> Response:
    """What was said, for the page to put in place when it changed."""
    with house_of(request).sessions.read() as session:
        if session.get(Conversation, conversation_id) is None:
            raise HTTPException(404)
        return render(request, "components/lines.html", lines=transcript(session, conversation_id))


@router.post("/conversations/{conversation_id}/mark", name="mark_conversation")
def mark(
    request: Request,
    viewer: Viewer,
    conversation_id: int,
    flag: Annotated[TalkFlag | None, Form(), BeforeValidator(lambda value: value or None)] = None,
    score: Annotated[int | None, Form(), BeforeValidator(lambda value: value or None)] = None,
    note: Annotated[str, Form(max_length=LONGEST_NOTE)] = "",
) -> Response:
    """Flag it, score it, or say something about it."""

    def judge(session: Session, talk: Conversation) -> None:
        now = house_of(request).clock.now()
        add_mark(session, talk.id, viewer.staff_id, flag=flag, score=score, note=note, now=now)

    return _act(request, conversation_id, judge)


@router.post("/conversations/{conversation_id}/marks/{mark_id}/settle", name="settle_mark")
def settle(request: Request, viewer: Viewer, conversation_id: int, mark_id: int) -> Response:
    """Somebody has seen to it."""

    def see_to_it(session: Session, talk: Conversation) -> None:
        settle_mark(session, talk.id, mark_id, viewer.staff_id, now=house_of(request).clock.now())

    return _act(request, conversation_id, see_to_it)


@router.post("/conversations/{conversation_id}/take-over", name="take_over")
def take(request: Request, viewer: Viewer, conversation_id: int) -> Response:
    """Take it over: the assistant keeps quiet."""

    def take_and_say_so(session: Session, talk: Conversation) -> None:
        if talk.taken_over_by is None:
            tell_the_page(session, talk, "chat_staff_here", now=house_of(request).clock.now())
        take_over(session, talk, viewer.staff_id)

    return _act(request, conversation_id, take_and_say_so)


@router.post("/conversations/{conversation_id}/hand-back", name="give_back")
def give_back(request: Request, viewer: Viewer, conversation_id: int) -> Response:
    """Hand it back to the assistant."""

    def give_back_and_say_so(session: Session, talk: Conversation) -> None:
        hand_back(session, talk, viewer.staff_id)
        tell_the_page(session, talk, "chat_staff_left", now=house_of(request).clock.now())

    return _act(request, conversation_id, give_back_and_say_so)


@router.post("/conversations/{conversation_id}/write", name="write")
def write(
    request: Request,
    viewer: Viewer,
    conversation_id: int,
    words: Annotated[str, Form(min_length=1, max_length=LONGEST_WORDS)],
) -> Response:
    """Write in one's own words; that takes the conversation over."""

    def write_in_own_words(session: Session, talk: Conversation) -> None:
        now = house_of(request).clock.now()
        if talk.taken_over_by is None:
            tell_the_page(session, talk, "chat_staff_here", now=now)
        take_over(session, talk, viewer.staff_id)
        answer_as_staff(session, talk, viewer.staff_id, words.strip(), now=now)

    return _act(request, conversation_id, write_in_own_words)


def _act(request: Request, conversation_id: int, act: Callable[[Session, Conversation], None]) -> Response:
    said = ""
    try:
        with house_of(request).sessions.write() as session:
            talk = session.get(Conversation, conversation_id)
            if talk is None:
                raise HTTPException(404)
            act(session, talk)
    except (InOtherHands, StaleDataError):
        said = "?said=said_other_hands"
    except MayNotWrite:
        said = "?said=said_not_sent"
    except MarkRefused:
        said = "?said=said_mark_empty"
    return RedirectResponse(f"/conversations/{conversation_id}{said}", HTTPStatus.SEE_OTHER)


def _judgements(session: Session, conversation_id: int, names: list[str]) -> list[Judgement]:
    found = marks_of(session, conversation_id)
    ids = {one.by for one in found}
    who = dict(session.execute(select(Staff.id, Staff.display_name).where(Staff.id.in_(ids))).all())
    return [
        Judgement(
            id=one.id,
            at=one.at,
            who=who.get(one.by, ""),
            flag=one.flag,
            score=one.score,
            note=mask_text(one.note, names=names) if one.note else None,
            stands=one.settled_at is None,
        )
        for one in found
    ]


def transcript(session: Session, conversation_id: int, subject: int | None = None) -> list[Line]:
    """The lines of a conversation, masked; `subject` is the message that a case is about."""
    found = session.get_one(Conversation, conversation_id)
    resident = session.get(Resident, found.resident_id) if found.resident_id else None
    names = names_to_mask(session, resident) if resident else []
    return [_line(message, names, subject) for message in found.messages]


def names_to_mask(session: Session, resident: Resident) -> list[str]:
    """Of a firm its clerk's: its own is published."""
    if resident.audience is not Audience.ENTERPRISE:
        return [resident.name]
    return [clerk] if (clerk := session.get_one(Enterprise, resident.id).clerk) else []


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
