"""Whether a call goes on after a turn, ends, or is handed to a person: a rule of values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from models.vocabulary import CaseKind, CaseReason, ConversationOutcome, Question
from outreach_api.cases.promises import DISTRICT_HOURS, WorkingHours

O = ConversationOutcome  # noqa: E741
# After one of these there is nothing more to say in this call.
_FINAL = frozenset({O.DECLINED, O.ALREADY_ENROLLED, O.MOVED, O.CALLBACK, O.OPTED_OUT, O.WRONG_PERSON, O.DECEASED})
_FOR_AN_AGENT = frozenset({CaseReason.REQUESTED, CaseReason.NOT_UNDERSTOOD, CaseReason.BOT_UNAVAILABLE})


class Next(StrEnum):
    GO_ON = "go_on"
    END = "end"
    TRANSFER = "transfer"


@dataclass(frozen=True)
class OpenedCase:
    case_id: int
    kind: CaseKind
    reason: CaseReason
    due_at: datetime


@dataclass(frozen=True)
class Turned:
    """What came of one thing said: the answer, and where the conversation now stands."""

    text: str
    outcome: ConversationOutcome
    outcome_changed: bool
    asked: Question | None
    stopped: bool
    resident_id: int | None
    said: frozenset[str] = frozenset()
    """The fixed lines the bot chose, such as `goodbye`."""
    answered: bool = False
    """A question was answered."""
    preferences: frozenset[str] = frozenset()
    case: OpenedCase | None = None
    in_human_hands: bool = False
    """A member of staff has the talk: they will say something."""


def what_follows(turned: Turned, *, agents_reachable: bool) -> Next:
    """A stop outranks all; whom a colleague speaks with is not hung up on; then the wish for a person.

    An open question keeps the line open.
    """
    if turned.stopped:
        return Next.END
    if turned.in_human_hands:
        return Next.GO_ON
    case = turned.case
    if case and case.kind is CaseKind.HUMAN and case.reason in _FOR_AN_AGENT:
        if agents_reachable:
            return Next.TRANSFER
        return Next.GO_ON if case.reason is CaseReason.REQUESTED else Next.END
    if not turned.text or "goodbye" in turned.said:
        return Next.END
    if turned.asked is not None:
        return Next.GO_ON
    return Next.END if turned.outcome_changed and turned.outcome in _FINAL else Next.GO_ON


def somebody_is_at_work(now: datetime, hours: WorkingHours = DISTRICT_HOURS) -> bool:
    local = now.astimezone(hours.zone)
    return hours.is_working_day(local.date()) and any(start <= local.time() < end for start, end in hours.spans)
