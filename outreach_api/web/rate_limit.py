"""How often one address may ask a public page, and one token the API."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock

MOST_ADDRESSES = 10_000
TOKEN_FAILURES = (60, timedelta(minutes=1))
"""How often an address may come with a token that is none."""


class RateLimit:
    """At most `times` in `per` for each address, counted in this process; the oldest addresses are forgotten."""

    def __init__(self, times: int, per: timedelta) -> None:
        self._times, self._per = times, per
        self._asked: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def allows(self, address: str, now: datetime) -> bool:
        with self._lock:
            asked = self._asked.setdefault(address, deque())
            self._asked.move_to_end(address)
            while asked and asked[0] <= now - self._per:
                asked.popleft()
            if len(asked) >= self._times:
                return False
            asked.append(now)
            while len(self._asked) > MOST_ADDRESSES:
                self._asked.popitem(last=False)
            return True


class Pace:
    """So many calls a minute for each token, each with its own number; a minute's worth may come at once.

    Counted in this process: of several API processes each allows as many.
    """

    def __init__(self) -> None:
        self._left: dict[int, tuple[float, datetime]] = {}
        self._lock = Lock()

    def seconds_to_wait(self, token_id: int, calls_a_minute: int, now: datetime) -> int:
        """0 where the call may be made now, and is counted; else after how many whole seconds one may."""
        a_second = calls_a_minute / 60
        with self._lock:
            left, seen = self._left.get(token_id, (float(calls_a_minute), now))
            left = min(calls_a_minute, left + max(0.0, (now - seen).total_seconds()) * a_second)
            allowed = left >= 1
            self._left[token_id] = (left - 1 if allowed else left, now)
        return 0 if allowed else int((1 - left) / a_second) + 1
