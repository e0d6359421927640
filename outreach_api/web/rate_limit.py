"""How often one address may ask a public page."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock

MOST_ADDRESSES = 10_000


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
