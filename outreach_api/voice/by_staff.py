"""A person speaks in a call that goes on: they write, the call says it; the assistant keeps quiet meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.call import Call, CallWord
from models.conversation import Conversation
from models.event import Event
from models.resident import Phone
from models.vocabulary import Author, Channel, EventKind
from outreach_api.conversations.takeover import MayNotWrite, write_as_staff
from outreach_api.conversations.transcript import said
from outreach_api.conversations.words_said import remember_words
from outreach_api.voice.state import CallState
from outreach_api.voice.transport import CallRef
from scheduler.planning.stops import standing_stop

LONGEST_CALL = timedelta(hours=2)
"""A call whose end nobody told us is over by then."""


def running_call(session: Session, conversation: Conversation, *, now: datetime) -> Call | None:
    """The call in which this conversation goes on at this moment."""
    number_index = select(Phone.number_index).where(Phone.id == conversation.phone_id).scalar_subquery()
    query = select(Call).where(
        Call.number_index == number_index, Call.ended_at.is_(None), Call.started_at > now - LONGEST_CALL
    )
    call = session.scalar(query.order_by(Call.started_at.desc(), Call.id.desc()).limit(1))
    return call if call is not None and not CallState.model_validate(call.state).over else None


def answer_as_staff(session: Session, conversation: Conversation, staff_id: int, text: str, *, now: datetime) -> None:
    """Send a person's own words where they are waited for: into the running call, to the chat page, as a text.

    Raises:
        MayNotWrite: a stop stands.
    """
    call = running_call(session, conversation, now=now)
    if call is None:
        write_as_staff(session, conversation, text, now=now)
    else:
        _say_in_call(session, conversation, call, staff_id, text, now)
    remember_words(session, conversation.id, text)
    facts = {"conversation": conversation.id, "outcome": conversation.outcome.value}
    session.add(Event(at=now, kind=EventKind.TURN_TAKEN, facts=facts))


def _say_in_call(
    session: Session, conversation: Conversation, call: Call, staff_id: int, text: str, now: datetime
) -> None:
    if standing_stop(session, resident_id=conversation.resident_id, phone_id=conversation.phone_id):
        raise MayNotWrite(f"a stop stands for conversation {conversation.id}")
    session.add(CallWord(call_id=call.id, text=text, by=staff_id, at=now))
    session.add(said(conversation, text, channel=Channel.VOICE, at=now, author=Author.STAFF))
    conversation.last_at = now
    session.flush()


def calls_with_words(session: Session) -> set[CallRef]:
    """The calls in which somebody's words wait to be said."""
    query = select(Call.provider, Call.provider_ref).join(CallWord, CallWord.call_id == Call.id)
    rows = session.execute(query.where(CallWord.said_at.is_(None), Call.ended_at.is_(None)).distinct())
    return {CallRef(provider, ref) for provider, ref in rows}


def take_words(session: Session, call_id: int, *, now: datetime) -> list[str]:
    """What waits to be said in this call, in order; each is given out once."""
    waiting = select(CallWord).where(CallWord.call_id == call_id, CallWord.said_at.is_(None)).order_by(CallWord.id)
    words = session.scalars(waiting.with_for_update()).all()
    for word in words:
        word.said_at = now
    return [word.text for word in words]
