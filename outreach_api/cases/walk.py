"""The order in which a team walks its doors: mornings before afternoons, and the shortest way within that.

PyVRP solves it as a vehicle routing problem with one walker and time windows; with its seed fixed and its iterations
counted, the same doors give the same walk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from models.vocabulary import DayPart
from outreach_api.cases.places import Point, metres

METRES_PER_MINUTE = 70
VISIT_MINUTES = 25
# Minutes after nine: the morning ends at twelve, the afternoon goes from two to six.
WINDOWS = {DayPart.MORNING: (0, 180), DayPart.AFTERNOON: (300, 540)}
ITERATIONS = 60
SEED = 1


@dataclass(frozen=True)
class Stop:
    """A door with its half day; doors of one building are at one point, and so end up next to each other."""

    key: int
    point: Point
    part: DayPart


def walk(stops: Sequence[Stop], start: Point | None) -> list[int]:
    """The keys of the stops in walking order, from the station and back; without a station, from anywhere."""
    if len(stops) < 3:
        return [stop.key for stop in sorted(stops, key=_by_part)]
    # It takes over a second to import, and only the planning of days needs it.
    from pyvrp import Model
    from pyvrp.stop import MaxIterations

    model = Model()
    points = [start or stops[0].point, *(stop.point for stop in stops)]
    places = [model.add_location(x=point.lon, y=point.lat) for point in points]
    depot = model.add_depot(places[0])
    model.add_vehicle_type(num_available=1, start_depot=depot, end_depot=depot)
    for stop, place in zip(stops, places[1:], strict=True):
        opens, closes = WINDOWS[stop.part]
        model.add_client(place, tw_early=opens, tw_late=closes, service_duration=VISIT_MINUTES)
    for one, from_ in enumerate(places):
        for other, to in enumerate(places):
            far = 0 if start is None and 0 in (one, other) else round(metres(points[one], points[other]))
            model.add_edge(from_, to, distance=far, duration=far // METRES_PER_MINUTE)
    found = model.solve(MaxIterations(ITERATIONS), seed=SEED, collect_stats=False, display=False).best
    order = [stops[visited.idx].key for route in found.routes() for visited in route if visited.is_client()]
    # Too many doors for a half day leave no walk that keeps the windows: then the halves still come in order.
    parts = {stop.key: _by_part(stop) for stop in stops}
    return sorted(order, key=lambda key: parts[key])


def walked_metres(stops: Sequence[Stop], order: Sequence[int], start: Point | None) -> float:
    """How far that order makes the team walk."""
    by_key = {stop.key: stop.point for stop in stops}
    points = [by_key[key] for key in order]
    whole = [start, *points, start] if start is not None else points
    return sum(metres(one, other) for one, other in pairwise(whole) if one is not None and other is not None)


def _by_part(stop: Stop) -> bool:
    return stop.part is DayPart.AFTERNOON
