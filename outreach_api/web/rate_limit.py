"""How often one address may ask a public page or try to come in, and one token the API."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.api_request import ApiPace, CallerPace
from models.column_types import key_ring
from models.session import Sessions

MOST_ADDRESSES = 10_000
TAKEN_AHEAD_FOR = timedelta(seconds=10)
"""How long a process may make calls that it took ahead; then they are lost."""
_BEGIN = {
    "postgresql": postgresql.insert(ApiPace).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(ApiPace).on_conflict_do_nothing(),
}
_FIRST = {
    "postgresql": postgresql.insert(CallerPace).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(CallerPace).on_conflict_do_nothing(),
}
TOKEN_FAILURES = (60, timedelta(minutes=1))
"""How often an address may come with a token that is none."""
SIGN_IN_FAILURES = (60, timedelta(minutes=10))
"""How often an address may come with a wrong password or code, of whatever names: a whole office may come from one."""


class SharedLimit:
    """At most `times` in `per` at once for each caller, refilled evenly; counted in the database.

    Any number of API processes together allow what one would. Who was refused is refused by this process alone until
    another try has been refilled: a flood does not write.
    """

    def __init__(self, sessions: Sessions, what: str, times: int, per: timedelta) -> None:
        self._sessions = sessions
        self._what, self._times = what, times
        self._a_minute = times * (timedelta(minutes=1) / per)
        self._refused: OrderedDict[str, datetime] = OrderedDict()
        self._lock = Lock()

    def allows(self, caller: str, now: datetime) -> bool:
        """Whether they may now; it is counted."""
        who = self._index(caller)
        if self._is_refused(who, now):
            return False
        with self._sessions.write() as session:
            left = self._left(session, who, now)
            allowed = left >= 1
            if allowed:
                session.get_one(CallerPace, who).left = left - 1
        if not allowed:
            self._refuse(who, now, left)
        return allowed

    def is_spent(self, caller: str, now: datetime) -> bool:
        """Whether they have no try left; nothing is counted."""
        who = self._index(caller)
        if self._is_refused(who, now):
            return True
        with self._sessions.read() as session:
            row = session.get(CallerPace, who)
            return row is not None and self._refilled(row, now) < 1

    def _left(self, session: Session, who: str, now: datetime) -> float:
        """What they have left, with the row held until the transaction ends."""
        first = {"who": who, "left": float(self._times), "seen_at": now}
        session.execute(_FIRST[session.get_bind().dialect.name], first)
        row = session.get_one(CallerPace, who, with_for_update=True)
        row.left, row.seen_at = self._refilled(row, now), max(row.seen_at, now)
        return row.left

    def _refilled(self, row: CallerPace, now: datetime) -> float:
        passed = max(0.0, (now - row.seen_at).total_seconds())
        return min(float(self._times), row.left + passed * self._a_minute / 60)

    def _index(self, caller: str) -> str:
        return key_ring().blind_index(caller, kind=f"pace.{self._what}")

    def _is_refused(self, who: str, now: datetime) -> bool:
        with self._lock:
            until = self._refused.get(who)
            return until is not None and now < until

    def _refuse(self, who: str, now: datetime, left: float) -> None:
        with self._lock:
            self._refused[who] = now + timedelta(minutes=(1 - left) / self._a_minute)
            while len(self._refused) > MOST_ADDRESSES:
                self._refused.popitem(last=False)


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
