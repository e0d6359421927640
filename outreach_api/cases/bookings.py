"""How full the teams' days are: slots of half a day, one door each, within the time that can be booked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.case import Appointment, Case, Team
from models.vocabulary import AppointmentState, DayPart
from outreach_api.cases.promises import ONE_DAY
from outreach_api.cases.routing import Slot, Suits, TeamAtWork, Wish
from outreach_api.privacy.sight import whole_district

BOOKABLE_WORKING_DAYS = 10
"""A later day is not offered: nobody can say today that it will be kept."""


def bookable_days(after: date, is_working_day: Callable[[date], bool]) -> list[date]:
    """The next working days, from the day after: who is visited has to be told before."""
    days: list[date] = []
    day = after + ONE_DAY
    while len(days) < BOOKABLE_WORKING_DAYS:
        if is_working_day(day):
            days.append(day)
        day += timedelta(days=1)
    return days


class Bookings:
    """The standing appointments of some teams on some days. Several cases of one resident are one door."""

    def __init__(self, teams: Iterable[Team], days: Sequence[date], taken: Iterable[tuple[int, Slot, int]]) -> None:
        self.teams = {team.id: team for team in teams}
        self.days = days
        self._doors: dict[tuple[int, Slot], set[int]] = {}
        self._count: dict[int, int] = dict.fromkeys(self.teams, 0)
        for team_id, slot, resident in taken:
            self.take(team_id, slot, resident)

    @classmethod
    def read(cls, session: Session, days: Sequence[date]) -> Bookings:
        teams = session.scalars(select(Team).where(Team.withdrawn_at.is_(None)).order_by(Team.id)).all()
        query = (
            select(Appointment.team_id, Appointment.on, Appointment.part, Case.resident_id, Case.id)
            .join(Case, Case.id == Appointment.case_id)
            .where(Appointment.state == AppointmentState.STANDING, Appointment.on.in_(days))
        )
        taken = [
            (team_id, Slot(on, part), door_of(resident_id, case_id))
            for team_id, on, part, resident_id, case_id in _all_of_them(session, query)
        ]
        return cls(teams, days, taken)

    def take(self, team_id: int, slot: Slot, door: int) -> None:
        doors = self._doors.setdefault((team_id, slot), set())
        if door not in doors and team_id in self._count and slot.on in self.days:
            self._count[team_id] += 1
        doors.add(door)

    def release(self, team_id: int, slot: Slot, door: int) -> None:
        doors = self._doors.get((team_id, slot), set())
        if door in doors:
            doors.remove(door)
            self._count[team_id] -= 1

    def is_free(self, team_id: int, slot: Slot) -> bool:
        taken = self._doors.get((team_id, slot), ())
        return len(taken) < room_of(self.teams[team_id], slot.part)

    def first_free(self, team_id: int, wish: Wish | None = None) -> Slot | None:
        """The first free half day of those that suit the resident best."""
        slots = (Slot(day, part) for day in self.days for part in DayPart)
        free = (slot for slot in slots if self.is_free(team_id, slot))
        return next(free, None) if wish is None else min(free, key=wish.suited_by, default=None)

    def free_slots(self) -> int:
        """Doors that can still be appointed, over all teams and days."""
        return sum(len(self.days) * team.visits_per_day - self._count[team.id] for team in self.teams.values())

    def at_work(self, wish: Wish | None = None) -> list[TeamAtWork]:
        return [self._at_work(team, wish) for team in self.teams.values()]

    def _at_work(self, team: Team, wish: Wish | None) -> TeamAtWork:
        first = self.first_free(team.id, wish)
        return TeamAtWork(
            team_id=team.id,
            station_id=team.station_id,
            skills=frozenset(team.skills),
            dialects=frozenset(team.dialects),
            first_free=first,
            filled=self._count[team.id] / max(len(self.days) * team.visits_per_day, 1),
            suits=wish.suited_by(first) if wish is not None and first is not None else Suits.THEN,
        )


def _all_of_them(session: Session, query: Select[int, date, DayPart, int | None, int]) -> Sequence[Any]:
    """A day is as full as it is, whosever street its doors are in."""
    with whole_district():
        return session.execute(query).all()


def room_of(team: Team, part: DayPart) -> int:
    """Doors of half a day; of an odd number the morning has the one more."""
    return (team.visits_per_day + (part is DayPart.MORNING)) // 2


def door_of(resident_id: int | None, case_id: int) -> int:
    """What counts as one door: a resident, or a case about nobody known."""
    return resident_id if resident_id is not None else -case_id
