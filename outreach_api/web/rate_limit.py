"""How often one address may ask a public page, and one token the API."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy.dialects import postgresql, sqlite

from models.api_request import ApiPace
from models.session import Sessions

MOST_ADDRESSES = 10_000
TAKEN_AHEAD_FOR = timedelta(seconds=10)
"""How long a process may make calls that it took ahead; then they are lost."""
_BEGIN = {
    "postgresql": postgresql.insert(ApiPace).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(ApiPace).on_conflict_do_nothing(),
}
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

    Counted in this process: right where it is the only one.
    """

    def __init__(self) -> None:
        self._left: dict[int, tuple[float, datetime]] = {}
        self._lock = Lock()

    def seconds_to_wait(self, token_id: int, calls_a_minute: int, now: datetime) -> int:
        """0 where the call may be made now, and is counted; else after how many whole seconds one may."""
        with self._lock:
            left = _refilled(*self._left.get(token_id, (float(calls_a_minute), now)), calls_a_minute, now)
            allowed = left >= 1
            self._left[token_id] = (left - 1 if allowed else left, now)
        return 0 if allowed else _wait(left, calls_a_minute)


class SharedPace:
    """The same of several API processes on one database: together they allow what one would.

    A process takes a second's worth of calls ahead, so that the row is written once for as many. What it took and did
    not make in ten seconds is lost: never are more calls made than are allowed.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._ahead: dict[int, tuple[int, datetime]] = {}
        self._lock = Lock()

    def seconds_to_wait(self, token_id: int, calls_a_minute: int, now: datetime) -> int:
        """0 where the call may be made now, and is counted; else after how many whole seconds one may."""
        if self._spend(token_id, now):
            return 0
        wanted = max(1, calls_a_minute // 60)
        with self._sessions.write() as session:
            first = {"token_id": token_id, "left": float(calls_a_minute), "seen_at": now}
            session.execute(_BEGIN[session.get_bind().dialect.name], first)
            row = session.get_one(ApiPace, token_id, with_for_update=True)
            left = _refilled(row.left, row.seen_at, calls_a_minute, now)
            taken = min(wanted, int(left))
            # Machines' clocks differ: the latest look counts, so that no stretch of time is paid out twice.
            row.left, row.seen_at = left - taken, max(row.seen_at, now)
        if taken == 0:
            return _wait(left, calls_a_minute)
        with self._lock:
            left_over, until = self._ahead.get(token_id, (0, now))
            kept = left_over if now < until else 0
            self._ahead[token_id] = (kept + taken - 1, now + TAKEN_AHEAD_FOR)
        return 0

    def _spend(self, token_id: int, now: datetime) -> bool:
        with self._lock:
            left, until = self._ahead.get(token_id, (0, now))
            if left < 1 or now >= until:
                return False
            self._ahead[token_id] = (left - 1, until)
            return True


def _refilled(left: float, seen: datetime, calls_a_minute: int, now: datetime) -> float:
    """What a token has left when time has passed; a clock that went back gives nothing away."""
    return min(float(calls_a_minute), left + max(0.0, (now - seen).total_seconds()) * calls_a_minute / 60)


def _wait(left: float, calls_a_minute: int) -> int:
    return int((1 - left) * 60 / calls_a_minute) + 1
