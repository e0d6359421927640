"""What a call remembers from one event to the next; kept with the call, so that any process can go on with it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class CallState(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    greeted: bool = False
    over: bool = False
    turns: int = 0
    """How many things the other end has said or pressed."""
    silences: int = 0
    waiting: bool = False
    """They asked us to wait: silence is not asked after."""
    slow: bool = False
    cantonese: bool = False
    last_said: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    """The part of a long answer that was not said yet."""
    interrupted: bool = False
    drops: int = 0
    """How often the connection broke."""
    surname: str = ""
    """Half of who they are, said before the month."""
    surveying: bool = False
    """A question of a survey is open: 没有 answers it and takes no leave."""
    others_asked: bool = False
    """We have asked for the others of the house: a hello may be theirs."""
    closing: bool = False
    """Nothing is asked any more: a thank you or a goodbye ends the call."""

    def stored(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_defaults=True)

    def with_(self, **changes: Any) -> CallState:
        return self.model_copy(update=changes)
