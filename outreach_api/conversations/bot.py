"""The seam to the assistant that reads residents' words. A turn is a function: nothing is kept on the other side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from models.vocabulary import Channel, Question, Stage


@dataclass(frozen=True)
class TurnState:
    """What the bot may know of the conversation: no person, no time, no database."""

    stage: Stage
    asked: Question | None
    channel: Channel
    misses: int = 0
    menu: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """The bot's reading: directives as `docs/interfaces.md` lists them, and the ranked intents."""

    directives: tuple[dict[str, Any], ...]
    ranking: tuple[dict[str, Any], ...]
    clauses: tuple[dict[str, Any], ...] = ()
    model: str = ""


class BotUnavailable(Exception):  # noqa: N818
    """No process answered, or the answer had no usable directive."""


class Bot(Protocol):
    def turn(self, text: str, state: TurnState) -> Turn:
        """Read one message.

        Raises:
            BotUnavailable: nothing usable came back in time.
        """
