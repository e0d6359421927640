"""The overview's figures: counted at once while that is quick, else beside the pages, which show the last count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.event import Event
from models.session import Sessions
from models.vocabulary import CaseKind
from outreach_api.cases.forecast import forecast
from outreach_api.cases.open_case import hours_in_force
from outreach_api.reports.funnel import Funnel, funnel

QUICK_SECONDS = 0.03
"""A count that took no longer is made anew for each page."""
REST_FACTOR = 10
"""After a slow count the board rests so many times as long as it took."""
OLDEST_SECONDS = 60.0
"""A count is made again after so long though nothing happened: clocks run out by themselves."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Counted:
    funnel: Funnel
    breaches: dict[str, int]
    """Kind → how many promises will be broken at the pace of late."""
    at: datetime


class FigureBoard:
    """Of one process. `tell` is called when a count made beside the pages is done."""

    def __init__(self, sessions: Sessions, now: Callable[[], datetime], tell: Callable[[], None]) -> None:
        self._sessions = sessions
        self._now = now
        self._tell = tell
        self._lock = threading.Lock()
        self._last: Counted | None = None
        self._newest_event = 0
        self._took = 0.0
        self._ended = 0.0
        self._recount_due: threading.Timer | None = None

    def look(self) -> Counted:
        """The figures of now, or the last ones, with newer ones on their way."""
        last = self._last
        if last is None or self._took <= QUICK_SECONDS:
            return self._count()
        if self._is_behind():
            self._count_beside()
        return last

    def close(self) -> None:
        """Begin no further count."""
        with self._lock:
            if self._recount_due is not None:
                self._recount_due.cancel()

    def _is_behind(self) -> bool:
        if time.monotonic() - self._ended > OLDEST_SECONDS:
            return True
        with self._sessions.read() as session:
            return _newest_event(session) != self._newest_event

    def _count(self) -> Counted:
        began = time.perf_counter()
        now = self._now()
        with self._sessions.read() as session:
            newest = _newest_event(session)
            counted = Counted(funnel(session, now), _breaches(session, now), now)
        self._took = time.perf_counter() - began
        self._ended = time.monotonic()
        self._last, self._newest_event = counted, newest
        return counted

    def _count_beside(self) -> None:
        """Count when the rest after the last count is over: what came in during the rest is not forgotten."""
        with self._lock:
            if self._recount_due is not None:
                return
            rest = self._took * REST_FACTOR - (time.monotonic() - self._ended)
            self._recount_due = threading.Timer(max(0.0, rest), self._recount)
            self._recount_due.daemon = True
            self._recount_due.start()

    def _recount(self) -> None:
        try:
            self._count()
        except Exception:
            log.exception("figures_not_counted")
        finally:
            with self._lock:
                self._recount_due = None
        self._tell()


def _newest_event(session: Session) -> int:
    return session.scalar(select(func.max(Event.id))) or 0


def _breaches(session: Session, now: datetime) -> dict[str, int]:
    hours = hours_in_force(session)
    expected = {kind.value: len(forecast(session, kind, hours, now)) for kind in CaseKind}
    return {kind: number for kind, number in expected.items() if number}
