"""What the classifier sees of a message: characters, words, sounds and what they are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import jieba
from pypinyin import lazy_pinyin

from bot.components.concepts import concepts
from bot.components.spelling import mandarin, plain

jieba.setLogLevel(60)

# What a southern tongue, and the recogniser behind the phone, does not keep apart.
_SAME_SOUND = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("l", "n"), ("hu", "f"))


@lru_cache(maxsize=32768)
def sound(character: str) -> str:
    """The character's reading without its tone and without the differences that speech blurs."""
    reading = lazy_pinyin(character)[0]
    for clear, blurred in _SAME_SOUND:
        reading = reading.replace(clear, blurred)
    return reading


def _grams(units: list[str], longest: int) -> Iterator[str]:
    for size in range(1, longest + 1):
        for start in range(len(units) - size + 1):
            yield "".join(units[start : start + size])


def views(text: str, stage: str) -> dict[str, list[str]]:
    """The message's features by view; a view is weighed as a whole, so a long text does not outshout the stage."""
    spoken = plain(text)
    meant = mandarin(spoken)
    characters = ["^", *meant, "$"]
    words = [word for word in jieba.lcut(meant, HMM=False) if word.strip()]
    sounds = ["^", *(sound(character) + "'" for character in meant if character.isalnum()), "$"]
    return {
        "c": [*_grams(characters, 3), *([] if meant == spoken else _grams(["^", *spoken, "$"], 3))],
        "w": [*words, *(f"{first} {second}" for first, second in zip(words, words[1:], strict=False))],
        "p": [*_grams(sounds, 3)],
        "k": list(concepts(meant)),
        "s": [stage, f"{stage}:{min(len(meant), 12)}", *(f"{stage}:{word}" for word in words)],
    }


def tokens(text: str, stage: str) -> Iterable[tuple[str, str]]:
    """Every feature as (view, feature)."""
    for view, found in views(text, stage).items():
        for feature in found:
            yield view, feature
