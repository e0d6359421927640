"""Keeping a turn: transcript, state, effects and reply, all in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.chat import ChatLink, ChatVisit
from models.contact import Contact
from models.conversation import Conversation, Inbound, Message
from models.event import Event
from models.resident import Phone
from models.session import lock_resident
from models.vocabulary import (
    Author,
    CaseKind,
    CaseReason,
    Channel,
    ContactPurpose,
    Direction,
    EventKind,
    HookTopic,
    StopReason,
)
from outreach_api.conversations.context import Sender
from outreach_api.conversations.copy_deck import LINES, for_channel, say
from outreach_api.conversations.cues import may_end_it
from outreach_api.conversations.decision import Context, Decision, Heard, Line, OpenCase, PlaceStop
from outreach_api.conversations.effects import Ground, apply_effects
from outreach_api.conversations.state import DialogueState
from outreach_api.conversations.words_said import remember_words
from outreach_api.delivery.outbox import Addressee, Rendered, queue_reply
from outreach_api.hooks.outbox import tell
from outreach_api.wechat.followers import ADDRESS, resident_behind

# Ten times 你好 in a second gets one answer.
SAME_REPLY_AGAIN_AFTER = timedelta(seconds=60)
UNREAD = "unread"
"""Who placed a stop that nobody was there to read."""
_MAY_BE_SAID_AGAIN = frozenset({"repeat"})
_NOT_TO_BE_REPEATED = frozenset({LINES["silence"]})


@dataclass(frozen=True)
class Answering:
    """The message being answered, and what is known of its sender."""

    inbound: Inbound
    sender: Sender
    now: datetime


def keep_turn(
    session: Session,
    answering: Answering,
    heard: Heard,
    decision: Decision,
    *,
    shown: dict[str, Any] | None = None,
) -> None:
    """Write what was heard, what follows from it and what is said, with what the chat page shows beside it."""
    conversation, phone, message = _open(session, answering, _reading(heard))
    conversation.stage = decision.state.stage
    is_new = conversation.outcome is not decision.outcome
    conversation.outcome = decision.outcome
    apply_effects(session, decision.effects, Ground(conversation, message, phone, answering.now))
    reply = _send(session, answering, conversation, decision.lines, decision.purpose, decision.state, shown)
    _note_relation(session, answering.inbound, decision.state)
    _remember(conversation, _remembered(decision.state, reply, answering.now), answering.now)
    facts = {"conversation": conversation.id, "outcome": decision.outcome.value}
    session.add(Event(at=answering.now, kind=EventKind.TURN_TAKEN, facts=facts))
    if is_new:
        told = facts | {"resident": conversation.resident_id, "channel": message.channel.value}
        tell(session, HookTopic.CONVERSATION_OUTCOME, told, now=answering.now)


def said(
    talk: Conversation,
    text: str,
    *,
    channel: Channel,
    at: datetime,
    author: Author = Author.ASSISTANT,
    inbound_id: int | None = None,
    contact_id: int | None = None,
    shown: dict[str, Any] | None = None,
) -> Message:
    """A line of ours for the transcript."""
    return Message(
        conversation_id=talk.id,
        at=at,
        direction=Direction.OUT,
        author=author,
        channel=channel,
        text=text,
        inbound_id=inbound_id,
        contact_id=contact_id,
        shown=shown,
    )


def hold(session: Session, answering: Answering, context: Context) -> None:
    """Say once, honestly, that the answer will take a while. The message itself is kept when it is answered.

    To what may be a stop nothing is said: who asked for silence would get one text more.
    """
    if context.state.held or context.stop:
        return
    conversation, _phone = _open_conversation(session, answering)
    state = context.state.with_(held=True)
    lines = () if may_end_it(answering.inbound.text) else (say("holding"),)
    _send(session, answering, conversation, lines, ContactPurpose.REPLY, state)
    _remember(conversation, state, answering.now)


def give_up(session: Session, answering: Answering, context: Context) -> None:
    """Keep the message and give it to a person. What may be a stop is one until that person has looked."""
    conversation, phone, message = _open(session, answering)
    case = OpenCase(CaseKind.HUMAN, CaseReason.BOT_UNAVAILABLE, summary=answering.inbound.text[:300])
    may_be_stop = context.stop is None and may_end_it(answering.inbound.text)
    stop = (PlaceStop(StopReason.OPT_OUT, UNREAD),) if may_be_stop else ()
    apply_effects(session, (case, *stop), Ground(conversation, message, phone, answering.now))
    state = context.state.with_(held=False)
    lines = () if context.stop or may_be_stop else (say("gave_up"),)
    _send(session, answering, conversation, lines, ContactPurpose.REPLY, state)
    _remember(conversation, state, answering.now)


def _remember(conversation: Conversation, state: DialogueState, now: datetime) -> None:
    """Last of all, so that the row is written once."""
    conversation.state = state.stored()
    conversation.last_at = now


def _open(
    session: Session, answering: Answering, reading: dict[str, object] | None = None
) -> tuple[Conversation, Phone, Message]:
    conversation, phone = _open_conversation(session, answering)
    inbound = answering.inbound
    message = Message(
        conversation_id=conversation.id,
        at=inbound.received_at,
        direction=Direction.IN,
        author=Author.RESIDENT,
        channel=inbound.channel,
        text=inbound.text,
        inbound_id=inbound.id,
        reading=reading,
    )
    session.add(message)
    session.flush()
    remember_words(session, conversation.id, inbound.text)
    return conversation, phone, message


def _open_conversation(session: Session, answering: Answering) -> tuple[Conversation, Phone]:
    sender, inbound = answering.sender, answering.inbound
    phone = sender.phone or _remember_phone(session, inbound)
    # A number that was erased with its owner and writes again is known again.
    phone.number = phone.number or inbound.sender
    conversation = sender.conversation or _begin(session, phone, answering.now)
    if len(sender.residents) == 1:
        conversation.resident_id = sender.residents[0].id
    elif inbound.chat_visit_id is not None:
        conversation.resident_id = _resident_at_page(session, inbound.chat_visit_id)
    elif inbound.sender.startswith(ADDRESS):
        conversation.resident_id = resident_behind(session, inbound.sender)
    if conversation.resident_id is not None:
        lock_resident(session, conversation.resident_id)
    _keep_offer(session, conversation, answering)
    return conversation, phone


def _begin(session: Session, phone: Phone, now: datetime) -> Conversation:
    conversation = Conversation(phone_id=phone.id, started_at=now, last_at=now, state={})
    session.add(conversation)
    session.flush()
    return conversation


def _resident_at_page(session: Session, visit_id: int) -> int:
    link = select(ChatLink.resident_id).join(ChatVisit, ChatVisit.link_id == ChatLink.id)
    return session.scalars(link.where(ChatVisit.id == visit_id)).one()


def _note_relation(session: Session, inbound: Inbound, state: DialogueState) -> None:
    """Who has said at the page that they are somebody else stays that for as long as it is open."""
    if inbound.chat_visit_id is not None and state.relation is not None:
        session.get_one(ChatVisit, inbound.chat_visit_id).relation = state.relation


def _remember_phone(session: Session, inbound: Inbound) -> Phone:
    phone = Phone(number=inbound.sender, number_index=inbound.sender_index)
    session.add(phone)
    session.flush()
    return phone


def _keep_offer(session: Session, conversation: Conversation, answering: Answering) -> None:
    """The offer that is being answered belongs in the transcript, before the answer."""
    offer = answering.sender.offer
    # The words of a call stand in the transcript as they were spoken, by the call itself.
    if offer is None or offer.channel is Channel.VOICE:
        return
    if session.scalar(select(Message.id).where(Message.contact_id == offer.id).limit(1)):
        return
    sent_at = offer.sent_at or offer.due_at
    session.add(said(conversation, offer.text, channel=offer.channel, at=sent_at, contact_id=offer.id))
    session.flush()


def _send(
    session: Session,
    answering: Answering,
    conversation: Conversation,
    lines: tuple[Line, ...],
    purpose: ContactPurpose,
    state: DialogueState,
    shown: dict[str, Any] | None = None,
) -> str:
    """Queue the lines as one reply and write it into the transcript; what was said, or nothing.

    On the phone and on the chat page nothing is queued: the call that waits for it says it, the page shows it.
    """
    inbound = answering.inbound
    waited_for = inbound.channel is Channel.VOICE or inbound.chat_visit_id is not None
    text = for_channel("\n".join(line.text for line in lines), inbound.channel)
    if not text or (not waited_for and _was_just_said(text, lines, state, answering.now)):
        return ""
    contact = None if waited_for else _queue(session, answering, conversation, lines, purpose, text)
    session.add(
        said(
            conversation,
            text,
            channel=inbound.channel,
            at=answering.now,
            inbound_id=inbound.id,
            contact_id=contact.id if contact else None,
            shown=shown,
        )
    )
    session.flush()
    return text


def _queue(
    session: Session,
    answering: Answering,
    conversation: Conversation,
    lines: tuple[Line, ...],
    purpose: ContactPurpose,
    text: str,
) -> Contact:
    inbound = answering.inbound
    return queue_reply(
        session,
        Rendered("+".join(line.key for line in lines)[:64], text),
        Addressee(conversation.phone_id, conversation.resident_id, inbound.channel),
        purpose=purpose,
        conversation_id=conversation.id,
        inbound_id=inbound.id,
        now=answering.now,
    )


def _was_just_said(text: str, lines: tuple[Line, ...], state: DialogueState, now: datetime) -> bool:
    if any(line.key in _MAY_BE_SAID_AGAIN for line in lines) or state.replied_at is None:
        return False
    return text == state.last_reply and now - state.replied_at < SAME_REPLY_AGAIN_AFTER


def _remembered(state: DialogueState, reply: str, now: datetime) -> DialogueState:
    if not reply or reply in _NOT_TO_BE_REPEATED:
        return state.with_(held=False)
    return state.with_(held=False, last_reply=reply, replied_at=now)


def _reading(heard: Heard) -> dict[str, object]:
    turn = heard.turn
    return {
        "exact": heard.exact.kind.value if heard.exact else None,
        "ranking": list(turn.ranking) if turn else [],
        "directives": list(turn.directives) if turn else [],
        "model": turn.model if turn else None,
    }
