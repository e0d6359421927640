"""One thing said in a call: durable first, then one turn of the conversation that texts have too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from models.call import Call
from models.case import Case
from models.conversation import Conversation, Inbound, Message
from models.event import Event
from models.resident import Phone
from models.session import Sessions
from models.vocabulary import (
    CaseKind,
    CaseReason,
    Channel,
    ConversationOutcome,
    Direction,
    EventKind,
    InboundState,
)
from outreach_api.clock import Clock
from outreach_api.conversations.bot import Bot
from outreach_api.conversations.context import find_sender, load_context
from outreach_api.conversations.decision import Decision, Heard, Line
from outreach_api.conversations.exact_words import Exact, read_exact_word
from outreach_api.conversations.inbox import RETRY_AFTER, ZONE, Claim, Inbox, InboxReport
from outreach_api.conversations.state import DialogueState
from outreach_api.conversations.transcript import Answering, keep_turn
from outreach_api.voice.follows import OpenedCase, Turned
from scheduler.planning.situation import UNFINISHED_CASES
from scheduler.planning.stops import standing_stop
from scheduler.policies.card import PolicyCard

TRIES = 3
FIRST_FENCE = 0
_SETTLED = (InboundState.DONE, InboundState.PARKED)

# What is asked at every turn of every call is put together once: that takes as long as answering it.
_talk = aliased(Conversation)
_NEWEST_TALK = select(func.max(_talk.id)).where(_talk.phone_id == Phone.id).correlate(Phone).scalar_subquery()
_CALL = (
    select(Call, Conversation.outcome)
    .select_from(Call)
    .outerjoin(Phone, Phone.number_index == Call.number_index)
    .outerjoin(Conversation, Conversation.id == _NEWEST_TALK)
    .where(Call.id == bindparam("call_id"))
)
_TURN = (
    select(Inbound, Call, Phone.id, Conversation)
    .select_from(Inbound)
    .join(Call, Call.id == Inbound.call_id)
    .outerjoin(Phone, Phone.number_index == Call.number_index)
    .outerjoin(Conversation, Conversation.id == _NEWEST_TALK)
    .where(Inbound.id == bindparam("inbound_id"))
)
_MESSAGES = select(Message).where(Message.inbound_id == bindparam("inbound_id")).order_by(Message.id)
_CASE = (
    select(Case)
    .where(Case.conversation_id == bindparam("conversation_id"), Case.message_id == bindparam("message_id"))
    .order_by(Case.id)
    .limit(1)
)


@dataclass(frozen=True)
class Utterance:
    call_id: int
    turn: int
    text: str


@dataclass(frozen=True)
class _Kept:
    """`before`: the conversation's outcome before these words."""

    inbound_id: int
    before: ConversationOutcome
    is_new: bool


@dataclass(frozen=True)
class Turns:
    sessions: Sessions
    bot: Bot
    cards: Mapping[str, PolicyCard]
    clock: Clock

    def take(self, utterance: Utterance) -> Turned:
        """Keep what was said and answer it. The same turn again has its effects once and gives the same answer."""
        kept = self._keep(utterance)
        inbox = Inbox(self.sessions, self.bot, self.cards, self.clock)
        # What has just been kept is claimed with it.
        at_once = read_exact_word(utterance.text) is not None
        claim = Claim(kept.inbound_id, FIRST_FENCE, at_once) if kept.is_new else self._claim(kept.inbound_id)
        for _ in range(TRIES):
            if claim is None:
                break
            report = InboxReport()
            inbox.answer_one(claim, report)
            claim = self._claim(kept.inbound_id) if report.conflicts else None
        with self.sessions.read() as session:
            return _read_back(session, kept.inbound_id, kept.before)

    def take_own(self, utterance: Utterance, answer: str) -> None:
        """Keep a word that the call itself answers, with that answer; the conversation stands still."""
        inbound_id = self._keep(utterance).inbound_id
        now = self.clock.now()
        with self.sessions.write() as session:
            inbound = session.get_one(Inbound, inbound_id)
            if inbound.state in _SETTLED:
                return
            sender = find_sender(session, inbound, now=now)
            context = load_context(session, inbound, sender, cards=self.cards, zone=ZONE, now=now)
            lines = (Line("call", answer),) if answer else ()
            decision = Decision(lines, (), context.state, context.outcome)
            keep_turn(session, Answering(inbound, sender, now), Heard(utterance.text, None), decision)
            inbound.state = InboundState.DONE
            inbound.settled_at = now
            message = session.scalars(select(Message).where(Message.inbound_id == inbound_id).limit(1)).one()
            # "Say it again" means the matter, not 好的，我等着.
            session.get_one(Conversation, message.conversation_id).state = context.state.stored()

    def _keep(self, utterance: Utterance) -> _Kept:
        """Commit the words before anything is made of them, and how far the call has come with them.

        They are this call's to answer until its process dies.
        """
        now = self.clock.now()
        with self.sessions.write() as session:
            call, outcome = session.execute(_CALL, {"call_id": utterance.call_id}).one()
            call.state = call.state | {"turns": utterance.turn}
            row = {
                "provider": call.provider,
                "provider_ref": f"{call.provider_ref}:{utterance.turn}",
                "channel": Channel.VOICE,
                "sender": call.number,
                "sender_index": call.number_index,
                "recipient": "",
                "text": utterance.text,
                "received_at": now,
                "due_at": now,
                "call_id": call.id,
                # Nobody waits minutes on the phone: a bot that is down is given up at once, to a person.
                "attempts": len(RETRY_AFTER),
                "state": InboundState.PROCESSING,
                "claimed_at": now,
                "fence": FIRST_FENCE,
            }
            new = session.scalar(_insert(session).values(row).on_conflict_do_nothing().returning(Inbound.id))
            if new is not None:
                session.add(Event(at=now, kind=EventKind.INBOUND_RECEIVED, facts={"inbound": new}))
            same = (Inbound.provider == call.provider, Inbound.provider_ref == row["provider_ref"])
            inbound_id = new if new is not None else session.scalars(select(Inbound.id).where(*same)).one()
            return _Kept(inbound_id, outcome or ConversationOutcome.NO_DECISION, is_new=new is not None)

    def _claim(self, inbound_id: int) -> Claim | None:
        with self.sessions.write() as session:
            inbound = session.get_one(Inbound, inbound_id)
            if inbound.state in _SETTLED:
                return None
            inbound.state = InboundState.PROCESSING
            inbound.claimed_at = self.clock.now()
            inbound.fence += 1
            return Claim(inbound.id, inbound.fence)


def _read_back(session: Session, inbound_id: int, before: ConversationOutcome) -> Turned:
    inbound, call, phone_id, talk = session.execute(_TURN, {"inbound_id": inbound_id}).one()
    messages = session.scalars(_MESSAGES, {"inbound_id": inbound_id}).all()
    heard = next((message for message in messages if message.direction is Direction.IN), None)
    state = DialogueState.model_validate(talk.state) if talk else DialogueState()
    outcome = talk.outcome if talk else before
    directives = ((heard.reading or {}).get("directives") or []) if heard else []
    resident_id = call.resident_id or (talk.resident_id if talk else None)
    return Turned(
        text="\n".join(message.text for message in messages if message.direction is Direction.OUT),
        outcome=outcome,
        outcome_changed=outcome is not before or any(d["do"] == "outcome" for d in directives),
        asked=state.asked,
        stopped=standing_stop(session, resident_id=resident_id, phone_id=phone_id) is not None,
        resident_id=call.resident_id,
        said=frozenset(d["line"] for d in directives if d["do"] == "say"),
        answered=any(d["do"] == "answer" for d in directives),
        preferences=_preferences(inbound.text, directives),
        case=_case(session, heard, asks_for_a_person=_asks_for_a_person(inbound.text, directives)),
        in_human_hands=talk is not None and talk.taken_over_by is not None,
    )


def _preferences(text: str, directives: list[dict[str, Any]]) -> frozenset[str]:
    exact = read_exact_word(text)
    named = {exact.value} if exact and exact.kind.value == "preference" else set()
    return frozenset(named | {d["preference"] for d in directives if d["do"] == "prefer"})


def _asks_for_a_person(text: str, directives: list[dict[str, Any]]) -> bool:
    exact = read_exact_word(text)
    return bool(exact and exact.kind is Exact.HUMAN) or any(d.get("kind") == CaseKind.HUMAN for d in directives)


def _case(session: Session, heard: Message | None, *, asks_for_a_person: bool) -> OpenedCase | None:
    """The case this message opened; who asks for a person again means the one that waits already."""
    if heard is None:
        return None
    case = session.scalar(_CASE, {"conversation_id": heard.conversation_id, "message_id": heard.id})
    if case is not None:
        return OpenedCase(case.id, case.kind, case.reason, case.due_at)
    waiting = (Case.kind == CaseKind.HUMAN, Case.state.in_(UNFINISHED_CASES))
    query = select(Case).where(Case.conversation_id == heard.conversation_id, *waiting).order_by(Case.id.desc())
    case = session.scalar(query.limit(1)) if asks_for_a_person else None
    return OpenedCase(case.id, case.kind, CaseReason.REQUESTED, case.due_at) if case else None


def _insert(session: Session) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(Inbound)
