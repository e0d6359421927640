"""What a speech recogniser makes of a sentence: no punctuation, and here and there another character of one sound."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.components.features import sound
from bot.components.spelling import plain

_SEED = 7
_SHARE_COPIED = 0.5
_SHARE_MISHEARD = 0.15
_SHORTEST = 5


@dataclass(frozen=True)
class Copy:
    """A noisy copy of the training message at place `original`."""

    text: str
    stage: str
    original: int


def misheard(messages: Sequence[tuple[str, str]]) -> list[Copy]:
    """Copy about half of the (text, stage) messages with homophone errors, the same at every training."""
    chance = random.Random(_SEED)  # noqa: S311
    homophones = _homophones(text for text, _ in messages)
    return [
        Copy(_mishear(plain(text), homophones, chance), stage, place)
        for place, (text, stage) in enumerate(messages)
        if len(text) >= _SHORTEST and chance.random() < _SHARE_COPIED
    ]


Homophones = dict[str, Counter[str]]


def _homophones(texts: Iterable[str]) -> Homophones:
    """Characters by sound, counted, so that a common one is misheard for a rare one more often than the reverse."""
    found: Homophones = defaultdict(Counter)
    for text in texts:
        for character in filter(_is_chinese, plain(text)):
            found[sound(character)][character] += 1
    return found


def _mishear(spoken: str, homophones: Homophones, chance: random.Random) -> str:
    return "".join(_heard(character, homophones, chance) for character in spoken if character.isalnum())


def _heard(character: str, homophones: Homophones, chance: random.Random) -> str:
    if not _is_chinese(character) or chance.random() >= _SHARE_MISHEARD:
        return character
    others = {other: count for other, count in homophones[sound(character)].items() if other != character}
    return chance.choices(list(others), list(others.values()))[0] if others else character


def _is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"
