"""Crashes at chosen instants: before and after every commit, and before and after every call of the outside.

Between a commit and the next transaction, and while the outside is called, other things may happen too: `meanwhile`.
The database may ail: it is away, or its disk is full.

A crash is no `Exception`: nothing in the house may catch it and go on. Until the house is started again nothing of it
runs: each commit and each call crashes at once, so that no `finally` of ours outlives its process.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
from random import Random
from typing import Any, TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.session import Sessions

Answer = TypeVar("Answer")
BEFORE_COMMIT, AFTER_COMMIT, AFTER_READ = "before commit", "after commit", "after read"


class Ailment(StrEnum):
    """What is wrong with the database for a while."""

    AWAY = "unable to open database file"
    FULL = "database or disk is full"


class Crash(BaseException):
    """The process ends here, as by SIGKILL."""


class Points:
    """The places where a process may end. `rate`: how likely it is at each."""

    def __init__(self, dice: Random, rate: float) -> None:
        self._dice = dice
        self.rate = rate
        self.is_down = False
        self.crashes: Counter[str] = Counter()
        self.ailment: Ailment | None = None
        self.writing = 0
        """Transactions that write and are open, and whatever else others would wait for."""
        self.meanwhile: Callable[[str], None] | None = None

    def reach(self, place: str) -> None:
        """Go past a place, or end there.

        Raises:
            Crash: the process ends, or has ended already.
        """
        if not self.is_down and self._dice.random() < self.rate:
            self.is_down = True
            self.crashes[place] += 1
        if self.is_down:
            raise Crash(place)
        self.let_others(place)

    def let_others(self, place: str) -> None:
        """Something else may happen now, unless this process holds the database or the spool."""
        if self.meanwhile is not None and not self.writing:
            self.meanwhile(place)

    def alone(self, call: Callable[..., Answer]) -> Callable[..., Answer]:
        """The same call, holding what others would wait for: here they would wait for ever."""

        def called(*given: Any, **named: Any) -> Answer:
            self.writing += 1
            try:
                return call(*given, **named)
            finally:
                self.writing -= 1

        return called

    def fail_if(self, *ailments: Ailment) -> None:
        """Answer as a database does that ails so.

        Raises:
            OperationalError: it has one of these ailments.
        """
        if self.ailment in ailments:
            fault = sqlite3.OperationalError(self.ailment.value)
            raise OperationalError("BEGIN", None, fault)

    def around(self, name: str, call: Callable[..., Answer]) -> Callable[..., Answer]:
        """The same call of the outside, with a place before it and one where it is done and its answer unread."""

        def called(*given: Any, **named: Any) -> Answer:
            self.reach(f"before {name}")
            answer = call(*given, **named)
            self.reach(f"after {name}")
            return answer

        return called


class CrashingSessions(Sessions):
    """Sessions whose process may end right before a commit, or right after it, and whose database may ail."""

    def __init__(self, engine: Any, points: Points) -> None:
        super().__init__(engine)
        self._points = points

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        self._points.fail_if(Ailment.AWAY)
        self._points.writing += 1
        try:
            with super().write() as session:
                yield session
                self._points.fail_if(Ailment.FULL)
                self._points.reach(BEFORE_COMMIT)
        finally:
            self._points.writing -= 1
        self._points.reach(AFTER_COMMIT)

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        self._points.fail_if(Ailment.AWAY)
        with super().read() as session:
            yield session
        self._points.let_others(AFTER_READ)
