"""Which station a door belongs to, and which of its teams goes: the rule, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum

from models.case import Station
from models.vocabulary import DayPart, Dialect, TeamSkill
from outreach_api.cases.places import Door, Point, metres
from outreach_api.cases.promises import DISTRICT_HOURS

SERVICE_CIRCLE_METRES = 500


class Ground(StrEnum):
    """Why it is this station."""

    CIRCLE = "circle"
    COMMUNITY = "community"
    STREET = "street"


@dataclass(frozen=True)
class Slot:
    on: date
    part: DayPart


class Suits(IntEnum):
    """How well a half day meets what the resident said; the lower the better."""

    THEN = 0
    PART_OF_DAY = 1
    """Another day, but the morning or the afternoon that they meant."""
    NOT = 2


@dataclass(frozen=True)
class Wish:
    """When a visit would suit the resident."""

    from_: datetime
    to: datetime

    def suited_by(self, slot: Slot) -> Suits:
        if self._meets(slot):
            return Suits.THEN
        said_on = self.from_.astimezone(DISTRICT_HOURS.zone).date()
        parts = [part for part in DayPart if self._meets(Slot(said_on, part))]
        return Suits.PART_OF_DAY if parts == [slot.part] else Suits.NOT

    def _meets(self, slot: Slot) -> bool:
        opens, closes = DISTRICT_HOURS.spans[list(DayPart).index(slot.part)]
        zone = DISTRICT_HOURS.zone
        return self.from_ < datetime.combine(slot.on, closes, zone) and datetime.combine(slot.on, opens, zone) < self.to


@dataclass(frozen=True)
class Need:
    """What a visit asks of who goes."""

    skills: frozenset[TeamSkill] = frozenset()
    dialects: frozenset[Dialect] = frozenset()


@dataclass(frozen=True)
class TeamAtWork:
    """A team as routing sees it: what it can, and how full it is."""

    team_id: int
    station_id: int | None
    skills: frozenset[str]
    dialects: frozenset[str]
    first_free: Slot | None
    """None: no slot is free within the time that can be booked."""
    filled: float = field(default=0.0)
    """Share of its bookable slots that are taken."""
    suits: Suits = Suits.THEN
    """How well its free slot meets the resident's wish; without a wish any does."""

    def can(self, need: Need) -> bool:
        return not self.skills or need.skills <= self.skills


def station_for(door: Door, stations: Sequence[Station]) -> tuple[Station, Ground] | None:
    """The nearest station whose service circle the door is in, else its community's, else its street's."""
    around = [station for station in stations if _metres_to(door, station) <= SERVICE_CIRCLE_METRES]
    if around:
        return _nearest(door, around), Ground.CIRCLE
    of_community = [one for one in stations if door.community and one.community == door.community]
    if of_community:
        return _nearest(door, of_community), Ground.COMMUNITY
    of_street = [one for one in stations if door.street and one.street == door.street]
    return (_nearest(door, of_street), Ground.STREET) if of_street else None


def team_for(need: Need, station_id: int | None, teams: Sequence[TeamAtWork]) -> TeamAtWork | None:
    """Who goes: a team that can, of the station if one of those has time, that speaks the dialect if one does.

    Among those the one that can come when it suits the resident, then the one that can come first, then the least
    filled: work is shared evenly. None: nobody has time.
    """
    able = [team for team in teams if team.first_free is not None and team.can(need)]
    nearby = [team for team in able if team.station_id == station_id] or able
    speaking = [team for team in nearby if need.dialects & team.dialects] or nearby
    return min(speaking, key=_eagerness, default=None)


def _eagerness(team: TeamAtWork) -> tuple[int, date, float, str, int]:
    first = team.first_free
    if first is None:
        raise ValueError("a team without a free slot was to be chosen")
    return team.suits, first.on, team.filled, str(first.part), team.team_id


def _nearest(door: Door, stations: Sequence[Station]) -> Station:
    return min(stations, key=lambda station: (_metres_to(door, station), station.id))


def _metres_to(door: Door, station: Station) -> float:
    if door.point is None or station.lat is None or station.lon is None:
        return float("inf")
    return metres(door.point, Point(station.lat, station.lon))
