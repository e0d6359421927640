"""What people make of a conversation: a flag that somebody has to see to, a score, a note."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import AuditEntry
from models.review import TalkMark
from models.vocabulary import TalkFlag

SCORES = range(1, 6)
LONGEST_NOTE = 500


class MarkRefused(ValueError):  # noqa: N818
    """The mark says nothing, or there is none to settle; the message says which."""


def add_mark(
    session: Session,
    conversation_id: int,
    staff_id: int,
    *,
    flag: TalkFlag | None = None,
    score: int | None = None,
    note: str = "",
    now: datetime,
) -> TalkMark:
    """Keep one person's judgement. A score alone is settled at once: nobody has to see to it.

    Raises:
        MarkRefused: neither flag nor score nor note, or a score that is none.
    """
    note = note.strip()
    if flag is None and score is None and not note:
        raise MarkRefused("give a flag, a score or a note")
    if score is not None and score not in SCORES:
        raise MarkRefused(f"a score is {SCORES[0]} to {SCORES[-1]}")
    mark = TalkMark(
        conversation_id=conversation_id,
        at=now,
        by=staff_id,
        flag=flag,
        score=score,
        note=note[:LONGEST_NOTE] or None,
        settled_at=None if flag is not None else now,
    )
    session.add(mark)
    session.flush()
    facts = {"flag": flag.value if flag else None, "score": score}
    subject = f"conversation:{conversation_id}"
    session.add(AuditEntry(at=now, actor=f"staff:{staff_id}", action="conversation.mark", subject=subject, facts=facts))
    return mark


def settle_mark(session: Session, conversation_id: int, mark_id: int, staff_id: int, *, now: datetime) -> None:
    """Somebody has seen to a flag.

    Raises:
        MarkRefused: this conversation has no such flag that stands.
    """
    mark = session.get(TalkMark, mark_id)
    if mark is None or mark.conversation_id != conversation_id or mark.settled_at is not None:
        raise MarkRefused(f"conversation {conversation_id} has no standing flag {mark_id}")
    mark.settled_at = now
    subject = f"conversation:{conversation_id}"
    session.add(AuditEntry(at=now, actor=f"staff:{staff_id}", action="conversation.settle", subject=subject))


def marks_of(session: Session, conversation_id: int) -> list[TalkMark]:
    """Newest first."""
    query = select(TalkMark).where(TalkMark.conversation_id == conversation_id)
    return list(session.scalars(query.order_by(TalkMark.id.desc())))
