"""A suggestion for who answers a resident's question: what the card says to it, or an answer given before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from models.case import Case
from models.conversation import Message
from models.vocabulary import Channel, Topic
from outreach_api.cases.policy_answers import kept_faqs
from scheduler.policies.answers import Answer, answer
from scheduler.policies.card import PolicyCard
from scheduler.policies.faq_search import FaqIndex

ASKS = "ask_"


def suggestion(session: Session, case: Case, cards: Mapping[str, PolicyCard], *, today: date) -> str | None:
    """The nearest question of the item with its answer, else what the card says to the topic; None: a person knows.

    It is never sent by itself.
    """
    card = cards.get(case.policy_id or "")
    asked = session.get(Message, case.message_id) if case.message_id else None
    if card is None or asked is None:
        return None
    found = FaqIndex.of({card.id: card}, kept_faqs(session, [card.id])).find(asked.text, [card.id])
    if found is not None:
        return found.faq.answer
    topic = _topic(asked)
    said = answer(card, topic, age_years=None, today=today, channel=Channel.CHAT) if topic else None
    return "".join(said.lines) if isinstance(said, Answer) else None


def _topic(asked: Message) -> Topic | None:
    ranking = (asked.reading or {}).get("ranking") or [{}]
    name = str(ranking[0].get("intent", "")).removeprefix(ASKS)
    return Topic(name) if name in set(Topic) else None
