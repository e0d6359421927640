"""How a case stands against its promise: which step keeps it, and whether that step came in time."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from models.case import Case
from models.vocabulary import CaseKind, CaseState


class Milestone(StrEnum):
    APPOINTED = "appointed"
    FIRST_FEEDBACK = "first_feedback"
    RESOLVED = "resolved"


# What the resident was promised by `due_at`. Resolving a case keeps any promise.
KEPT_WHEN: dict[CaseKind, Milestone] = {
    CaseKind.HOME_VISIT: Milestone.APPOINTED,
    CaseKind.HUMAN: Milestone.FIRST_FEEDBACK,
    CaseKind.APPEAL: Milestone.FIRST_FEEDBACK,
    CaseKind.COMPLAINT: Milestone.RESOLVED,
    CaseKind.POLICY_QUESTION: Milestone.RESOLVED,
    CaseKind.IDENTITY: Milestone.RESOLVED,
    CaseKind.RIGHTS: Milestone.RESOLVED,
}


class Standing(StrEnum):
    RUNNING = "running"
    KEPT = "kept"
    KEPT_LATE = "kept_late"
    BROKEN = "broken"
    """The time is over and nothing happened yet."""
    VOID = "void"
    """Cancelled before anything was due to anybody."""


def reach(case: Case, milestone: Milestone, now: datetime) -> None:
    """Stop the clock of the promise, if this is the step that keeps it. What was kept once stays kept."""
    if case.kept_at is None and milestone in (KEPT_WHEN[case.kind], Milestone.RESOLVED):
        case.kept_at = now


def standing(case: Case, now: datetime) -> Standing:
    if case.kept_at is not None:
        return Standing.KEPT if case.kept_at <= case.due_at else Standing.KEPT_LATE
    if case.state is CaseState.CANCELLED:
        return Standing.VOID
    return Standing.RUNNING if now <= case.due_at else Standing.BROKEN
