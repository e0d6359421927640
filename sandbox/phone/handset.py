"""One phone in somebody's hand: what it has received, what rings on it, and what its holder does about it."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.carrier.listening import Act, BargeIn, HangUp, Press, Say, Waiting

LISTENS_FOR_SECONDS = 0.25
"""So long the line waits for its holder before it looks whether the other side says something more."""


class Stage(StrEnum):
    RINGING = "ringing"
    TALKING = "talking"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Bubble:
    mine: bool
    text: str
    at: str


@dataclass(slots=True)
class Ongoing:
    """`lines` are what was said, in order; a key is kept as [1]."""

    number: str
    stage: Stage = Stage.RINGING
    lines: list[Bubble] = field(default_factory=list)


class Handset:
    """The screen asks what is new and tells what was done; the carrier rings it and listens to it."""

    def __init__(self, number: str, owner: str, born: str, *, clock: Callable[[], str]) -> None:
        self.number = number
        self.owner = owner
        self.born = born
        self._clock = clock
        self._changed = threading.Condition()
        self._version = 1
        self._bubbles: list[Bubble] = []
        self._call: Ongoing | None = None
        self._calls = 0
        self._note = ""
        self._wants_call = False
        self._acts: queue.Queue[Act] = queue.Queue()
        self._pick_up: Callable[[], None] | None = None
        self._decline: Callable[[], None] | None = None

    # What the screen shows

    def since(self, version: int, *, seconds: float) -> dict[str, Any]:
        """All there is, as soon as it is newer than `version`; else after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > version, timeout=seconds)
            call = self._call
            return {
                "version": self._version,
                "now": self._clock(),
                "bubbles": [asdict(bubble) for bubble in self._bubbles],
                "call": {"id": self._calls, **asdict(call)} if call else None,
                "note": self._note,
            }

    def tell(self, note: str) -> None:
        """Something that the house has to say about a wish to be called."""
        with self._change():
            self._note = note

    # What its holder does

    def wish_a_call(self) -> None:
        with self._change():
            self._wants_call, self._note = True, ""

    def take_wish(self) -> bool:
        with self._changed:
            wanted, self._wants_call = self._wants_call, False
            return wanted

    def note_written(self, text: str) -> None:
        with self._change():
            self._bubbles.append(Bubble(mine=True, text=text, at=self._clock()))

    def answer(self) -> None:
        self._if_ringing(self._pick_up)

    def decline(self) -> None:
        self._if_ringing(self._decline)

    def say(self, text: str, *, heard: int | None = None) -> None:
        """`heard`: they spoke into what was being said, after so many characters of it."""
        self._do(text, Say(text) if heard is None else BargeIn(heard, text))

    def press(self, key: str) -> None:
        self._do(f"[{key}]", Press(key))

    def hang_up(self) -> None:
        self._acts.put(HangUp())

    # What the carrier does

    def receive(self, text: str) -> None:
        with self._change():
            self._bubbles.append(Bubble(mine=False, text=text, at=self._clock()))

    def ring(self, number: str, *, pick_up: Callable[[], None], decline: Callable[[], None]) -> None:
        with self._change():
            self._acts = queue.Queue()
            self._pick_up, self._decline = pick_up, decline
            self._calls += 1
            self._call, self._note = Ongoing(number), ""

    def connected(self) -> None:
        with self._change():
            if self._call is not None:
                self._call.stage = Stage.TALKING

    def over(self) -> None:
        with self._change():
            if self._call is not None:
                self._call.stage = Stage.OVER

    def hear(self, said: str) -> Act:
        """Show it, and see whether its holder has done something."""
        if said:
            self._note_line(said, mine=False)
        try:
            return self._acts.get(timeout=LISTENS_FOR_SECONDS)
        except queue.Empty:
            return Waiting()

    def _do(self, shown: str, act: Act) -> None:
        self._note_line(shown, mine=True)
        self._acts.put(act)

    def _note_line(self, text: str, *, mine: bool) -> None:
        with self._change():
            if self._call is not None:
                self._call.lines.append(Bubble(mine=mine, text=text, at=self._clock()))

    def _if_ringing(self, then: Callable[[], None] | None) -> None:
        with self._changed:
            rings = self._call is not None and self._call.stage is Stage.RINGING
        if rings and then is not None:
            then()

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        """Hold the handset while it changes; then everybody who waits for news gets it."""
        with self._changed:
            yield
            self._version += 1
            self._changed.notify_all()
