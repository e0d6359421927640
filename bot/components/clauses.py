"""A message cut where one thing ends and the next begins."""

from __future__ import annotations

import re

_CUT = re.compile(r"[,,。.!!??;;、~…\n]+|\s+|(?=但是|不过|另外|还有就是|对了|顺便|然后呢?|就是想问|我想问|想问下|请问)")
_WORDS = re.compile(r"\w")
MOST = 6


def clauses(text: str) -> list[str]:
    """Cut a plain text into at most `MOST` clauses that say something; what lies beyond is read with the whole only."""
    found = [clause.strip() for clause in _CUT.split(text)]
    return [clause for clause in found if _WORDS.search(clause)][:MOST]
