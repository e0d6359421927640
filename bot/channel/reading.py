"""Which intents a message holds, and in which order they are served."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.components.phrases import rules_out_death
from bot.components.spelling import plain

DEATH = "resident_deceased"
ALONE = (DEATH, "opt_out")
PERSON = ("wrong_number",)
YES_NO = ("affirm", "deny")
COURTESY = ("greet", "thanks", "goodbye")
FALLBACK = "out_of_scope"
MOST_SERVED = 3
_POLITE = re.compile("谢|感激|辛苦|唔该|3q|thx|thank")

# A clause speaks for itself only when it is this sure: the whole message has more to go by.
SURE = 0.8
SURE_OF_YES_NO = 0.9

# Said together these are one wish; the second says what the first means.
_OUTWEIGHED_BY = {
    "affirm": {"deny", "not_interested", "interested", "already_enrolled", "call_back_later", "busy", "wrong_number"},
    "deny": {"not_interested", "already_enrolled", "wrong_number", "moved_away", "is_family_member"},
    "interested": {"not_interested", "already_enrolled"},
    "busy": {"call_back_later"},
    "greet": {"ask_who_are_you"},
    "is_family_member": {"wrong_number"},
}


@dataclass(frozen=True)
class Reading:
    """A piece of a message and what it was taken for."""

    text: str
    intent: str
    confidence: float

    @classmethod
    def of(cls, parse: dict[str, Any]) -> Reading:
        return cls(parse["text"], parse["intent"]["name"], parse["intent"]["confidence"])

    def as_json(self) -> dict[str, Any]:
        return {"text": self.text, "intent": self.intent, "confidence": round(self.confidence, 4)}


def intents(whole: Reading, pieces: Sequence[Reading], *, asked: str | None) -> list[str]:
    """What is served, most urgent first.

    A death or a stop stands alone, whichever piece says it. A clause adds an intent only where it is sure; the fallback
    is given only when there is nothing else. Where nothing is asked, 好的谢谢 is thanks: there is nothing to agree to.
    """
    heard = {whole.intent, *(piece.intent for piece in pieces if _sure(piece))}
    if whole.intent != DEATH and rules_out_death(whole.text):
        heard.discard(DEATH)
    for intent in ALONE:
        if intent in heard:
            return [intent]
    if asked is None and "affirm" in heard and _POLITE.search(plain(whole.text)):
        heard = heard - {"affirm"} | {"thanks"}
    heard -= {intent for intent in heard if _OUTWEIGHED_BY.get(intent, set()) & heard}
    said = [piece.intent for piece in pieces]
    served = sorted(heard - {FALLBACK}, key=lambda intent: (_rank(intent), _place(intent, said)))
    return served[:MOST_SERVED] or [FALLBACK]


def _place(intent: str, said: list[str]) -> int:
    """Where it was said: questions are answered in the order in which they were asked."""
    return said.index(intent) if intent in said else len(said)


def _sure(piece: Reading) -> bool:
    return piece.confidence >= (SURE_OF_YES_NO if piece.intent in YES_NO else SURE)


def _rank(intent: str) -> int:
    for rank, group in ((0, PERSON), (2, YES_NO), (3, COURTESY)):
        if intent in group:
            return rank
    return 1
