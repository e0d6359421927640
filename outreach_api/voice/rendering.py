"""How a written answer is said: in sentences, and a long one in pieces that an old person can take in."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_IN_ONE_GO = 100
"""Characters; at the pace of the phone about half a minute."""
PIECE = 60
_SENTENCE = re.compile(r"[^。！？；\n]+[。！？；]?[”’」]?")
_NUMBERED = re.compile(r"(?<![\d.])([1-9])\.(?=[^\d\s])")
# Marks that a voice would stumble over.
_UNSPOKEN = str.maketrans({"【": "", "】": "", "“": "", "”": "", "「": "", "」": "", "*": ""})


@dataclass(frozen=True)
class Spoken:
    now: tuple[str, ...]
    rest: tuple[str, ...] = ()
    """What is said when they want to hear on."""


def spoken(text: str) -> Spoken:
    """The sentences of a text; beyond what is taken in at one go, the rest waits to be asked for."""
    return in_pieces(sentences(text))


def in_pieces(said: tuple[str, ...]) -> Spoken:
    if sum(map(len, said)) <= LONGEST_IN_ONE_GO:
        return Spoken(said)
    length = 0
    for position, sentence in enumerate(said):
        length += len(sentence)
        if length >= PIECE and position + 1 < len(said):
            return Spoken(said[: position + 1], said[position + 1 :])
    return Spoken(said)


def sentences(text: str) -> tuple[str, ...]:
    text = _NUMBERED.sub(r"第\1个，", text)
    found = (sentence.strip().translate(_UNSPOKEN) for sentence in _SENTENCE.findall(text))
    return tuple(sentence for sentence in found if sentence)


def unsaid(said: tuple[str, ...], heard: str) -> tuple[str, ...]:
    """The sentences that had not been spoken to their end when somebody interrupted."""
    reached = len(_bare(heard))
    for position, sentence in enumerate(said):
        reached -= len(_bare(sentence))
        if reached < 0:
            return said[position:]
    return ()


def _bare(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())
