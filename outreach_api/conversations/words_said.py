"""Finding conversations again by words that residents and staff said, as they stand masked on the screen.

The texts are encrypted. Beside them is kept which pairs of neighbouring signs occur in which conversation, as keyed
hashes; what the pairs find is read and compared before it counts, so a name that is masked is not found.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from models.column_types import key_ring
from models.conversation import Conversation, Message
from models.resident import Resident
from models.review import WordIndex
from models.vocabulary import Author
from outreach_api.privacy.masking import mask_text

SHORTEST_SEARCH = 2
LONGEST_SEARCH = 40
SEARCHED = (Author.RESIDENT, Author.STAFF)
MOST_PAIRS = 8
"""Of a long search so many pairs are looked up; the comparison looks at all of it."""
LOOKED_AT = 60
MOST_LOOKED_AT = 600
COUNTED_UP_TO = 2000


_REMEMBER = {
    "postgresql": postgresql.insert(WordIndex).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(WordIndex).on_conflict_do_nothing(),
}


@dataclass(frozen=True)
class Found:
    """Conversations that hold the words, the newest first; `next_before` is where the next look begins."""

    conversation_ids: list[int]
    next_before: int | None


def remember_words(session: Session, conversation_id: int, text: str) -> None:
    """Make what was said findable, in the transaction that writes it down."""
    rows = [{"pair": pair, "conversation_id": conversation_id} for pair in pairs(mask_text(text))]
    if not rows:
        return
    # One statement for any number of rows: else each length of a text would be put together anew.
    session.connection().execute(_REMEMBER[session.get_bind().dialect.name], rows)


def pairs(text: str) -> list[int]:
    """The keyed hashes of neighbouring signs, each once, in a fixed order."""
    bare = plain(text)
    ring = key_ring()
    found = {bare[at : at + 2] for at in range(len(bare) - 1)}
    # 60 bits: what collides is sorted out by the comparison.
    return sorted(int(ring.blind_index(pair, kind="pair")[:15], 16) for pair in found)


def plain(text: str) -> str:
    """As it is compared: one width, small letters, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def find_by_words(session: Session, words: str, *, before: int | None = None, limit: int) -> Found:
    """The newest conversations in which the words stand, behind `before`.

    After a bounded number of looks it comes back with what it has: rare words that look like frequent ones are found
    by looking on.
    """
    wanted = plain(words)[:LONGEST_SEARCH]
    if len(wanted) < SHORTEST_SEARCH:
        return Found([], None)
    order = _rarest_first(session, pairs(wanted))[:MOST_PAIRS]
    found: list[int] = []
    looked_at = 0
    while looked_at < MOST_LOOKED_AT:
        candidates = session.scalars(_candidates(order, before).limit(LOOKED_AT)).all()
        holds = _that_hold(session, candidates, wanted)
        for conversation_id in candidates:
            before = conversation_id
            if conversation_id in holds:
                found.append(conversation_id)
            if len(found) == limit:
                return Found(found, before)
        looked_at += len(candidates)
        if len(candidates) < LOOKED_AT:
            return Found(found, None)
    return Found(found, before)


def _rarest_first(session: Session, wanted: Iterable[int]) -> list[int]:
    """The pair that occurs least leads: the others are only looked up beside it."""

    def occurs(pair: int) -> int:
        some = select(WordIndex.pair).where(WordIndex.pair == pair).limit(COUNTED_UP_TO).subquery()
        return session.scalar(select(func.count()).select_from(some)) or 0

    return sorted(wanted, key=occurs)


def _candidates(order: Sequence[int], before: int | None) -> Select[int]:
    query = select(WordIndex.conversation_id).where(WordIndex.pair == order[0])
    for pair in order[1:]:
        beside = aliased(WordIndex)
        query = query.where(exists().where(beside.pair == pair, beside.conversation_id == WordIndex.conversation_id))
    if before is not None:
        query = query.where(WordIndex.conversation_id < before)
    return query.order_by(WordIndex.conversation_id.desc())


def _that_hold(session: Session, candidates: Sequence[int], wanted: str) -> set[int]:
    """Those in which the words really stand, masked as they are shown."""
    names = dict(
        session.execute(
            select(Conversation.id, Resident.name)
            .join(Resident, Resident.id == Conversation.resident_id)
            .where(Conversation.id.in_(candidates))
        ).all()
    )
    lines = session.execute(
        select(Message.conversation_id, Message.text).where(
            Message.conversation_id.in_(candidates), Message.author.in_(SEARCHED)
        )
    )
    return {
        conversation_id
        for conversation_id, text in lines
        if wanted in plain(mask_text(text, names=[name] if (name := names.get(conversation_id)) else []))
    }
