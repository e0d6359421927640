"""State machines: which change of state is lawful, one table each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from models.vocabulary import CLOSED_MATCH_STATES, OPEN_MATCH_STATES, CaseState, ContactState, MatchState

State = TypeVar("State", bound=StrEnum)


class UnlawfulTransition(ValueError):  # noqa: N818 - a statement of what happened reads better than an -Error
    """A state change that the table does not allow."""


C = ContactState
CONTACT_TRANSITIONS: dict[ContactState, frozenset[ContactState]] = {
    C.PLANNED: frozenset({C.SENDING, C.CANCELLED}),
    # A receipt may overtake the answer to our own create, so `sending` can settle straight to an end state.
    # A 429 was not processed: the contact goes back to planned.
    C.SENDING: frozenset(
        {C.PLANNED, C.ACCEPTED, C.REJECTED, C.UNKNOWN, C.DELIVERED, C.UNDELIVERED, C.ANSWERED, C.NO_ANSWER, C.BUSY}
        | {C.VOICEMAIL, C.CANCELLED}
    ),
    # Nothing is ever resent from unknown.
    C.UNKNOWN: frozenset(
        {C.ACCEPTED, C.DELIVERED, C.UNDELIVERED, C.ANSWERED, C.NO_ANSWER, C.BUSY, C.VOICEMAIL, C.NOT_SENT}
    ),
    C.ACCEPTED: frozenset({C.DELIVERED, C.UNDELIVERED, C.ANSWERED, C.NO_ANSWER, C.BUSY, C.VOICEMAIL}),
    C.DELIVERED: frozenset({C.ANSWERED}),
    C.UNDELIVERED: frozenset({C.DELIVERED, C.ANSWERED}),
    C.NO_ANSWER: frozenset({C.ANSWERED}),
    C.BUSY: frozenset({C.ANSWERED}),
    C.VOICEMAIL: frozenset({C.ANSWERED}),
    C.NOT_SENT: frozenset({C.ACCEPTED, C.DELIVERED, C.UNDELIVERED}),
    C.REJECTED: frozenset(),
    C.CANCELLED: frozenset(),
    C.ANSWERED: frozenset(),
}

# Any open state may move to any other open state and to any closed one. A closed match stays closed, except that an
# application feed may correct the way it closed, and a released stop reopens what that stop had closed.
MATCH_TRANSITIONS: dict[MatchState, frozenset[MatchState]] = {
    **{state: frozenset(MatchState) - {state, MatchState.NEW} for state in OPEN_MATCH_STATES},
    **{state: frozenset() for state in CLOSED_MATCH_STATES},
    **{
        state: frozenset({MatchState.IN_OUTREACH})
        for state in (
            MatchState.OPTED_OUT,
            MatchState.DECEASED,
            MatchState.DECLINED,
            MatchState.MOVED,
            MatchState.UNREACHABLE,
        )
    },
    # Who agreed by text may take it back; what was sent to the deciding authority is a person's to withdraw.
    MatchState.APPLIED_BY_REPLY: frozenset({MatchState.DECLINED}),
}

CASE_TRANSITIONS: dict[CaseState, frozenset[CaseState]] = {
    CaseState.OPEN: frozenset({CaseState.ACCEPTED, CaseState.RESOLVED, CaseState.CANCELLED}),
    CaseState.ACCEPTED: frozenset({CaseState.OPEN, CaseState.RESOLVED, CaseState.CANCELLED}),
    CaseState.RESOLVED: frozenset({CaseState.CONFIRMED, CaseState.OPEN}),
    CaseState.CONFIRMED: frozenset({CaseState.OPEN}),
    CaseState.CANCELLED: frozenset({CaseState.OPEN}),
}


def check_transition(table: Mapping[State, frozenset[State]], old: State, new: State) -> None:
    """Raise `UnlawfulTransition` unless `table` allows `old` → `new`."""
    if new not in table[old]:
        raise UnlawfulTransition(f"{type(old).__name__}: {old} → {new} is not allowed")
