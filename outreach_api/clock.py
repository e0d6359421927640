"""The clock is a parameter: the system's own, or a virtual one in rehearsal."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, in UTC."""


class SettableClock(Clock, Protocol):
    """A clock of a rehearsal."""

    def set(self, instant: datetime) -> None:
        """Let it be this instant, which is not before the present one."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """Stands still until it is set; never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def set(self, instant: datetime) -> None:
        if instant < self._now:
            raise ValueError(f"the clock stands at {self._now:%F %T} and cannot go back to {instant:%F %T}")
        self._now = instant.astimezone(UTC)


class RunningClock:
    """Begins at a chosen instant and then runs as fast as real time: for a drill that measures speed."""

    def __init__(self, start: datetime) -> None:
        self._start = start.astimezone(UTC)
        self._began = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began)


class JumpingClock(RunningClock):
    """Runs like real time, and can be set ahead."""

    def set(self, instant: datetime) -> None:
        ahead = instant - self.now()
        if ahead < timedelta(0):
            raise ValueError(f"the clock is past {instant:%F %T} already")
        self._start += ahead


class SharedClock:
    """A virtual clock that several processes of a rehearsal read from one file; whoever rehearses sets it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        return datetime.fromisoformat(self._file.read_text("ascii"))

    def set(self, instant: datetime) -> None:
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(instant.astimezone(UTC).isoformat(), "ascii")
        # Renamed over the old one: nobody reads half a time.
        os.replace(unfinished, self._file)


def clock_of(file: Path | None) -> Clock:
    """The one that a rehearsal's file keeps, else the system's."""
    return SystemClock() if file is None else SharedClock(file)
