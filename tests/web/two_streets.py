"""A district of two streets, two teams and two departments: what belongs to one and what to the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.care import CareEntry
from models.case import Appointment, Case, Team
from models.faq import KeptFaq
from models.policy import PolicySubmission
from models.resident import Mandate
from models.review import TalkMark
from models.vocabulary import (
    Author,
    CareReason,
    CaseKind,
    CaseReason,
    CaseState,
    DayPart,
    Reach,
    SubmissionState,
    TalkFlag,
    Topic,
    Urgency,
)
from tests.builders import NOON, a_conversation, a_match, a_resident, a_staff_member, a_team

OURS, THEIRS = "东门街道", "南湖街道"
OUR_ITEM, THEIR_ITEM = "elderly-allowance", "elderly-health-check"
FIRST_OF_THEIRS = 770_001
"""Numbers that stand in no page by chance."""
THEIR_NAME = "璟玥瑢"
THEIR_PHONE = "+8613800739184"
THEIR_ID = "440303194812127391"
THEIR_WORDS = "榴莲香"
GIVES_AWAY = frozenset({"璟", "9184", "7391", THEIR_WORDS, "蟠龙"})
"""What gives their resident away, masked or not; beside the numbers."""


@dataclass
class Theirs:
    """By the name that addresses give them."""

    numbers: dict[str, int | str] = field(default_factory=dict)
    ours: dict[str, int | str] = field(default_factory=dict)
    our_team: int = 0


def two_streets(session: Session) -> Theirs:
    """One resident of each, with everything that can be about them."""
    ours, theirs = a_team(session, "T01"), a_team(session, "T02")
    found = Theirs(our_team=ours.id)
    found.ours = _everything(session, ours, OUR_ITEM, first=None, name="陈秀兰", street=OURS, words="您好")
    found.numbers = _everything(
        session, theirs, THEIR_ITEM, first=FIRST_OF_THEIRS, name=THEIR_NAME, street=THEIRS, words=THEIR_WORDS
    )
    return found


def _everything(
    session: Session, team: Team, item: str, *, first: int | None, name: str, street: str, words: str
) -> dict[str, int | str]:
    def number(at: int) -> dict[str, Any]:
        return {} if first is None else {"id": first + 1000 * at}

    person: dict[str, Any] = {"phone": THEIR_PHONE, "id_number": THEIR_ID, "address": "蟠龙路8号"} if first else {}
    resident = a_resident(session, name=name, street=street, **person, **number(0))
    match = a_match(session, resident, policy_id=item, **number(1))
    talk = a_conversation(session, resident, (Author.RESIDENT, words), **number(2))
    case = Case(
        kind=CaseKind.HOME_VISIT, reason=CaseReason.REQUESTED, state=CaseState.OPEN, urgency=Urgency.NORMAL,
        resident_id=resident.id, match_id=match.id, policy_id=item, conversation_id=talk.id, team_id=team.id,
        summary=words, opened_at=NOON, due_at=NOON + timedelta(days=1), **number(3),
    )  # fmt: skip
    session.add(case)
    session.flush()
    mark = TalkMark(
        conversation_id=talk.id, at=NOON, by=a_staff_member(session).id, flag=TalkFlag.WRONG_ANSWER, **number(4)
    )
    mandate = Mandate(
        resident_id=resident.id, policy_id=item, holder={"name": name}, phone_id=resident.phones[0].phone_id,
        relation="女儿", proof="checked:staff:1", granted_at=NOON, expires_at=NOON + timedelta(days=90), **number(5),
    )  # fmt: skip
    entry = CareEntry(
        resident_id=resident.id, reason=CareReason.HIGH_AGE, street=street, words=words, opened_at=NOON, **number(6)
    )
    faq = KeptFaq(
        policy_id=item, topic=Topic.AMOUNT, question="什么时候发", answer="按标准发放。", case_id=case.id,
        proposed_by="staff:1", proposed_at=NOON, **number(107),
    )  # fmt: skip
    day = Appointment(case_id=case.id, team_id=team.id, on=NOON.date(), part=DayPart.MORNING, made_at=NOON, **number(8))
    sent = PolicySubmission(
        policy_id=item, version=9, effective_from=NOON.date(), text="id: x", state=SubmissionState.SUBMITTED,
        submitted_by="staff:1", submitted_at=NOON, **number(109),
    )  # fmt: skip
    session.add_all((mark, mandate, entry, faq, day, sent))
    session.flush()
    return {
        "resident_id": resident.id, "match_id": match.id, "conversation_id": talk.id, "case_id": case.id,
        "mark_id": mark.id, "mandate_id": mandate.id, "entry_id": entry.id, "policy_id": item,
        "submission_id": sent.id, "faq_id": faq.id, "answer_id": faq.id,
    }  # fmt: skip


def limits(found: Theirs) -> dict[Reach, dict[str, object]]:
    """What an account is given, for each way to see less than the district."""
    return {
        Reach.STREETS: {"reach": Reach.STREETS, "streets": [OURS]},
        Reach.TEAM: {"reach": Reach.TEAM, "team_id": found.our_team},
        Reach.DEPARTMENT: {"reach": Reach.DEPARTMENT, "department": "深圳市民政局"},
    }
