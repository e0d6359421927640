"""A turn's request and what may be in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STAGES = ("offer", "open", "survey")
QUESTIONS = (
    "interest",
    "confirm_apply",
    "identity",
    "which_offer",
    "which_reading",
    "callback_time",
    "home_visit",
    "relation",
    "mandate",
    "rating",
    "rating_reason",
    "resolved",
)
CHANNELS = ("sms", "chat", "voice")
LONGEST_TEXT = 4000


class BadTurnError(ValueError):
    """The request breaks the contract of docs/interfaces.md §1; the message names the field."""


@dataclass(frozen=True)
class Turn:
    """What a resident said and where the dialogue stood when they said it."""

    text: str
    stage: str
    asked: str | None
    channel: str
    misses: int
    menu: tuple[str, ...]

    @classmethod
    def of(cls, body: Any) -> Turn:
        """Read a request.

        Raises:
            BadTurnError: a field is missing, of another type, or has a value that is not in its table.
        """
        request = _object(body, "the body")
        state = _object(request.get("state"), "state")
        misses = state.get("misses", 0)
        if isinstance(misses, bool) or not isinstance(misses, int) or misses < 0:
            raise BadTurnError("misses must be a number from 0")
        return cls(
            text=_text(request.get("text")),
            stage=_one_of(state.get("stage"), STAGES, "stage"),
            asked=None if state.get("asked") is None else _one_of(state["asked"], QUESTIONS, "asked"),
            channel=_one_of(state.get("channel"), CHANNELS, "channel"),
            misses=misses,
            menu=_menu(state.get("menu", [])),
        )


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadTurnError(f"{name} must be an object")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadTurnError("text must be a string")
    return value[:LONGEST_TEXT]


def _one_of(value: Any, table: tuple[str, ...], name: str) -> str:
    if value not in table:
        raise BadTurnError(f"{name} must be one of {', '.join(table)}")
    return str(value)


def _menu(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(intent, str) for intent in value):
        raise BadTurnError("menu must be a list of intents")
    return tuple(value)
