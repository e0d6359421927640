"""Who is at the other end of a call: they hear what is said, and do something about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Say:
    """`partials` are what the recogniser makes of it on the way."""

    text: str
    language: str = "cmn-Hans-CN"
    partials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BargeIn:
    """They speak before the assistant is done, having heard so many characters."""

    after: int
    text: str


@dataclass(frozen=True, slots=True)
class Press:
    digit: str


@dataclass(frozen=True, slots=True)
class Silent:
    pass


@dataclass(frozen=True, slots=True)
class HangUp:
    """`half_said` is the sentence they were in."""

    half_said: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing yet: they listen, or think. To be asked again soon, unless the other side says more."""


@dataclass(frozen=True, slots=True)
class LineBreaks:
    """Nobody does anything: the connection between the carrier and the other side is gone."""


Act = Say | BargeIn | Press | Silent | HangUp | Waiting | LineBreaks


class Listener(Protocol):
    def hear(self, said: str) -> Act:
        """What they do after these words; called again after each answer."""
