"""Why a match opens again or closes: pure decisions on what the population files now say of a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from models.vocabulary import DeltaKind, MatchState, ResidentStatus

# Closed because eligibility ended: it may open again when the person is eligible anew.
REOPENABLE = frozenset({MatchState.RECALLED, MatchState.EXPIRED, MatchState.MOVED})


@dataclass(frozen=True)
class Standing:
    """What the files now say of somebody who has an open match."""

    eligible: bool | None
    enrolled: bool
    status: ResidentStatus
    rule_changed: bool


@dataclass(frozen=True)
class Closing:
    delta: DeltaKind
    state: MatchState


def closing_of(standing: Standing) -> Closing | None:
    """Whether an open match closes, and why. Not knowing (`eligible` None) closes nothing."""
    if standing.status is ResidentStatus.DECEASED:
        return Closing(DeltaKind.DIED, MatchState.DECEASED)
    if standing.enrolled:
        return Closing(DeltaKind.ENROLLED, MatchState.ALREADY_ENROLLED)
    if standing.status is ResidentStatus.MOVED:
        return Closing(DeltaKind.MOVED, MatchState.MOVED)
    if standing.eligible is not False:
        return None
    if standing.rule_changed:
        return Closing(DeltaKind.RULE_CHANGED, MatchState.RECALLED)
    return Closing(DeltaKind.DATA_CORRECTED, MatchState.RECALLED)


def may_match_again(state: MatchState, closed_on: date, *, as_of: date) -> bool:
    """Whether a closed match leaves room for a new one. A check-up attended in an earlier year does."""
    if state is MatchState.ATTENDED:
        return closed_on.year < as_of.year
    return state in REOPENABLE
