"""Whole dialogues in, replies and outcome out, through the service that production runs, on a throw-away database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import create_engine, event, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.pool import StaticPool

from models.case import Case
from models.column_types import key_ring, use_key_ring
from models.contact import Contact, ContactMatch
from models.conversation import Consent, Conversation, Inbound, Message
from models.crypto import new_key_ring
from models.match import Match
from models.resident import Phone, Resident, ResidentPhone
from models.session import Sessions, begin_by
from models.tables import metadata
from models.vocabulary import (
    Channel,
    ContactPurpose,
    ContactState,
    ConversationOutcome,
    Direction,
    MatchState,
    Question,
    Stage,
)
from outreach_api.clock import VirtualClock
from outreach_api.conversations.bot import Bot
from outreach_api.conversations.inbox import answer_due
from outreach_api.conversations.offers import OfferTexts
from outreach_api.conversations.state import DialogueState
from scheduler.policies.card import PolicyCard

START = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
AGE_YEARS = 83
BETWEEN_TURNS = timedelta(minutes=2)
BETWEEN_DIALOGUES = timedelta(hours=1)


class BadDialogue(ValueError):  # noqa: N818
    """A line of the input is not a dialogue; says which line and what is wrong."""


class Dialogue(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str | int
    channel: Channel = Channel.SMS
    policy: str
    stage: Stage = Stage.OFFER
    turns: list[str]


@dataclass
class _Made:
    """A made-up resident whom the policy was offered to."""

    match_id: int
    phone_id: int
    number_index: str
    number: str


def converse(lines: Iterable[str], bot: Bot, cards: Mapping[str, PolicyCard]) -> Iterator[str]:
    """One answer a line, in the order of the input; empty lines are passed over.

    Raises:
        BadDialogue: a line is not a dialogue, or names a policy that has no card.
    """
    use_key_ring(new_key_ring())
    rehearsal = _Rehearsal(bot, cards)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield json.dumps(rehearsal.hold(_read(number, line, cards)), ensure_ascii=False)


def _read(number: int, line: str, cards: Mapping[str, PolicyCard]) -> Dialogue:
    try:
        dialogue = Dialogue.model_validate_json(line)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the line"
        raise BadDialogue(f"line {number}: {where}: {first['msg']}") from fault
    if dialogue.policy not in cards:
        raise BadDialogue(f"line {number}: policy: no card {dialogue.policy!r}; there are {', '.join(sorted(cards))}")
    return dialogue


class _Rehearsal:
    def __init__(self, bot: Bot, cards: Mapping[str, PolicyCard]) -> None:
        self._bot = bot
        self._cards = cards
        self._sessions = Sessions(memory_engine())
        self._clock = VirtualClock(START)
        self._numbers = count(1)

    def hold(self, dialogue: Dialogue) -> dict[str, Any]:
        self._clock.set(self._clock.now() + BETWEEN_DIALOGUES)
        made = self._make(dialogue)
        replies = [self._turn(made, dialogue, text) for text in dialogue.turns]
        return {"id": dialogue.id, "replies": replies, **self._result(made)}

    def _make(self, dialogue: Dialogue) -> _Made:
        serial = next(self._numbers)
        number = f"+86139{serial:08d}"
        index = key_ring().blind_index(number, kind="phone")
        now = self._clock.now()
        card = self._cards[dialogue.policy]
        with self._sessions.write() as session:
            resident = _resident(serial, now)
            phone = Phone(number=number, number_index=index)
            match = Match(
                resident=resident,
                policy_id=card.id,
                policy_version=str(card.version),
                state=MatchState.IN_OUTREACH,
                opened_at=now,
                state_changed_at=now,
            )
            session.add_all([resident, phone, match])
            session.flush()
            session.add(ResidentPhone(resident_id=resident.id, phone_id=phone.id, source="made_up"))
            self._start(session, dialogue, resident, phone, match)
            return _Made(match.id, phone.id, index, number)

    def _start(self, session: Any, dialogue: Dialogue, resident: Resident, phone: Phone, match: Match) -> None:
        """Put the dialogue where it says it stands: an offer was sent, or nothing is asked, or a rating is."""
        now = self._clock.now()
        offer = _offer(self._cards, dialogue, resident, phone, now)
        session.add(offer)
        session.flush()
        session.add(ContactMatch(contact_id=offer.id, match_id=match.id))
        if dialogue.stage is Stage.OFFER:
            return
        asked = Question.RATING if dialogue.stage is Stage.SURVEY else None
        state = DialogueState(stage=dialogue.stage, asked=asked, offer_contact_id=offer.id)
        session.add(
            Conversation(
                resident_id=resident.id,
                phone_id=phone.id,
                stage=dialogue.stage,
                state=state.stored(),
                started_at=now,
                last_at=now,
            )
        )

    def _turn(self, made: _Made, dialogue: Dialogue, text: str) -> list[str]:
        self._clock.set(self._clock.now() + BETWEEN_TURNS)
        now = self._clock.now()
        with self._sessions.write() as session:
            inbound = Inbound(
                provider="converse",
                provider_ref=str(next(self._numbers)),
                channel=dialogue.channel,
                sender=made.number,
                sender_index=made.number_index,
                recipient="",
                text=text,
                received_at=now,
                due_at=now,
            )
            session.add(inbound)
            session.flush()
            inbound_id = inbound.id
        answer_due(self._sessions, self._bot, self._cards, self._clock)
        with self._sessions.read() as session:
            said = session.scalars(
                select(Message.text).where(Message.inbound_id == inbound_id, Message.direction == Direction.OUT)
            )
            return [line for text in said for line in text.split("\n")]

    def _result(self, made: _Made) -> dict[str, Any]:
        with self._sessions.read() as session:
            talk = session.scalar(select(Conversation).where(Conversation.phone_id == made.phone_id))
            kind = session.scalar(
                select(Case.kind).where(Case.conversation_id == (talk.id if talk else None)).order_by(Case.id.desc())
            )
            agreed = session.scalar(
                select(func.count(Consent.id)).where(Consent.match_id == made.match_id, Consent.withdrawn_at.is_(None))
            )
            state = DialogueState.model_validate(talk.state) if talk else DialogueState()
            outcome = talk.outcome if talk else ConversationOutcome.NO_DECISION
        return {
            "outcome": outcome.value,
            "case": kind.value if kind else None,
            "topics": list(dict.fromkeys(topic.value for topic in state.answered)),
            "consent": bool(agreed),
        }


def _resident(serial: int, now: datetime) -> Resident:
    return Resident(
        person_key=f"made-up-{serial}",
        name="陈桂芳",
        name_index=f"made-up-{serial}",
        birth_date=date(now.year - AGE_YEARS, 5, 12),
        street="黄贝街道",
        community="文华社区",
        created_at=now,
    )


def _offer(
    cards: Mapping[str, PolicyCard], dialogue: Dialogue, resident: Resident, phone: Phone, now: datetime
) -> Contact:
    rendered = OfferTexts(cards)(
        [(1, dialogue.policy)],
        resident=resident,
        step=0,
        shared_phone=False,
        contact_purpose=ContactPurpose.OFFER,
    )
    return Contact(
        resident_id=resident.id,
        phone_id=phone.id,
        channel=dialogue.channel,
        purpose=ContactPurpose.OFFER,
        state=ContactState.DELIVERED,
        template_key=rendered.template_key,
        variables=rendered.variables,
        text=rendered.text,
        created_at=now,
        due_at=now,
        sent_at=now,
    )


def memory_engine() -> Engine:
    """A database that lives as long as the process, on one connection."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    begin_by(engine, "BEGIN")
    metadata.create_all(engine)
    return engine
