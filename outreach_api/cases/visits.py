"""A visit at the door, and what its outcome means for the match, the person and the case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import Case, Team, Visit
from models.match import Match
from models.resident import ResidentPhone
from models.session import lock_resident
from models.vocabulary import (
    AppointmentState,
    CaseKind,
    CaseReason,
    CaseState,
    MatchState,
    StopReason,
    VisitOutcome,
)
from outreach_api.cases.clocks import Milestone, reach
from outreach_api.cases.open_case import OPEN_CASE_STATES, open_case, record_change
from outreach_api.cases.work_case import end_appointment, hand_back, resolve, standing_appointment
from scheduler.matching.moves import move_match
from scheduler.planning.stops import StopScope, place_stop

TRIES_AT_THE_DOOR = 3


class VisitRefused(ValueError):  # noqa: N818
    """The visit cannot be kept as it was sent; says why."""


class Agreed(StrEnum):
    """Whether the resident agreed, at the door, that we apply for them."""

    YES = "yes"
    NOT_ASKED = "not_asked"


class Reach(StrEnum):
    """How far an outcome goes: this benefit, or everything we offer this person."""

    MATCH = "match"
    PERSON = "person"


@dataclass(frozen=True)
class Effect:
    closes_as: MatchState
    reach: Reach = Reach.MATCH
    stop: StopReason | None = None
    check: CaseReason | None = None
    """What a person at a desk then has to make sure of."""


EFFECTS: dict[VisitOutcome, Effect] = {
    VisitOutcome.APPLIED: Effect(MatchState.APPLIED_BY_VISIT),
    VisitOutcome.ATTENDED: Effect(MatchState.ATTENDED),
    VisitOutcome.DECLINED: Effect(MatchState.DECLINED),
    VisitOutcome.ALREADY_ENROLLED: Effect(MatchState.ALREADY_ENROLLED),
    VisitOutcome.MOVED: Effect(MatchState.MOVED, Reach.PERSON, check=CaseReason.CHECK_MOVE),
    VisitOutcome.DECEASED: Effect(
        MatchState.DECEASED, Reach.PERSON, stop=StopReason.DECEASED, check=CaseReason.CHECK_DEATH
    ),
    # Takes effect only after the last try; until then the case goes back into the queue.
    VisitOutcome.NOT_HOME: Effect(MatchState.UNREACHABLE),
}


def record_visit(
    session: Session,
    case: Case,
    client_id: str,
    team: Team | None,
    visit_on: date,
    outcome: VisitOutcome,
    policy_id: str | None,
    note: str | None,
    now: datetime,
    *,
    consented: Agreed = Agreed.NOT_ASKED,
) -> Visit:
    """Keep a visit and its effects in the caller's transaction; the same `client_id` twice is one visit.

    `policy_id` says which of the resident's benefits it was about; without it, the case's own match. A match that has
    closed otherwise meanwhile stays as it is.

    Raises:
        VisitRefused: the client id belongs to another case, or the resident has no match for that policy.
    """
    if case.resident_id is not None:
        lock_resident(session, case.resident_id)
    known = session.scalars(select(Visit).where(Visit.client_id == client_id)).first()
    if known is not None:
        if known.case_id != case.id:
            raise VisitRefused("this client_id was used for a visit of another case")
        return known
    match = _match_visited(session, case, policy_id)
    visit = Visit(
        client_id=client_id,
        case_id=case.id,
        team_id=team.id if team else None,
        visit_on=visit_on,
        policy_id=policy_id or (match.policy_id if match else None),
        outcome=outcome,
        note=note,
        recorded_at=now,
        consented_at=now if consented is Agreed.YES else None,
    )
    session.add(visit)
    session.flush()
    _follow_up(session, case, match, visit, by=f"team:{team.code}" if team else "team", now=now)
    return visit


def _follow_up(session: Session, case: Case, match: Match | None, visit: Visit, *, by: str, now: datetime) -> None:
    case.first_feedback_at = case.first_feedback_at or now
    # Who came without an appointment has kept the promise of one.
    reach(case, Milestone.APPOINTED, now)
    if _is_due_on(case, visit.visit_on):
        end_appointment(case, AppointmentState.KEPT)
    detail = {"outcome": visit.outcome.value, "visit": visit.id}
    record_change(session, case, "visited", by=by, now=now, detail=detail)
    if visit.outcome is VisitOutcome.NOT_HOME and _tries(session, case) < TRIES_AT_THE_DOOR:
        _try_again(session, case, by=by, now=now)
        _settle_alongside(session, case, visit, by=by, now=now)
        return
    _apply(session, EFFECTS[visit.outcome], case, match, visit, now=now)
    if case.state in OPEN_CASE_STATES:
        resolve(session, case, by=by, now=now)
    _settle_alongside(session, case, visit, by=by, now=now)


def _settle_alongside(session: Session, visited: Case, visit: Visit, *, by: str, now: datetime) -> None:
    """The resident's other home visits of that day: settled where this one closed their match, else tried again.

    Nobody comes twice for one thing, and who was not at home for one was not for the other.
    """
    if visited.resident_id is None:
        return
    theirs = (Case.kind == CaseKind.HOME_VISIT, Case.resident_id == visited.resident_id, Case.id != visited.id)
    for case in session.scalars(select(Case).where(*theirs, Case.state.in_(OPEN_CASE_STATES))):
        match = session.get(Match, case.match_id) if case.match_id is not None else None
        if match is not None and match.closed_at is not None:
            resolve(session, case, by=by, now=now)
        elif visit.outcome is VisitOutcome.NOT_HOME and _is_due_on(case, visit.visit_on):
            end_appointment(case, AppointmentState.KEPT)
            _try_again(session, case, by=by, now=now)


def _is_due_on(case: Case, day: date) -> bool:
    standing = standing_appointment(case)
    return standing is not None and standing.on <= day


def _match_visited(session: Session, case: Case, policy_id: str | None) -> Match | None:
    """The newest match of the resident for the policy, else the case's own."""
    if policy_id is None or case.resident_id is None:
        return session.get(Match, case.match_id) if case.match_id is not None else None
    theirs = select(Match).where(Match.resident_id == case.resident_id, Match.policy_id == policy_id)
    match = session.scalars(theirs.order_by(Match.episode.desc())).first()
    if match is None:
        raise VisitRefused(f"this resident was not matched for {policy_id}")
    return match


def _tries(session: Session, case: Case) -> int:
    not_home = select(func.count()).where(Visit.case_id == case.id, Visit.outcome == VisitOutcome.NOT_HOME)
    return session.scalar(not_home) or 0


def _try_again(session: Session, case: Case, *, by: str, now: datetime) -> None:
    """Back into the queue, unless it was appointed for a later day meanwhile."""
    if case.state is CaseState.ACCEPTED and standing_appointment(case) is None:
        hand_back(session, case, by=by, now=now)


def _apply(session: Session, effect: Effect, case: Case, match: Match | None, visit: Visit, *, now: datetime) -> None:
    because = f"visit:{visit.id}"
    for touched in _matches_touched(session, effect, case, match):
        if touched.closed_at is None:
            move_match(session, touched, effect.closes_as, because=because, now=now)
    if effect.stop is not None:
        scope = StopScope(case.resident_id, _first_phone(session, case.resident_id))
        place_stop(session, effect.stop, scope, placed_by="visit", message_id=None, now=now)
    if effect.check is not None:
        open_case(
            session,
            kind=CaseKind.IDENTITY,
            reason=effect.check,
            now=now,
            resident_id=case.resident_id,
            summary=visit.note,
        )


def _matches_touched(session: Session, effect: Effect, case: Case, match: Match | None) -> list[Match]:
    if effect.reach is Reach.PERSON and case.resident_id is not None:
        theirs = select(Match).where(Match.resident_id == case.resident_id, Match.closed_at.is_(None))
        return list(session.scalars(theirs))
    return [match] if match is not None else []


def _first_phone(session: Session, resident_id: int | None) -> int | None:
    theirs = select(ResidentPhone.phone_id).where(ResidentPhone.resident_id == resident_id)
    return session.scalars(theirs.order_by(ResidentPhone.rank)).first()
