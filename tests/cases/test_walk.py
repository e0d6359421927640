"""The walk of a day: shorter than going to the nearest door each time, the same for the same doors, halves in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from random import Random

from sqlalchemy import select

from models.case import Appointment, Building, Station, Team
from models.session import Sessions
from models.vocabulary import DayPart
from outreach_api.cases.appointments import appoint
from outreach_api.cases.places import Point, metres
from outreach_api.cases.plan_days import plan_walks
from outreach_api.cases.routing import Slot
from outreach_api.cases.walk import Stop, walk, walked_metres
from sandbox.street.places import build_street, describe_places
from tests.builders import NOON, a_case, a_match, a_resident, a_team

HOUSEHOLDS = 8000
TEAMS, DOORS = 10, 8


def days_on_the_sample_street() -> list[tuple[list[Stop], Point]]:
    """Ten teams of the sample street, each with a full day of doors around its station."""
    dice = Random(7)
    buildings = build_street(dice, HOUSEHOLDS)
    stations = describe_places(buildings)["stations"]
    days = []
    for station in stations[:TEAMS]:
        start = Point(station["lat"], station["lon"])
        near = sorted(buildings, key=lambda one: metres(start, Point(one.lat, one.lon)))[: DOORS * 3]
        doors = [dice.choice(near) for _ in range(DOORS)]
        parts = [DayPart.MORNING] * (DOORS // 2) + [DayPart.AFTERNOON] * (DOORS // 2)
        stops = [Stop(n, Point(d.lat, d.lon), part) for n, (d, part) in enumerate(zip(doors, parts, strict=True))]
        days.append((stops, start))
    return days


def nearest_first(stops: Sequence[Stop], start: Point) -> list[int]:
    """What somebody does who always goes to the nearest door of that half day."""
    order: list[int] = []
    here = start
    for part in DayPart:
        left = [stop for stop in stops if stop.part is part]
        while left:
            following = min(left, key=lambda stop: metres(here, stop.point))
            left.remove(following)
            order.append(following.key)
            here = following.point
    return order


def test_the_plan_walks_less_than_nearest_first_on_the_sample_street() -> None:
    days = days_on_the_sample_street()
    planned = [walked_metres(stops, walk(stops, start), start) for stops, start in days]
    nearest = [walked_metres(stops, nearest_first(stops, start), start) for stops, start in days]
    assert all(ours <= theirs + 1 for ours, theirs in zip(planned, nearest, strict=True))
    assert sum(planned) < sum(nearest) * 0.95, (sum(planned), sum(nearest))


def test_a_walk_visits_each_door_once_mornings_first_and_is_the_same_every_time() -> None:
    (stops, start), *_ = days_on_the_sample_street()
    order = walk(stops, start)
    assert sorted(order) == [stop.key for stop in stops]
    parts = [stops[key].part for key in order]
    assert parts == sorted(parts, key=list(DayPart).index)
    assert walk(stops, start) == order


def test_doors_of_one_building_are_next_to_each_other() -> None:
    here, there = Point(22.557, 114.130), Point(22.559, 114.132)
    points = [here, there, here, there, here]
    stops = [Stop(n, point, DayPart.MORNING) for n, point in enumerate(points)]
    for start in (Point(22.556, 114.129), None):
        visited = [points[key] for key in walk(stops, start)]
        assert sum(one != other for one, other in pairwise(visited)) == 1


def test_more_doors_than_a_day_holds_still_come_in_their_halves() -> None:
    stops = [
        Stop(n, Point(22.55 + n / 500, 114.13), DayPart.AFTERNOON if n % 2 else DayPart.MORNING) for n in range(30)
    ]
    parts = [stops[key].part for key in walk(stops, stops[0].point)]
    assert parts == [DayPart.MORNING] * 15 + [DayPart.AFTERNOON] * 15


def test_a_day_is_planned_once_and_again_when_something_was_added(sessions: Sessions) -> None:
    day = NOON.date() + timedelta(days=1)
    with sessions.write() as session:
        session.add(Station(id=1, name="站", street="东门街道", lat=22.5550, lon=114.13))
        team = a_team(session)
        team.station_id = 1
        for number in (3, 1, 2):
            address = f"湖贝路{number}号"
            session.add(Building(address=address, street="东门街道", lat=22.5550 + number / 1000, lon=114.13))
            case = a_case(session, a_match(session, a_resident(session, address=f"{address}502")))
            appoint(session, case, team.id, Slot(day, DayPart.MORNING), by="system", now=NOON)
        unknown = a_case(session, a_match(session, a_resident(session, address="不在册的地方")))
        appoint(session, unknown, team.id, Slot(day, DayPart.MORNING), by="system", now=NOON)
    assert (plan_walks(sessions, day), plan_walks(sessions, day)) == (1, 0)
    assert _turns(sessions)[-1] == "不在册的地方"
    with sessions.write() as session:
        team_id = session.scalars(select(Team.id)).one()
        late = a_case(session, a_match(session, a_resident(session, address="湖贝路2号601")))
        appoint(session, late, team_id, Slot(day, DayPart.MORNING), by="system", now=NOON)
    assert plan_walks(sessions, day) == 1
    order = _turns(sessions)
    assert abs(order.index("湖贝路2号601") - order.index("湖贝路2号502")) == 1


def _turns(sessions: Sessions) -> list[str]:
    with sessions.read() as session:
        found = session.scalars(select(Appointment).order_by(Appointment.turn)).all()
        assert [one.turn for one in found] == list(range(1, len(found) + 1))
        return [one.case.resident.address or "" for one in found if one.case.resident]
