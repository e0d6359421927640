"""Working a case: who has it, what was said back, how it ended."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import Appointment, Case
from models.staff import Staff
from models.transitions import CASE_TRANSITIONS, UnlawfulTransition, check_transition
from models.vocabulary import AppointmentState, CaseState, EscalationLevel
from outreach_api.cases.clocks import Milestone, reach
from outreach_api.cases.open_case import hours_in_force, record_change
from outreach_api.cases.promises import due_time

FINISHED = frozenset({CaseState.RESOLVED, CaseState.CONFIRMED, CaseState.CANCELLED})


class CaseNotFound(LookupError):  # noqa: N818
    """There is no case of that number."""


class CaseTaken(Exception):  # noqa: N818
    """Somebody else has this case already, or it is no longer open."""


class HandsFull(Exception):  # noqa: N818
    """They have as many cases in hand as one person can have."""


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
        HandsFull: whoever takes it has enough in hand.
    """
    case = find_case(session, case_id)
    if case.state is CaseState.OPEN:
        _check_hands(session, to)
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
        HandsFull: whoever is to have it has enough in hand.
        UnlawfulTransition: it is closed.
    """
    case = find_case(session, case_id)
    if case.version != seen_version:
        raise CaseTaken(f"case {case_id} changed since it was shown")
    if case.staff_id != to.staff_id:
        _check_hands(session, to)
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
    end_appointment(case, AppointmentState.CALLED_OFF)
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
    end_appointment(case, AppointmentState.CALLED_OFF)
    record_change(session, case, "resolved", by=by, now=now, note=note)


def confirm(session: Session, case: Case, *, by: str, now: datetime) -> None:
    """The resident agrees that it is done."""
    _move(case, CaseState.CONFIRMED)
    case.confirmed_at = now
    record_change(session, case, "confirmed", by=by, now=now)


def cancel(session: Session, case: Case, *, by: str, now: datetime, note: str | None = None) -> None:
    _move(case, CaseState.CANCELLED)
    end_appointment(case, AppointmentState.CALLED_OFF)
    record_change(session, case, "cancelled", by=by, now=now, note=note)


def reopen(session: Session, case: Case, *, by: str, now: datetime, note: str) -> None:
    """Open a finished case again with a new promise; what happened before stays in its history.

    Raises:
        UnlawfulTransition: it is not finished.
    """
    _open_again(case, FINISHED)
    case.accepted_at = case.first_feedback_at = case.resolved_at = case.confirmed_at = case.kept_at = None
    case.staff_id = case.merged_into_id = case.asked_by = None
    case.escalation = EscalationLevel.NONE
    case.due_at = due_time(case.kind, now, hours_in_force(session))
    record_change(session, case, "reopened", by=by, now=now, note=note)


def _check_hands(session: Session, to: Assignee) -> None:
    if to.staff_id is None:
        return
    # Their row is held, so that two cases taken in the same moment are counted one after the other.
    staff = session.get(Staff, to.staff_id, with_for_update=True)
    if staff is None or staff.most_cases is None:
        return
    in_hand = select(func.count(Case.id)).where(Case.staff_id == staff.id, Case.state == CaseState.ACCEPTED)
    if (session.scalar(in_hand) or 0) >= staff.most_cases:
        raise HandsFull(f"staff {staff.id} has {staff.most_cases} cases in hand")


def standing_appointment(case: Case) -> Appointment | None:
    return next((one for one in case.appointments if one.state is AppointmentState.STANDING), None)


def end_appointment(case: Case, how: AppointmentState) -> None:
    """Let the standing appointment, if there is one, be kept, missed or called off."""
    standing = standing_appointment(case)
    if standing is not None:
        standing.state = how


def _move(case: Case, new: CaseState) -> None:
    check_transition(CASE_TRANSITIONS, case.state, new)
    case.state = new


def _open_again(case: Case, before: Set[CaseState]) -> None:
    if case.state not in before:
        raise UnlawfulTransition(f"a case that is {case.state.value} cannot be put back")
    _move(case, CaseState.OPEN)


def _holder(case: Case) -> dict[str, int | None]:
    return {"team": case.team_id, "staff": case.staff_id}
