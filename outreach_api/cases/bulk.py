"""Giving many cases to one colleague at once: each by itself, so that one that changed holds up no other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from models.session import Sessions
from models.transitions import UnlawfulTransition
from outreach_api.cases.open_case import record_change
from outreach_api.cases.work_case import Assignee, CaseNotFound, CaseTaken, HandsFull, assign

MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Given:
    """How many were given, and how many were not because they had changed, were closed, or hands were full."""

    given: int
    left: int


def give_many(
    sessions: Sessions, seen: Iterable[tuple[int, int]], staff_id: int, *, why: str, by: str, now: datetime
) -> Given:
    """Give cases, each with the version it was seen in, to one member of staff."""
    given = left = 0
    for case_id, version in list(seen)[:MOST_AT_ONCE]:
        try:
            with sessions.write() as session:
                case = assign(session, case_id, Assignee(staff_id=staff_id), seen_version=version, by=by, now=now)
                record_change(session, case, "routed_by_hand", by=by, now=now, note=why)
        except (CaseNotFound, CaseTaken, HandsFull, UnlawfulTransition):
            left += 1
        else:
            given += 1
    return Given(given, left)
