"""Working a case: who has it, what was said back, how it ended."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from models.case import Case
from models.transitions import CASE_TRANSITIONS, UnlawfulTransition, check_transition
from models.vocabulary import CaseState, EscalationLevel
from outreach_api.cases.clocks import Milestone, reach
from outreach_api.cases.open_case import hours_in_force, record_change
from outreach_api.cases.promises import due_time

FINISHED = frozenset({CaseState.RESOLVED, CaseState.CONFIRMED, CaseState.CANCELLED})


class CaseNotFound(LookupError):  # noqa: N818
    """There is no case of that number."""


class CaseTaken(Exception):  # noqa: N818
    """Somebody else has this case already, or it is no longer open."""


@dataclass(frozen=True)
class Assignee:
    """Who takes a case: a team that goes there, a person at a desk, or both."""

    team_id: int | None = None
    staff_id: int | None = None

    def has(self, case: Case) -> bool:
        return (case.team_id, case.staff_id) == (self.team_id, self.staff_id)


def find_case(session: Session, case_id: int) -> Case:
    """The case, held until the transaction ends.

    Raises:
        CaseNotFound: no such case.
    """
    case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise CaseNotFound(f"there is no case {case_id}")
    return case


def accept(session: Session, case_id: int, to: Assignee, *, by: str, now: datetime) -> Case:
    """Take an open case. Of two who try at once one gets it; who has it already may ask again.

    Raises:
        CaseNotFound: no such case.
        CaseTaken: another has it, or it is closed.
    """
    case = find_case(session, case_id)
    if case.state is CaseState.OPEN:
        case.state = CaseState.ACCEPTED
        case.team_id, case.staff_id = to.team_id, to.staff_id
        case.accepted_at = now
        record_change(session, case, "accepted", by=by, now=now, detail=_holder(case))
    elif case.state is not CaseState.ACCEPTED or not to.has(case):
        raise CaseTaken(f"case {case_id} is {case.state.value}")
    return case


def assign(session: Session, case_id: int, to: Assignee, *, seen_version: int, by: str, now: datetime) -> Case:
    """Give a case to somebody, as long as it is still as the supervisor saw it.

    Raises:
        CaseNotFound: no such case.
        CaseTaken: it changed since `seen_version`.
        UnlawfulTransition: it is closed.
    """
    case = find_case(session, case_id)
    if case.version != seen_version:
        raise CaseTaken(f"case {case_id} changed since it was shown")
    if case.state is not CaseState.ACCEPTED:
        check_transition(CASE_TRANSITIONS, case.state, CaseState.ACCEPTED)
    case.state = CaseState.ACCEPTED
    case.team_id, case.staff_id = to.team_id, to.staff_id
    case.accepted_at = case.accepted_at or now
    record_change(session, case, "assigned", by=by, now=now, detail=_holder(case))
    return case


def hand_back(session: Session, case: Case, *, by: str, now: datetime, note: str | None = None) -> None:
    """Put an accepted case back into the queue; its promise stands.

    Raises:
        UnlawfulTransition: nobody has it.
    """
    _open_again(case, {CaseState.ACCEPTED})
    case.accepted_at = None
    case.staff_id = None
    record_change(session, case, "handed_back", by=by, now=now, note=note)


def give_feedback(session: Session, case: Case, *, by: str, now: datetime, note: str) -> None:
    """Keep what was told to the resident; the first time stops the clock of first feedback."""
    case.first_feedback_at = case.first_feedback_at or now
    reach(case, Milestone.FIRST_FEEDBACK, now)
    record_change(session, case, "feedback", by=by, now=now, note=note)


def resolve(session: Session, case: Case, *, by: str, now: datetime, note: str | None = None) -> None:
    _move(case, CaseState.RESOLVED)
    case.resolved_at = now
    case.first_feedback_at = case.first_feedback_at or now
    reach(case, Milestone.RESOLVED, now)
    record_change(session, case, "resolved", by=by, now=now, note=note)


def confirm(session: Session, case: Case, *, by: str, now: datetime) -> None:
    """The resident agrees that it is done."""
    _move(case, CaseState.CONFIRMED)
    case.confirmed_at = now
    record_change(session, case, "confirmed", by=by, now=now)


def cancel(session: Session, case: Case, *, by: str, now: datetime, note: str | None = None) -> None:
    _move(case, CaseState.CANCELLED)
    record_change(session, case, "cancelled", by=by, now=now, note=note)


def reopen(session: Session, case: Case, *, by: str, now: datetime, note: str) -> None:
    """Open a finished case again with a new promise; what happened before stays in its history.

    Raises:
        UnlawfulTransition: it is not finished.
    """
    _open_again(case, FINISHED)
    case.accepted_at = case.first_feedback_at = case.resolved_at = case.confirmed_at = case.kept_at = None
    case.staff_id = case.merged_into_id = None
    case.escalation = EscalationLevel.NONE
    case.due_at = due_time(case.kind, now, hours_in_force(session))
    record_change(session, case, "reopened", by=by, now=now, note=note)


def _move(case: Case, new: CaseState) -> None:
    check_transition(CASE_TRANSITIONS, case.state, new)
    case.state = new


def _open_again(case: Case, before: Set[CaseState]) -> None:
    if case.state not in before:
        raise UnlawfulTransition(f"a case that is {case.state.value} cannot be put back")
    _move(case, CaseState.OPEN)


def _holder(case: Case) -> dict[str, int | None]:
    return {"team": case.team_id, "staff": case.staff_id}
