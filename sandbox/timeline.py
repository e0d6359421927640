"""Virtual time: what is due, in order of (instant, order of scheduling)."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")

Act = Callable[[], None]


class Timeline:
    """Events run one at a time on the caller's thread; a request that arrives meanwhile may schedule more."""

    def __init__(self, start: datetime) -> None:
        self.now = start.astimezone(UTC)
        self._heap: list[tuple[datetime, int, Act]] = []
        self._scheduled = 0
        self._lock = threading.Lock()

    def schedule(self, when: datetime, act: Act) -> None:
        """An instant already past is due at once."""
        with self._lock:
            self._scheduled += 1
            heapq.heappush(self._heap, (max(when.astimezone(UTC), self.now), self._scheduled, act))

    @property
    def next_at(self) -> datetime | None:
        with self._lock:
            return self._heap[0][0] if self._heap else None

    def advance(self, to: datetime) -> int:
        """Run everything due up to and including `to`; how many acts that were. Time never runs backwards."""
        to = max(to.astimezone(UTC), self.now)
        done = 0
        while (act := self._pop_due(to)) is not None:
            act()
            done += 1
        self.now = to
        return done

    def _pop_due(self, to: datetime) -> Act | None:
        with self._lock:
            if not self._heap or self._heap[0][0] > to:
                return None
            when, _, act = heapq.heappop(self._heap)
            self.now = max(self.now, when)
            return act


def local(when: datetime) -> datetime:
    return when.astimezone(CHINA)


def stamp(when: datetime) -> str:
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
