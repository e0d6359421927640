"""Stall days on the calendar, and what is recorded at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.contact import Contact
from models.match import Match
from models.stall import StallDay, StallInvitation, StallResult
from models.transitions import MATCH_TRANSITIONS
from models.vocabulary import ContactState, MatchState, Refusal, StallOutcome
from outreach_api.cases.hall_desk import DeskRefused, close_at_counter
from scheduler.matching.moves import move_match
from scheduler.planning.budget import UNSPENT

MOST_SHOWN = 50


class StallRefused(ValueError):  # noqa: N818
    """There can be no such stall day; says why."""


@dataclass(frozen=True)
class StallPlan:
    on: date
    hours: str
    place: str
    street: str
    community: str | None = None
    estates: tuple[str, ...] = ()


@dataclass(frozen=True)
class StallFigures:
    stall: StallDay
    invited: int
    held_back: int
    outcomes: dict[StallOutcome, int]


def plan_stall(session: Session, plan: StallPlan, *, by: str, today: date, now: datetime) -> StallDay:
    """Put a stall day on the calendar.

    Raises:
        StallRefused: it is not ahead, or place, hours or street are missing.
    """
    if plan.on <= today:
        raise StallRefused("a stall day is announced at least the day before")
    if not all(text.strip() for text in (plan.hours, plan.place, plan.street)):
        raise StallRefused("say where, when and for which street")
    stall = StallDay(
        on=plan.on,
        hours=plan.hours.strip(),
        place=plan.place.strip(),
        street=plan.street.strip(),
        community=(plan.community or "").strip() or None,
        estates=[estate.strip() for estate in plan.estates if estate.strip()],
        created_by=by,
        created_at=now,
    )
    session.add(stall)
    session.flush()
    return stall


def cancel_stall(session: Session, stall_id: int, *, now: datetime) -> None:
    """Call a stall day off, with the invitations that have not gone out."""
    stall = session.get(StallDay, stall_id, with_for_update=True)
    if stall is None or stall.cancelled_at is not None:
        return
    stall.cancelled_at = now
    invited = select(StallInvitation.contact_id).where(StallInvitation.stall_id == stall_id)
    session.execute(
        update(Contact)
        .where(Contact.id.in_(invited), Contact.state == ContactState.PLANNED)
        .values(state=ContactState.CANCELLED, refusal=Refusal.EXPIRED, settled_at=now)
        .execution_options(synchronize_session=False)
    )


def record_at_stall(
    session: Session, stall_id: int, resident_id: int, match_id: int, outcome: StallOutcome, *, by: str, now: datetime
) -> None:
    """Keep what came of a match at the stall: an application closes it as one at the hall does.

    Raises:
        DeskRefused: there is no such stall today or before, or the match is not open for this person.
    """
    stall = session.get(StallDay, stall_id)
    match = session.get(Match, match_id)
    if stall is None or stall.cancelled_at is not None:
        raise DeskRefused("there is no such stall day")
    if match is None or match.resident_id != resident_id or match.closed_at is not None:
        raise DeskRefused("that is not open for this person")
    because = f"stall:{stall.id}:{by}"
    if outcome is StallOutcome.APPLIED:
        close_at_counter(session, resident_id, match_id, MatchState.APPLIED_AT_HALL, because=because, by=by, now=now)
    elif outcome is StallOutcome.DECLINED:
        close_at_counter(session, resident_id, match_id, MatchState.DECLINED, because=because, by=by, now=now)
    elif MatchState.INTERESTED in MATCH_TRANSITIONS[match.state]:
        move_match(session, match, MatchState.INTERESTED, because=because, now=now)
    known = select(StallResult).where(StallResult.stall_id == stall.id, StallResult.match_id == match_id)
    kept = session.scalars(known).first()
    if kept is None:
        session.add(StallResult(stall_id=stall.id, match_id=match_id, outcome=outcome, at=now, by=by))
    else:
        kept.outcome, kept.at, kept.by = outcome, now, by
    session.flush()


def stall_figures(session: Session) -> Sequence[StallFigures]:
    """The newest stall days with their figures."""
    newest = select(StallDay).order_by(StallDay.on.desc(), StallDay.id.desc()).limit(MOST_SHOWN)
    return figures_of(session, session.scalars(newest).all())


def figures_of(session: Session, stalls: Sequence[StallDay]) -> list[StallFigures]:
    """How many were invited to each, held back, and what came of it."""
    ids = [stall.id for stall in stalls]
    told = Contact.id.is_not(None) & Contact.state.not_in(UNSPENT)
    invited = dict(
        session.execute(
            select(StallInvitation.stall_id, func.count())
            .join(Contact, Contact.id == StallInvitation.contact_id)
            .where(StallInvitation.stall_id.in_(ids), told)
            .group_by(StallInvitation.stall_id)
        ).all()
    )
    everybody = dict(
        session.execute(
            select(StallInvitation.stall_id, func.count())
            .where(StallInvitation.stall_id.in_(ids))
            .group_by(StallInvitation.stall_id)
        ).all()
    )
    results: dict[int, dict[StallOutcome, int]] = {}
    counted = select(StallResult.stall_id, StallResult.outcome, func.count()).where(StallResult.stall_id.in_(ids))
    for stall_id, outcome, number in session.execute(counted.group_by(StallResult.stall_id, StallResult.outcome)):
        results.setdefault(stall_id, {})[outcome] = number
    return [
        StallFigures(
            stall,
            invited.get(stall.id, 0),
            everybody.get(stall.id, 0) - invited.get(stall.id, 0),
            results.get(stall.id, {}),
        )
        for stall in stalls
    ]
