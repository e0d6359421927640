"""The steps somebody at a desk takes with a case, as long as it is still as they saw it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from models.case import Case
from models.vocabulary import CaseState
from outreach_api.cases import work_case
from outreach_api.cases.work_case import Assignee, CaseTaken, find_case


class Step(StrEnum):
    ACCEPT = "accept"
    HAND_BACK = "hand_back"
    FEEDBACK = "feedback"
    RESOLVE = "resolve"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    CANCEL = "cancel"


# What a case in each state offers, the usual next step first.
STEPS_IN: dict[CaseState, tuple[Step, ...]] = {
    CaseState.OPEN: (Step.ACCEPT, Step.FEEDBACK, Step.CANCEL),
    CaseState.ACCEPTED: (Step.RESOLVE, Step.FEEDBACK, Step.HAND_BACK, Step.CANCEL),
    CaseState.RESOLVED: (Step.CONFIRM, Step.REOPEN),
    CaseState.CONFIRMED: (Step.REOPEN,),
    CaseState.CANCELLED: (Step.REOPEN,),
}
NOTE_NEEDED = frozenset({Step.FEEDBACK, Step.REOPEN, Step.CANCEL})


class NoteMissing(ValueError):  # noqa: N818
    """This step needs a word on why, or on what was said."""


def as_shown(session: Session, case_id: int, version: int) -> Case:
    """The case, held, if it is still the one that was shown.

    Raises:
        CaseNotFound: no such case.
        CaseTaken: it changed.
    """
    case = find_case(session, case_id)
    if case.version != version:
        raise CaseTaken(f"case {case_id} changed since it was shown")
    return case


def take_step(
    session: Session, case_id: int, step: Step, *, staff_id: int, seen_version: int, note: str, now: datetime
) -> Case:
    """Take one step on behalf of a member of staff.

    Raises:
        NoteMissing: it needs a note.
        CaseNotFound: no such case.
        CaseTaken: it changed since `seen_version`, or a colleague has it.
        HandsFull: they have enough in hand.
        UnlawfulTransition: its state does not allow the step.
    """
    by = f"staff:{staff_id}"
    if step in NOTE_NEEDED and not note:
        raise NoteMissing(f"{step.value} needs a note")
    if step is Step.ACCEPT:
        return work_case.accept(session, case_id, Assignee(staff_id=staff_id), by=by, now=now)
    case = as_shown(session, case_id, seen_version)
    match step:
        case Step.HAND_BACK:
            work_case.hand_back(session, case, by=by, now=now, note=note or None)
        case Step.FEEDBACK:
            work_case.give_feedback(session, case, by=by, now=now, note=note)
        case Step.RESOLVE:
            work_case.resolve(session, case, by=by, now=now, note=note or None)
        case Step.CONFIRM:
            work_case.confirm(session, case, by=by, now=now)
        case Step.REOPEN:
            work_case.reopen(session, case, by=by, now=now, note=note)
        case Step.CANCEL:
            work_case.cancel(session, case, by=by, now=now, note=note)
    return case
