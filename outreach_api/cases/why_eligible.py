"""Why somebody was found eligible: the ledger's trace, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from models.match import Match
from scheduler.rules.evaluate import ClauseTrace, Verdict
from scheduler.rules.fields import FIELDS, Field, Grade
from scheduler.rules.rule import Label, Scalar

log = structlog.get_logger(__name__)
DEEPEST = 3


@dataclass(frozen=True)
class Line:
    """One part of the rule. `seen` is None of a group, and where it is withheld from this reader."""

    depth: int
    label: Label
    verdict: Verdict
    field: Field | None
    seen: Scalar | None
    withheld: bool
    cite: str | None


def why_eligible(match: Match, *, shows_sensitive: bool) -> list[Line]:
    """What opened the match, newest opening. A trace in an older form is not shown rather than wrongly read."""
    opened = [entry for entry in match.ledger if entry.opened]
    if not opened:
        return []
    try:
        trace = ClauseTrace.model_validate(opened[-1].trace)
    except ValidationError:
        log.warning("trace_unreadable", match=match.id)
        return []
    return list(_lines(trace, 0, shows_sensitive=shows_sensitive))


def _lines(trace: ClauseTrace, depth: int, *, shows_sensitive: bool) -> Iterator[Line]:
    entry = FIELDS.get(trace.field or "")
    withheld = entry is not None and entry.grade is Grade.SENSITIVE and not shows_sensitive
    seen = trace.seen if entry and not withheld else None
    yield Line(min(depth, DEEPEST), trace.label, trace.verdict, entry, seen, withheld, trace.cite)
    for part in trace.parts:
        yield from _lines(part, depth + 1, shows_sensitive=shows_sensitive)
