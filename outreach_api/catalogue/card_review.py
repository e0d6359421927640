"""Looking at a card before it counts: its text, what the assistant would say by it, and what would change."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.policy import PolicySubmission
from models.vocabulary import Channel, SubmissionState, Topic
from scheduler.policies.answers import Answer, answer
from scheduler.policies.card import PolicyCard
from scheduler.policies.faq_search import Faq, FaqIndex

CONTEXT_LINES = 2


@dataclass(frozen=True)
class Said:
    """What is said to one topic; None: the assistant has no answer and a person gets the question."""

    topic: Topic
    now: str | None
    then: str | None

    @property
    def changes(self) -> bool:
        return self.now != self.then


@dataclass(frozen=True)
class DiffLine:
    sign: str
    """`+`, `-`, a blank, or `@` where lines are left out."""
    text: str


def text_of(session: Session, folder: Path, policy_id: str, version: int) -> str | None:
    """The file of a version, as it was shipped or submitted."""
    query = select(PolicySubmission.text).where(
        PolicySubmission.policy_id == policy_id,
        PolicySubmission.version == version,
        PolicySubmission.state == SubmissionState.APPROVED,
    )
    if (submitted := session.scalar(query.order_by(PolicySubmission.id.desc()).limit(1))) is not None:
        return submitted
    for name in (f"{policy_id}@{version}.yaml", f"{policy_id}.yaml"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    return None


def what_is_said(old: PolicyCard | None, new: PolicyCard, today: date) -> list[Said]:
    """Every topic, by the card that counts today and by the new one on its first day."""
    then = max(today, new.effective_from or today)
    return [Said(topic, _say(old, topic, today) if old else None, _say(new, topic, then)) for topic in Topic]


def answer_question(cards: Mapping[str, PolicyCard], card: PolicyCard, question: str) -> Faq | None:
    """The question of this card that one is taken for, once it counts beside the others."""
    found = FaqIndex.of({**cards, card.id: card}).find(question, [card.id])
    return found.faq if found else None


def changed_lines(old: str, new: str) -> Iterator[DiffLine]:
    """What a submission changes, with two lines around it."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=CONTEXT_LINES)
    for line in lines:
        if not line.startswith(("---", "+++")):
            yield DiffLine("@", "…") if line.startswith("@@") else DiffLine(line[:1], line[1:])


def _say(card: PolicyCard, topic: Topic, today: date) -> str | None:
    said = answer(card, topic, age_years=None, today=today, channel=Channel.SMS)
    return said.text if isinstance(said, Answer) else None
