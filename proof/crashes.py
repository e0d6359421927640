"""Crashes at chosen instants: before and after every commit, and before and after every call of the outside.

A crash is no `Exception`: nothing in the house may catch it and go on. Until the house is started again nothing of it
runs: each commit and each call crashes at once, so that no `finally` of ours outlives its process.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from models.session import Sessions

Answer = TypeVar("Answer")


class Crash(BaseException):
    """The process ends here, as by SIGKILL."""


class Points:
    """The places where a process may end. `rate`: how likely it is at each."""

    def __init__(self, dice: Random, rate: float) -> None:
        self._dice = dice
        self.rate = rate
        self.is_down = False
        self.crashes: Counter[str] = Counter()

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

    def around(self, name: str, call: Callable[..., Answer]) -> Callable[..., Answer]:
        """The same call of the outside, with a place before it and one where it is done and its answer unread."""

        def called(*given: Any, **named: Any) -> Answer:
            self.reach(f"before {name}")
            answer = call(*given, **named)
            self.reach(f"after {name}")
            return answer

        return called


class CrashingSessions(Sessions):
    """Sessions whose process may end right before a commit, or right after it."""

    def __init__(self, engine: Any, points: Points) -> None:
        super().__init__(engine)
        self._points = points

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        with super().write() as session:
            yield session
            self._points.reach("before commit")
        self._points.reach("after commit")
