"""What the classifier sees of a message: characters, words, sounds and what they are about."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import jieba
from pypinyin import lazy_pinyin

from bot.components.spelling import mandarin, plain

jieba.setLogLevel(60)


@lru_cache(maxsize=32768)
def sound(character: str) -> str:
    """The character's reading without its tone, which is what a speech recogniser mixes up."""
    return str(lazy_pinyin(character)[0])


def _grams(units: list[str], longest: int) -> Iterator[str]:
    for size in range(1, longest + 1):
        for start in range(len(units) - size + 1):
            yield "".join(units[start : start + size])


def views(text: str, stage: str) -> dict[str, list[str]]:
    """The message's features by view; a view is weighed as a whole, so a long text does not outshout the stage.

    c: characters in Mandarin and, where it differs, as spoken; k: characters apart, which survive what is put between;
    w: words; p: sounds; s: words together with the stage.
    """
    spoken = plain(text)
    meant = mandarin(spoken)
    characters = ["^", *meant, "$"]
    words = [word for word in jieba.lcut(meant, HMM=False) if word.strip()]
    sounds = ["^", *(f"{sound(character)}'" for character in meant if character.isalnum()), "$"]
    return {
        "c": [*_grams(characters, 3), *([] if meant == spoken else _grams(["^", *spoken, "$"], 3))],
        "k": [f"{first}_{second}" for step in (2, 3) for first, second in zip(characters, characters[step:])],  # noqa: B905
        "w": [*words, *(f"{first} {second}" for first, second in pairwise(words))],
        "p": [*_grams(sounds, 3)],
        "s": [stage, f"{stage}:{min(len(meant), 12)}", *(f"{stage}:{word}" for word in words)],
    }
