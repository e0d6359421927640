"""The first thing a page shows: who we are, and what is open for this resident. It goes into the transcript."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.chat import ChatLink, ChatVisit
from models.conversation import Conversation, Inbound, Message
from models.resident import Phone
from models.session import lock_resident
from models.vocabulary import Channel, Question
from outreach_api.conversations.context import find_sender, load_context
from outreach_api.conversations.decision import Context, Heard
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.on_the_page import shown_with
from outreach_api.conversations.transcript import said
from outreach_api.conversations.wishes import name_offers
from scheduler.planning.data_notice import tell_once
from scheduler.policies.card import PolicyCard

_NOTHING_BEGUN = (None, Question.INTEREST, Question.IDENTITY)


def welcome(
    session: Session,
    link: ChatLink,
    visit: ChatVisit,
    *,
    cards: Mapping[str, PolicyCard],
    zone: ZoneInfo,
    now: datetime,
) -> None:
    """Greet, and name what is open unless something else is being talked about. After a stop there is silence."""
    lock_resident(session, link.resident_id)
    phone = session.get_one(Phone, link.phone_id)
    opening = _opening(phone, visit, now)
    sender = find_sender(session, opening, now=now)
    context = load_context(session, opening, sender, cards=cards, zone=zone, now=now)
    if context.stop or context.in_human_hands or _was_greeted(session, sender.conversation, now):
        return
    tells = not context.by_proxy and tell_once(session, link.resident_id, Channel.CHAT, now=now)
    draft = _greet(context, tells=tells)
    decision = draft.decision()
    conversation = sender.conversation or Conversation(phone_id=phone.id, started_at=now, last_at=now, state={})
    conversation.resident_id = link.resident_id
    conversation.stage = decision.state.stage
    conversation.outcome = decision.outcome
    conversation.state = decision.state.with_(last_reply=decision.text, replied_at=now).stored()
    session.add(conversation)
    session.flush()
    shown = shown_with(decision, context)
    session.add(said(conversation, decision.text, channel=Channel.CHAT, at=now, shown=shown))
    session.flush()


def _opening(phone: Phone, visit: ChatVisit, now: datetime) -> Inbound:
    """The page was opened: what a message from it would be, without one. It is never kept."""
    return Inbound(
        id=0,
        channel=Channel.CHAT,
        sender=phone.number,
        sender_index=phone.number_index,
        text="",
        received_at=now,
        chat_visit_id=visit.id,
    )


def _was_greeted(session: Session, conversation: Conversation | None, now: datetime) -> bool:
    """Whether the last line of the talk is the greeting of a page that was opened before."""
    if conversation is None:
        return False
    last = session.scalars(
        select(Message).where(Message.conversation_id == conversation.id).order_by(Message.id.desc()).limit(1)
    ).first()
    return last is not None and last.channel is Channel.CHAT and last.inbound_id is None and last.shown is not None


def _greet(context: Context, *, tells: bool) -> Draft:
    draft = Draft(Heard("", None), context)
    draft.say("chat_welcome_family" if context.by_proxy else "chat_welcome")
    if tells:
        draft.say("chat_notice")
    if context.state.asked in _NOTHING_BEGUN:
        name_offers(draft)
    return draft
