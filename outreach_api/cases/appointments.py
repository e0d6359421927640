"""Appointments at the door: made, kept, missed, called off. A case has at most one that stands."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from models.case import Appointment, Case
from models.transitions import CASE_TRANSITIONS, check_transition
from models.vocabulary import AppointmentState, CaseKind, CaseState
from outreach_api.cases.clocks import Milestone, reach
from outreach_api.cases.open_case import record_change
from outreach_api.cases.promises import DISTRICT_HOURS, ONE_DAY
from outreach_api.cases.routing import Slot, Suits, Wish
from outreach_api.cases.work_case import end_appointment, hand_back, standing_appointment
from outreach_api.conversations.proof import issue_for_visit


def appoint(session: Session, case: Case, team_id: int, slot: Slot, *, by: str, now: datetime) -> Appointment:
    """Promise that a team comes; the case is then in its hands. An earlier appointment is called off.

    The caller holds the case and has looked whether the slot is free.

    Raises:
        UnlawfulTransition: the case is finished.
        ValueError: it is no home visit.
    """
    if case.kind is not CaseKind.HOME_VISIT:
        raise ValueError("only home visits are appointed")
    if case.state is not CaseState.ACCEPTED:
        check_transition(CASE_TRANSITIONS, case.state, CaseState.ACCEPTED)
    end_appointment(case, AppointmentState.CALLED_OFF)
    made = Appointment(team_id=team_id, on=slot.on, part=slot.part, state=AppointmentState.STANDING, made_at=now)
    case.appointments.append(made)
    case.state, case.team_id = CaseState.ACCEPTED, team_id
    case.accepted_at = case.accepted_at or now
    reach(case, Milestone.APPOINTED, now)
    detail = {"team": team_id, "on": slot.on.isoformat(), "part": slot.part.value}
    record_change(session, case, "appointed", by=by, now=now, detail=detail)
    ends = datetime.combine(slot.on + ONE_DAY, time(), DISTRICT_HOURS.zone).astimezone(UTC)
    issue_for_visit(session, made.id, until=ends, now=now)
    return made


def wish_for(session: Session, case: Case, wish: Wish, *, by: str, now: datetime) -> None:
    """Keep when a visit would suit the resident; one that stands at another time is made anew."""
    case.wanted_from, case.wanted_to = wish.from_.astimezone(UTC), wish.to.astimezone(UTC)
    standing = standing_appointment(case)
    if standing is not None and wish.suited_by(Slot(standing.on, standing.part)) is not Suits.THEN:
        hand_back(session, case, by=by, now=now)


def wish_of(case: Case) -> Wish | None:
    return Wish(case.wanted_from, case.wanted_to) if case.wanted_from and case.wanted_to else None


def give_up_missed(session: Session, today: date, *, now: datetime) -> int:
    """Put cases whose day went by without a visit back into the queue; how many. They are appointed before others."""
    missed = session.scalars(_missed(), {"today": today}).all()
    for appointment in missed:
        case = appointment.case
        end_appointment(case, AppointmentState.MISSED)
        record_change(session, case, "missed", by="system", now=now, detail={"on": appointment.on.isoformat()})
        if case.state is CaseState.ACCEPTED:
            hand_back(session, case, by="system", now=now)
    return len(missed)


@cache
def _missed() -> Select[Appointment]:
    past = (Appointment.state == AppointmentState.STANDING, Appointment.on < bindparam("today"))
    return select(Appointment).where(*past).order_by(Appointment.id)
