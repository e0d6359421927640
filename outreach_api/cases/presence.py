"""Who is at their desk, and how much of their time there is between two instants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import pairwise

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.asking import AnyColumns, ask
from models.staff import Shift, Staff
from models.vocabulary import Role
from outreach_api.cases.promises import ONE_DAY, WorkingHours

AT_DESKS = (Role.AGENT,)
"""Supervisors take cases too, but nobody counts on it."""
Span = tuple[time, time]


class ShiftRefused(ValueError):  # noqa: N818
    """What was entered is no shift; says why."""


@dataclass(frozen=True)
class Roster:
    """When one person is at their desk: by weekday, else the district's working hours."""

    by_weekday: dict[int, list[Span]] = field(default_factory=dict)

    def spans_on(self, day: date, hours: WorkingHours) -> Sequence[Span]:
        if not hours.is_working_day(day):
            return ()
        return self.by_weekday.get(day.weekday(), ()) if self.by_weekday else hours.spans


def presence_between(there: Iterable[Roster], start: datetime, end: datetime, hours: WorkingHours) -> timedelta:
    """The time of these agents together between two instants; who is away counts for nothing."""
    start, end = start.astimezone(hours.zone), end.astimezone(hours.zone)
    together = timedelta()
    for roster in there:
        day = start.date()
        while day <= end.date():
            for begins, ends in roster.spans_on(day, hours):
                opens, closes = (datetime.combine(day, at, hours.zone) for at in (begins, ends))
                together += max(min(closes, end) - max(opens, start), timedelta())
            day += ONE_DAY
    return together


def rosters(session: Session) -> dict[int, Roster]:
    """Of every agent who is not away, by their number."""
    found: dict[int, Roster] = {}
    for staff_id, weekday, begins, ends in ask(session, _shifts_of_who_is_there()):
        roster = found.setdefault(staff_id, Roster())
        if weekday is not None:
            roster.by_weekday.setdefault(weekday, []).append((begins, ends))
    return found


@cache
def _shifts_of_who_is_there() -> AnyColumns:
    there = (Staff.role.in_(AT_DESKS), Staff.disabled_at.is_(None), Staff.away_since.is_(None))
    return (
        select(Staff.id, Shift.weekday, Shift.begins, Shift.ends)
        .outerjoin(Shift, Shift.staff_id == Staff.id)
        .where(*there)
        .order_by(Staff.id, Shift.weekday, Shift.begins)
    )


def is_on_shift(session: Session, staff_id: int, hours: WorkingHours, now: datetime) -> bool:
    """Whether they are at their desk now."""
    local = now.astimezone(hours.zone)
    roster = rosters(session).get(staff_id)
    return roster is not None and any(
        begins <= local.time() < ends for begins, ends in roster.spans_on(local.date(), hours)
    )


def set_shifts(session: Session, staff_id: int, spans: Sequence[tuple[int, time, time]]) -> None:
    """Put these shifts, each with its weekday, in the place of those there were; none is the district's hours.

    Raises:
        ShiftRefused: one ends before it begins, or two of a day overlap.
    """
    in_order = sorted(spans)
    for weekday, begins, ends in in_order:
        if not 0 <= weekday <= 6 or begins >= ends:
            raise ShiftRefused(f"{begins:%H:%M}-{ends:%H:%M} on weekday {weekday} is no shift")
    for (day, _, ends), (next_day, begins, _) in pairwise(in_order):
        if day == next_day and begins < ends:
            raise ShiftRefused(f"two shifts of weekday {day} overlap")
    session.execute(delete(Shift).where(Shift.staff_id == staff_id))
    session.add_all(Shift(staff_id=staff_id, weekday=day, begins=begins, ends=ends) for day, begins, ends in in_order)
    session.flush()


def go_away(session: Session, staff_id: int, *, now: datetime) -> None:
    staff = session.get_one(Staff, staff_id, with_for_update=True)
    staff.away_since = staff.away_since or now


def come_back(session: Session, staff_id: int) -> None:
    session.get_one(Staff, staff_id, with_for_update=True).away_since = None
