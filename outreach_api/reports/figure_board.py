"""The overview's figures: counted at once while that is quick, else beside the pages, which show the last count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from models.session import Sessions
from models.vocabulary import CaseKind
from outreach_api.cases.forecast import forecast
from outreach_api.cases.open_case import hours_in_force
from outreach_api.reports.funnel import Funnel, funnel

QUICK_SECONDS = 0.03
"""A count that took no longer is made anew for each page."""
REST_FACTOR = 10
"""After a slow count the board rests so many times as long as it took."""
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
        self._took = 0.0
        self._rests_until = 0.0
        self._counting = False

    def look(self) -> Counted:
        last = self._last
        if last is None or self._took <= QUICK_SECONDS:
            return self._count()
        self._count_beside()
        return last

    def _count(self) -> Counted:
        began = time.perf_counter()
        now = self._now()
        with self._sessions.read() as session:
            self._last = Counted(funnel(session, now), _breaches(session, now), now)
        self._took = time.perf_counter() - began
        self._rests_until = time.monotonic() + self._took * REST_FACTOR
        return self._last

    def _count_beside(self) -> None:
        with self._lock:
            if self._counting or time.monotonic() < self._rests_until:
                return
            self._counting = True
        threading.Thread(target=self._recount, name="figures", daemon=True).start()

    def _recount(self) -> None:
        try:
            self._count()
        except Exception:
            log.exception("figures_not_counted")
        finally:
            self._counting = False
        self._tell()


def _breaches(session: Session, now: datetime) -> dict[str, int]:
    hours = hours_in_force(session)
    expected = {kind.value: len(forecast(session, kind, hours, now)) for kind in CaseKind}
    return {kind: number for kind, number in expected.items() if number}
