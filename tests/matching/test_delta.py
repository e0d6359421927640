"""Why an open match closes, as a table of what the files may say."""

from __future__ import annotations

from datetime import date

import pytest

from models.vocabulary import CLOSED_MATCH_STATES, DeltaKind, MatchState, ResidentStatus
from scheduler.matching.delta import Closing, Standing, closing_of, may_match_again

PRESENT, DECEASED, MOVED = ResidentStatus.PRESENT, ResidentStatus.DECEASED, ResidentStatus.MOVED


@pytest.mark.parametrize(
    ("eligible", "enrolled", "status", "rule_changed", "closing"),
    [
        (True, False, PRESENT, False, None),
        (None, False, PRESENT, True, None),
        (True, True, PRESENT, False, Closing(DeltaKind.ENROLLED, MatchState.ALREADY_ENROLLED)),
        (True, True, DECEASED, False, Closing(DeltaKind.DIED, MatchState.DECEASED)),
        (True, False, MOVED, False, Closing(DeltaKind.MOVED, MatchState.MOVED)),
        (False, False, PRESENT, True, Closing(DeltaKind.RULE_CHANGED, MatchState.RECALLED)),
        (False, False, PRESENT, False, Closing(DeltaKind.DATA_CORRECTED, MatchState.RECALLED)),
    ],
)
def test_closing(
    eligible: bool | None, enrolled: bool, status: ResidentStatus, rule_changed: bool, closing: Closing | None
) -> None:
    assert closing_of(Standing(eligible, enrolled, status, rule_changed=rule_changed)) == closing


def test_a_check_up_of_last_year_leaves_room_for_this_years() -> None:
    assert may_match_again(MatchState.ATTENDED, date(2025, 9, 1), as_of=date(2026, 1, 2))
    assert not may_match_again(MatchState.ATTENDED, date(2026, 1, 1), as_of=date(2026, 1, 2))


def test_nobody_who_declined_or_stopped_is_matched_again() -> None:
    lasting = CLOSED_MATCH_STATES - {MatchState.RECALLED, MatchState.EXPIRED, MatchState.MOVED, MatchState.ATTENDED}
    assert lasting
    assert not any(may_match_again(state, date(2020, 1, 1), as_of=date(2026, 1, 1)) for state in lasting)
