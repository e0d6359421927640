"""The teams' round: what waits for a visit, first promised first served, and what they can manage in a day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import heapify, heappop, heappush

from outreach_api.cases.visits import TRIES_AT_THE_DOOR


@dataclass
class Visit:
    policy_id: str
    """Empty: it waited already when the forecast began, and is nobody's of this audience."""
    due_at: datetime
    tries: int = 0
    settled: bool = False


class Visits:
    def __init__(self, a_day: float, backlog: Iterable[datetime]) -> None:
        self.a_day = a_day
        self._queue = [(due_at, number, Visit("", due_at)) for number, due_at in enumerate(backlog)]
        self._queued = len(self._queue)
        self._hands = 0.0
        self._promised: list[Visit] = []
        heapify(self._queue)

    def ask(self, policy_id: str, due_at: datetime) -> None:
        visit = Visit(policy_id, due_at)
        self._promised.append(visit)
        self._put(visit)

    def go_round(self, knock: Callable[[], str]) -> list[str]:
        """A working day: the policies of those for whom it was done at the door."""
        self._hands += self.a_day
        again, done = [], []
        while self._hands >= 1 and self._queue:
            self._hands -= 1
            _, _, visit = heappop(self._queue)
            visit.tries += 1
            outcome = knock()
            if outcome == "not_home" and visit.tries < TRIES_AT_THE_DOOR:
                again.append(visit)
                continue
            visit.settled = True
            if outcome == "done" and visit.policy_id:
                done.append(visit.policy_id)
        # Hands that found nothing to do today are no more tomorrow; only a fraction of a visit is kept.
        self._hands %= 1
        for visit in again:
            self._put(visit)
        return done

    def promised_by(self, now: datetime) -> list[Visit]:
        """Visits whose promise has fallen due since the last look."""
        due = [visit for visit in self._promised if visit.due_at <= now]
        self._promised = [visit for visit in self._promised if visit.due_at > now]
        return due

    def _put(self, visit: Visit) -> None:
        self._queued += 1
        heappush(self._queue, (visit.due_at, self._queued, visit))
