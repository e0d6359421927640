"""Conversations as a list, the last spoken in first: a page at a time, masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from models.call import Call
from models.conversation import Conversation, Message
from models.enterprise import Enterprise
from models.resident import Phone, Resident
from models.review import TalkMark
from models.staff import Staff
from models.vocabulary import Audience, Author, Channel, ConversationOutcome, TalkFlag
from outreach_api.conversations.words_said import find_by_words
from outreach_api.privacy.masking import mask_phone, mask_text, shown_name
from outreach_api.voice.by_staff import LONGEST_CALL

PAGE_ROWS = 30
LONGEST_SNIPPET = 80


class Among(StrEnum):
    """Which conversations are looked at."""

    ALL = "all"
    IN_HANDS = "in_hands"
    MINE = "mine"
    ON_THE_PHONE = "on_the_phone"
    FLAGGED = "flagged"


@dataclass(frozen=True)
class Wanted:
    among: Among = Among.ALL
    outcome: ConversationOutcome | None = None
    after: str | None = None
    """Cursor: behind which row the page begins."""


@dataclass(frozen=True)
class TalkRow:
    """A conversation as the list shows it; all of it masked."""

    id: int
    name: str | None
    phone: str
    outcome: ConversationOutcome
    last_at: datetime
    snippet: str
    author: Author | None
    channel: Channel | None
    in_hands_of: str | None
    is_on_the_phone: bool
    flags: tuple[TalkFlag, ...]


@dataclass(frozen=True)
class TalkPage:
    rows: list[TalkRow]
    next_after: str | None


def list_talks(session: Session, wanted: Wanted, staff_id: int, *, now: datetime) -> TalkPage:
    """A page of conversations; the next begins behind the last row seen, whatever came in since."""
    query = select(Conversation).where(*conditions(wanted, staff_id, now))
    mark = _read_cursor(wanted.after)
    if mark is not None:
        query = query.where(tuple_(Conversation.last_at, Conversation.id) < mark)
    query = query.order_by(Conversation.last_at.desc(), Conversation.id.desc())
    found = session.scalars(query.limit(PAGE_ROWS + 1)).all()
    shown = found[:PAGE_ROWS]
    more = len(found) > PAGE_ROWS
    return TalkPage(_rows(session, shown, now), _cursor(shown[-1]) if more else None)


def find_talks(session: Session, words: str, *, before: int | None, now: datetime) -> TalkPage:
    """A page of the conversations in which residents or staff said these words, the newest begun first."""
    found = find_by_words(session, words, before=before, limit=PAGE_ROWS)
    talks = {talk.id: talk for talk in session.scalars(select(Conversation).where(_is_one_of(found.conversation_ids)))}
    ordered = [talks[key] for key in found.conversation_ids]
    return TalkPage(_rows(session, ordered, now), str(found.next_before) if found.next_before else None)


def _is_one_of(ids: Sequence[int]) -> ColumnElement[bool]:
    return Conversation.id.in_(ids)


def conditions(wanted: Wanted, staff_id: int, now: datetime) -> list[ColumnElement[bool]]:
    """What has to hold of a conversation to be among those."""
    conditions: list[ColumnElement[bool]] = []
    match wanted.among:
        case Among.IN_HANDS:
            conditions.append(Conversation.taken_over_by.is_not(None))
        case Among.MINE:
            conditions.append(Conversation.taken_over_by == staff_id)
        case Among.ON_THE_PHONE:
            conditions.append(Conversation.phone_id.in_(_phones_on_the_line(session_now=now)))
        case Among.FLAGGED:
            standing = select(TalkMark.conversation_id).where(TalkMark.settled_at.is_(None))
            conditions.append(Conversation.id.in_(standing))
    if wanted.outcome is not None:
        conditions.append(Conversation.outcome == wanted.outcome)
    return conditions


def _phones_on_the_line(*, session_now: datetime) -> ColumnElement[int]:
    running = select(Call.number_index).where(Call.ended_at.is_(None), Call.started_at > session_now - LONGEST_CALL)
    return select(Phone.id).where(Phone.number_index.in_(running))  # type: ignore[return-value]


def _rows(session: Session, talks: Sequence[Conversation], now: datetime) -> list[TalkRow]:
    ids = [talk.id for talk in talks]
    residents = _residents(session, talks)
    clerks = _clerks(session, residents)
    phones = _by_id(session, select(Phone.id, Phone.number).where(Phone.id.in_({talk.phone_id for talk in talks})))
    hands = {talk.taken_over_by for talk in talks if talk.taken_over_by}
    staff = _by_id(session, select(Staff.id, Staff.display_name).where(Staff.id.in_(hands)))
    last = _last_lines(session, ids)
    flags = _flags(session, ids)
    waiting = select(Phone.id).where(Phone.id.in_(phones), Phone.id.in_(_phones_on_the_line(session_now=now)))
    on_the_line = set(session.scalars(waiting))
    return [
        TalkRow(
            id=talk.id,
            name=shown_name(resident) if (resident := residents.get(talk.resident_id or 0)) else None,
            phone=mask_phone(phones[talk.phone_id]),
            outcome=talk.outcome,
            last_at=talk.last_at,
            snippet=_snippet(last.get(talk.id), resident, clerks),
            author=last[talk.id].author if talk.id in last else None,
            channel=last[talk.id].channel if talk.id in last else None,
            in_hands_of=staff.get(talk.taken_over_by or 0),
            is_on_the_phone=talk.phone_id in on_the_line,
            flags=flags.get(talk.id, ()),
        )
        for talk in talks
    ]


def _residents(session: Session, talks: Sequence[Conversation]) -> dict[int, Resident]:
    ids = {talk.resident_id for talk in talks if talk.resident_id}
    return {one.id: one for one in session.scalars(select(Resident).where(Resident.id.in_(ids)))}


def _clerks(session: Session, residents: dict[int, Resident]) -> dict[int, str]:
    firms = [key for key, one in residents.items() if one.audience is Audience.ENTERPRISE]
    rows = session.execute(select(Enterprise.resident_id, Enterprise.clerk).where(Enterprise.resident_id.in_(firms)))
    return {key: clerk for key, clerk in rows if clerk}


def _by_id(session: Session, query: object) -> dict[int, str]:
    return dict(session.execute(query).all())  # type: ignore[call-overload]


def _last_lines(session: Session, ids: Sequence[int]) -> dict[int, Message]:
    newest = select(func.max(Message.id)).where(Message.conversation_id.in_(ids)).group_by(Message.conversation_id)
    return {line.conversation_id: line for line in session.scalars(select(Message).where(Message.id.in_(newest)))}


def _flags(session: Session, ids: Sequence[int]) -> dict[int, tuple[TalkFlag, ...]]:
    rows = session.execute(
        select(TalkMark.conversation_id, TalkMark.flag).where(
            TalkMark.conversation_id.in_(ids), TalkMark.settled_at.is_(None), TalkMark.flag.is_not(None)
        )
    )
    found: dict[int, tuple[TalkFlag, ...]] = {}
    for conversation_id, flag in rows:
        if flag is not None and flag not in found.get(conversation_id, ()):
            found[conversation_id] = (*found.get(conversation_id, ()), flag)
    return found


def _snippet(line: Message | None, resident: Resident | None, clerks: dict[int, str]) -> str:
    if line is None:
        return ""
    name = None
    if resident is not None:
        name = clerks.get(resident.id) if resident.audience is Audience.ENTERPRISE else resident.name
    text = " ".join(mask_text(line.text, names=[name] if name else []).split())
    return text if len(text) <= LONGEST_SNIPPET else text[:LONGEST_SNIPPET] + "…"


def _cursor(talk: Conversation) -> str:
    return f"{talk.last_at.timestamp():.6f}-{talk.id}"


def _read_cursor(after: str | None) -> tuple[datetime, int] | None:
    """A cursor that makes no sense is the first page: addresses get cut off in mails."""
    try:
        instant, _, talk_id = (after or "").rpartition("-")
        return datetime.fromtimestamp(float(instant), tz=UTC), int(talk_id)
    except (ValueError, OverflowError, OSError):
        return None
