"""Questions that no card answered: a person's answer goes back to who asked, and may be kept for the next one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.case import Case
from models.conversation import Conversation, Message
from models.faq import KeptFaq
from models.transitions import UnlawfulTransition
from models.vocabulary import CaseKind, CaseState, Topic
from outreach_api.cases.work_case import FINISHED, resolve
from outreach_api.conversations.takeover import MayNotWrite, write_as_staff
from scheduler.policies.faq_search import Faq

LONGEST_QUESTION = 120
LONGEST_ANSWER = 110


class FaqNotFound(LookupError):  # noqa: N818
    """There is no proposed answer of that number."""


class SamePerson(Exception):  # noqa: N818
    """Who proposed an answer may not review it."""


@dataclass(frozen=True)
class Keep:
    """The question in general words, as it may be kept."""

    topic: Topic
    question: str


def answer_case(session: Session, case: Case, text: str, *, keep: Keep | None, by: str, now: datetime) -> bool:
    """Send the answer to who asked and resolve the case. False: nothing was sent, since they want no messages.

    Raises:
        UnlawfulTransition: it is no open policy question.
    """
    if case.kind is not CaseKind.POLICY_QUESTION or case.state in FINISHED:
        raise UnlawfulTransition(f"case {case.id} is no open policy question")
    if keep is not None and case.policy_id:
        session.add(
            KeptFaq(
                policy_id=case.policy_id,
                topic=keep.topic,
                question=keep.question[:LONGEST_QUESTION],
                answer=text[:LONGEST_ANSWER],
                case_id=case.id,
                proposed_by=by,
                proposed_at=now,
            )
        )
    sent = _send(session, case, text, now)
    if case.state is CaseState.OPEN:
        case.state, case.accepted_at = CaseState.ACCEPTED, now
    resolve(session, case, by=by, now=now, note=text)
    return sent


def _send(session: Session, case: Case, text: str, now: datetime) -> bool:
    talk = session.get(Conversation, case.conversation_id) if case.conversation_id else None
    if talk is None:
        return False
    asked = session.get(Message, case.message_id) if case.message_id else None
    try:
        write_as_staff(session, talk, text, now=now, inbound_id=asked.inbound_id if asked else None)
    except MayNotWrite:
        return False
    return True


def proposed_faqs(session: Session) -> list[KeptFaq]:
    """What waits for its second person, oldest first."""
    return list(session.scalars(select(KeptFaq).where(KeptFaq.reviewed_at.is_(None)).order_by(KeptFaq.id)))


def review(session: Session, faq_id: int, *, use: bool, by: str, now: datetime) -> None:
    """Take a proposed answer into use, or refuse it.

    Raises:
        FaqNotFound: nothing of that number was proposed.
        SamePerson: they proposed it themselves.
    """
    faq = session.get(KeptFaq, faq_id)
    if faq is None:
        raise FaqNotFound(f"there is no proposed answer {faq_id}")
    if faq.proposed_by == by:
        raise SamePerson(f"faq {faq_id} was proposed by the same person")
    faq.reviewed_by, faq.reviewed_at, faq.in_use = by, now, use
    session.flush()


# Kept: it is asked at every turn of every talk, and to put it together takes as long as to answer it.
_IN_USE = select(KeptFaq).where(KeptFaq.policy_id.in_(bindparam("policies", expanding=True)), KeptFaq.in_use)


def kept_faqs(session: Session, policies: Collection[str]) -> tuple[Faq, ...]:
    """The reviewed answers about these items."""
    rows = session.scalars(_IN_USE, {"policies": list(policies)}) if policies else ()
    return tuple(Faq(row.policy_id, row.topic, row.question, row.answer) for row in rows)
