"""Conversations: read them masked, take one over, answer as a person, hand it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from models.conversation import Conversation
from models.resident import Phone, Resident
from models.vocabulary import Author, Channel, ConversationOutcome, Stage, TalkFlag
from outreach_api.conversations.marks import LONGEST_NOTE, SCORES, add_mark, marks_of, settle_mark
from outreach_api.conversations.takeover import hand_back, take_over, tell_the_page
from outreach_api.conversations.talk_list import Among, Wanted, conditions, find_talks
from outreach_api.conversations.words_said import LONGEST_SEARCH, SHORTEST_SEARCH
from outreach_api.privacy.masking import mask_phone
from outreach_api.voice.by_staff import answer_as_staff
from outreach_api.web.api.callers import AnyCaller, person_of
from outreach_api.web.api.forms import MOST_ID, NO_NUL, Body, Id
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.api.people import MaskedResident, masked
from outreach_api.web.api.refusals import NoSuchThing
from outreach_api.web.console.transcript import LONGEST_WORDS, transcript
from outreach_api.web.house import house_of

router = APIRouter(prefix="/api/v1/conversations", tags=["conversations"], route_class=OnceRoute)


class ConversationItem(BaseModel):
    id: int
    resident: MaskedResident | None = Field(description="Null: the number belongs to nobody we know.")
    phone: str = Field(description="Masked.", examples=["138****1234"])
    stage: Stage
    outcome: ConversationOutcome
    taken_over_by: int | None = Field(description="The member of staff who has it; null: the assistant answers.")
    started_at: datetime
    last_at: datetime


class TranscriptLine(BaseModel):
    at: datetime
    author: Author
    channel: Channel
    text: str = Field(description="Names and long numbers masked.")
    intent: str | None = Field(description="How the assistant understood it.", examples=["ask_documents"])
    confidence: float
    exact: str | None = Field(description="The keyword it was, where it was one.")


class ConversationInFull(ConversationItem):
    lines: list[TranscriptLine]


class Reply(Body):
    words: str = Field(min_length=1, max_length=LONGEST_WORDS, pattern=NO_NUL, examples=["您好，我是社区的小李。"])


class Judgement(Body):
    """At least one of them."""

    flag: TalkFlag | None = None
    score: int | None = Field(None, ge=SCORES[0], le=SCORES[-1])
    note: str = Field("", max_length=LONGEST_NOTE, pattern=NO_NUL)


class MarkItem(BaseModel):
    id: int
    at: datetime
    by: int
    flag: TalkFlag | None
    score: int | None
    settled_at: datetime | None


class Marks(BaseModel):
    items: list[MarkItem]


class WordsAsked(Body):
    words: str = Field(min_length=SHORTEST_SEARCH, max_length=LONGEST_SEARCH, pattern=NO_NUL, examples=["带身份证"])
    after: str | None = Field(None, max_length=200, description="`next` of the page before.")


class FoundByWords(BaseModel):
    id: int
    name: str | None = Field(description="Masked.")
    phone: str = Field(description="Masked.")
    outcome: ConversationOutcome
    last_at: datetime
    snippet: str = Field(description="How its last line begins; masked.")
    author: Author | None
    channel: Channel | None
    in_hands_of: str | None = Field(description="Who has it; null: the assistant.")
    is_on_the_phone: bool
    flags: list[TalkFlag] = Field(description="Those nobody has seen to.")


@router.get("")
def list_conversations(
    request: Request,
    caller: AnyCaller,
    outcome: ConversationOutcome | None = None,
    among: Annotated[Among, Query(description="`mine`: of whom the token acts for.")] = Among.ALL,
    resident: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None,
    taken_over: Annotated[bool | None, Query(description="Whether a person has it.")] = None,
    mine: bool = False,  # noqa: FBT001, FBT002 - a filter of the address
    limit: Limit = 100,
    after: Cursor = None,
) -> Page[ConversationItem]:
    """Conversations, the one spoken in last first."""
    query = select(Conversation).order_by(Conversation.last_at.desc(), Conversation.id.desc()).limit(limit + 1)
    house = house_of(request)
    query = query.where(*conditions(Wanted(among, outcome), caller.staff_id or 0, house.clock.now()))
    if resident is not None:
        query = query.where(Conversation.resident_id == resident)
    if taken_over is not None:
        held = Conversation.taken_over_by
        query = query.where(held.is_not(None) if taken_over else held.is_(None))
    if mine:
        query = query.where(Conversation.taken_over_by == (caller.staff_id or 0))
    mark = read_cursor(after, datetime, int)
    if mark is not None:
        query = query.where(tuple_(Conversation.last_at, Conversation.id) < mark)
    with house.sessions.read() as session:
        shown, more = cut(session.scalars(query).all(), limit)
        last = shown[-1] if more else None
        items = [_item(session, talk) for talk in shown]
        return Page(items=items, next=cursor(last.last_at, last.id) if last else None)


@router.post("/search")
def search_words_said(request: Request, _caller: AnyCaller, asked: WordsAsked) -> Page[FoundByWords]:
    """Where residents or staff said these words, as they stand masked; the newest begun first.

    A POST, so that what is looked for stands in no address. After a bounded number of looks it comes back with what it
    has: a page may be short, even empty, and have a `next`.
    """
    house = house_of(request)
    mark = read_cursor(asked.after, int)
    with house.sessions.read() as session:
        page = find_talks(session, asked.words, before=mark[0] if mark else None, now=house.clock.now())
    items = [FoundByWords.model_validate(row, from_attributes=True) for row in page.rows]
    return Page(items=items, next=cursor(int(page.next_after)) if page.next_after else None)


@router.get("/{conversation_id}")
def read_conversation(request: Request, _caller: AnyCaller, conversation_id: Id) -> ConversationInFull:
    """A conversation with its transcript."""
    with house_of(request).sessions.read() as session:
        return _in_full(session, _found(session, conversation_id))


@router.post("/{conversation_id}/take-over", dependencies=[ONCE])
def take_over_conversation(request: Request, caller: AnyCaller, conversation_id: Id) -> ConversationInFull:
    """Take it over: the assistant keeps quiet until it is handed back. 409 when a colleague has it."""
    staff_id = person_of(caller)

    def act(session: Session, talk: Conversation, now: datetime) -> None:
        _take(session, talk, staff_id, now)

    return _changed(request, conversation_id, act)


@router.post("/{conversation_id}/replies", dependencies=[ONCE])
def reply_to_conversation(request: Request, caller: AnyCaller, conversation_id: Id, reply: Reply) -> ConversationInFull:
    """Write in one's own words; that takes the conversation over. In a call that goes on they are said.

    409 where a stop stands.
    """
    staff_id = person_of(caller)

    def act(session: Session, talk: Conversation, now: datetime) -> None:
        _take(session, talk, staff_id, now)
        answer_as_staff(session, talk, staff_id, reply.words.strip() or reply.words, now=now)

    return _changed(request, conversation_id, act)


@router.post("/{conversation_id}/hand-back", dependencies=[ONCE])
def hand_back_conversation(request: Request, caller: AnyCaller, conversation_id: Id) -> ConversationInFull:
    """Hand it back: the assistant goes on from where the conversation stands."""
    staff_id = person_of(caller)

    def act(session: Session, talk: Conversation, now: datetime) -> None:
        hand_back(session, talk, staff_id)
        tell_the_page(session, talk, "chat_staff_left", now=now)

    return _changed(request, conversation_id, act)


@router.post("/{conversation_id}/marks", dependencies=[ONCE])
def judge_conversation(request: Request, caller: AnyCaller, conversation_id: Id, asked: Judgement) -> Marks:
    """Flag it, score it, or say something about it."""
    house, staff_id = house_of(request), person_of(caller)
    with house.sessions.write() as session:
        _found(session, conversation_id)
        now = house.clock.now()
        add_mark(session, conversation_id, staff_id, flag=asked.flag, score=asked.score, note=asked.note, now=now)
        return _marks(session, conversation_id)


@router.post("/{conversation_id}/marks/{mark_id}/settle", dependencies=[ONCE])
def settle_judgement(request: Request, caller: AnyCaller, conversation_id: Id, mark_id: Id) -> Marks:
    """Somebody has seen to it."""
    house, staff_id = house_of(request), person_of(caller)
    with house.sessions.write() as session:
        _found(session, conversation_id)
        settle_mark(session, conversation_id, mark_id, staff_id, now=house.clock.now())
        return _marks(session, conversation_id)


def _marks(session: Session, conversation_id: int) -> Marks:
    found = marks_of(session, conversation_id)
    return Marks(items=[MarkItem.model_validate(mark, from_attributes=True) for mark in found])


def _take(session: Session, talk: Conversation, staff_id: int, now: datetime) -> None:
    if talk.taken_over_by is None:
        tell_the_page(session, talk, "chat_staff_here", now=now)
    take_over(session, talk, staff_id)


def _changed(
    request: Request, conversation_id: int, act: Callable[[Session, Conversation, datetime], None]
) -> ConversationInFull:
    house = house_of(request)
    with house.sessions.write() as session:
        talk = _found(session, conversation_id)
        act(session, talk, house.clock.now())
        session.flush()
        session.refresh(talk, ["messages"])
        return _in_full(session, talk)


def _found(session: Session, conversation_id: int) -> Conversation:
    talk = session.get(Conversation, conversation_id)
    if talk is None:
        raise NoSuchThing(f"there is no conversation {conversation_id}")
    return talk


def _item(session: Session, talk: Conversation) -> ConversationItem:
    resident = session.get(Resident, talk.resident_id) if talk.resident_id else None
    return ConversationItem(
        id=talk.id,
        resident=masked(resident),
        phone=mask_phone(session.get_one(Phone, talk.phone_id).number),
        stage=talk.stage,
        outcome=talk.outcome,
        taken_over_by=talk.taken_over_by,
        started_at=talk.started_at,
        last_at=talk.last_at,
    )


def _in_full(session: Session, talk: Conversation) -> ConversationInFull:
    lines = [TranscriptLine.model_validate(line, from_attributes=True) for line in transcript(session, talk.id)]
    return ConversationInFull(**_item(session, talk).model_dump(), lines=lines)
