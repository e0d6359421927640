"""Outcomes that a resident states in content, and what each one comes to: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from models.vocabulary import CaseKind, CaseReason, ConversationOutcome, MatchState
from outreach_api.conversations.callback import ask_time, take_time
from outreach_api.conversations.decision import KnownMatch, MoveMatch, OpenCase
from outreach_api.conversations.draft import Draft

O = ConversationOutcome  # noqa: E741


class Reach(StrEnum):
    """Which of the resident's matches an outcome is about."""

    SPOKEN_OF = "spoken_of"
    ALL = "all"


@dataclass(frozen=True)
class Consequence:
    line: str
    reach: Reach = Reach.SPOKEN_OF
    to: MatchState | None = None
    case: tuple[CaseKind, CaseReason] | None = None


# Stops are in stopping.py, a yes and a no in wishes.py, a time in callback.py: they need more than a row.
CONSEQUENCES: Mapping[ConversationOutcome, Consequence] = MappingProxyType(
    {
        O.ALREADY_ENROLLED: Consequence(
            "already_enrolled",
            to=MatchState.ALREADY_ENROLLED,
            case=(CaseKind.HUMAN, CaseReason.CHECK_ENROLMENT),
        ),
        O.MOVED: Consequence("moved", Reach.ALL, MatchState.MOVED, case=(CaseKind.IDENTITY, CaseReason.CHECK_MOVE)),
        O.ESCALATED: Consequence("human", case=(CaseKind.HUMAN, CaseReason.REQUESTED)),
    }
)


def take_outcome(draft: Draft, outcome: ConversationOutcome) -> None:
    """Follow an outcome that is a row of the table, or a time to call back."""
    if outcome is O.CALLBACK:
        if not take_time(draft):
            ask_time(draft)
        return
    consequence = CONSEQUENCES.get(outcome)
    if consequence is None:
        return
    if outcome is O.ESCALATED and _brings_its_own_case(draft):
        draft.conclude(outcome)
        return
    matches = _reached(draft, consequence.reach)
    if consequence.to:
        draft.do(*(MoveMatch(match.match_id, consequence.to) for match in matches if match.is_open))
    if consequence.case:
        match = matches[0] if len(matches) == 1 else None
        draft.do(OpenCase(*consequence.case, match, summary=draft.heard.text[:300]))
    draft.say(consequence.line)
    draft.set(asked=None)
    draft.conclude(outcome)


def _brings_its_own_case(draft: Draft) -> bool:
    turn = draft.heard.turn
    return turn is not None and any(directive["do"] == "case" for directive in turn.directives)


def _reached(draft: Draft, reach: Reach) -> list[KnownMatch]:
    if not draft.is_known:
        return []
    return list(draft.context.matches) if reach is Reach.ALL else draft.spoken_of()
