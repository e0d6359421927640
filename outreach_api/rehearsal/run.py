"""The rehearsal: one clock, one request in flight, jumping from where something falls due to where the next does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from outreach_api.bootstrap import House
from outreach_api.clock import SettableClock
from outreach_api.rehearsal.sandbox import SandboxClient

# Settling one instant may make more work for the same instant (an answer that is then sent). It always ends; this bound
# only turns a fault of ours into an error in place of an endless loop.
ROUNDS_PER_INSTANT = 1000


# What falls due within so many seconds is lived through together, at their end: receipts come seconds apart.
# Hours begin and end on whole minutes, so no text slips out of them by it.
GRAIN_SECONDS = 30


class RehearsalFault(Exception):  # noqa: N818
    """The rehearsal cannot go on; a fault of the house, not of the world."""


class Rehearsal:
    def __init__(self, house: House, clock: SettableClock, sandbox: SandboxClient) -> None:
        self.house = house
        self.clock = clock
        self.sandbox = sandbox

    def run_until(self, end: datetime, *, on_instant: Callable[[datetime], None] | None = None) -> None:
        """Live through everything due up to `end`."""
        sandbox_next = self._settle_instant()
        while True:
            instant = self._next_instant(sandbox_next)
            if instant is None or instant > end:
                break
            self.clock.set(max(instant, self.clock.now()))
            sandbox_next = self._settle_instant()
            if on_instant is not None:
                on_instant(self.clock.now())
        self.clock.set(end)
        self._settle_instant()

    def _settle_instant(self) -> datetime | None:
        """Let the world act, then the house, until this instant holds nothing more; when the world acts next."""
        for _ in range(ROUNDS_PER_INSTANT):
            step = self.sandbox.set_clock(self.clock.now())
            if not self.house.work():
                return step.next_at
        raise RehearsalFault(f"work at {self.clock.now():%F %T} does not come to an end")

    def _next_instant(self, sandbox_next: datetime | None) -> datetime | None:
        due = [instant for instant in (sandbox_next, self.house.next_due()) if instant is not None]
        if not due:
            return None
        # Never stand still: what stays due although it was just worked on waits.
        return end_of_grain(max(min(due), self.clock.now() + timedelta(seconds=1)))


def end_of_grain(instant: datetime) -> datetime:
    """The instant itself where it ends a grain, else the end of the one it falls into."""
    past = instant.timestamp() % GRAIN_SECONDS
    return instant + timedelta(seconds=GRAIN_SECONDS - past) if past else instant
