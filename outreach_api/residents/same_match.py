"""One person was matched twice to a policy: which of the matches stands, and in which order they are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import IntEnum

from models.match import Match
from models.vocabulary import MatchState
from scheduler.matching.delta import may_match_again

_WISHED = frozenset(
    {MatchState.INTERESTED, MatchState.CALLBACK, MatchState.IN_QUEUE, MatchState.AWAITING_RESULT, MatchState.DECLINED}
)


class Weight(IntEnum):
    """What one match says against another of the same person and policy."""

    OVER = 0
    """Closed so that it may open again, or never reached."""
    OPEN = 1
    WORD = 2
    """The person's own word; of two, the later."""
    FINAL = 3
    """They have it, applied for it, want no messages, or died."""


def weight_of(state: MatchState, closed_at: datetime | None, *, today: date) -> Weight:
    if state in _WISHED:
        return Weight.WORD
    if closed_at is None:
        return Weight.OPEN
    if state is MatchState.UNREACHABLE or may_match_again(state, closed_at.date(), as_of=today):
        return Weight.OVER
    return Weight.FINAL


def in_order(matches: Sequence[Match], *, today: date) -> list[Match]:
    """The one that stands last: matching looks at the last alone."""

    def place(match: Match) -> tuple[Weight, datetime, int]:
        return weight_of(match.state, match.closed_at, today=today), match.state_changed_at, match.id

    return sorted(matches, key=place)
