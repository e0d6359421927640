"""What residents ask that no card answers: by department, item and theme, so that a card can be written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.conversation import Message
from models.resident import Resident
from models.vocabulary import CaseKind, CaseReason, CaseState
from outreach_api.privacy.masking import mask_text
from scheduler.policies.card import PolicyCard

MOST_CASES = 2000
MOST_EXAMPLES = 3
UNREAD = "out_of_scope"


@dataclass
class Need:
    """One theme asked about one item; without an item nobody could tell which benefit was meant."""

    policy_id: str | None
    theme: str
    """The intent the questions were read as."""
    asked: int = 0
    waiting: int = 0
    """Questions that a person still has to answer."""
    last_at: datetime | None = None
    examples: list[str] = field(default_factory=list)
    """The latest, masked."""


def unanswered(session: Session, *, since: datetime) -> list[Need]:
    """The questions of the last days, most asked first; of more than two thousand the latest."""
    query = (
        select(Case.policy_id, Case.state, Case.opened_at, Message.text, Message.reading, Resident.name)
        .outerjoin(Message, Message.id == Case.message_id)
        .outerjoin(Resident, Resident.id == Case.resident_id)
        .where(
            Case.state.in_(list(CaseState)),
            Case.kind == CaseKind.POLICY_QUESTION,
            Case.reason == CaseReason.NO_ANSWER_ON_CARD,
            # A case falls due after it was opened: the index knows the one, not the other.
            Case.due_at >= since,
            Case.opened_at >= since,
        )
        .order_by(Case.due_at.desc())
        .limit(MOST_CASES)
    )
    found: dict[tuple[str | None, str], Need] = {}
    for policy_id, state, opened_at, text, reading, name in session.execute(query):
        theme = _theme(reading)
        need = found.setdefault((policy_id, theme), Need(policy_id, theme))
        need.asked += 1
        need.waiting += state in (CaseState.OPEN, CaseState.ACCEPTED)
        need.last_at = max(opened_at, need.last_at or opened_at)
        if text and len(need.examples) < MOST_EXAMPLES:
            need.examples.append(mask_text(text, names=[name] if name else []))
    return sorted(found.values(), key=lambda need: -need.asked)


def by_department(needs: list[Need], cards: Mapping[str, PolicyCard]) -> dict[PolicyCard | None, list[Need]]:
    """The needs under one card of each department; those about no item of ours under None."""
    first: dict[str, PolicyCard] = {}
    grouped: dict[PolicyCard | None, list[Need]] = defaultdict(list)
    for need in needs:
        card = cards.get(need.policy_id or "")
        of = first.setdefault(card.department.zh, card) if card else None
        grouped[of].append(need)
    return dict(sorted(grouped.items(), key=lambda entry: -sum(need.asked for need in entry[1])))


def _theme(reading: Mapping[str, object] | None) -> str:
    ranking = (reading or {}).get("ranking")
    best = ranking[0] if isinstance(ranking, list) and ranking else {}
    return str(best.get("intent", UNREAD)) if isinstance(best, dict) else UNREAD
