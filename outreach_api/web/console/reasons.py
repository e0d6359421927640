"""Why somebody was found eligible: the ledger's trace, line by line in the viewer's language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from models.match import Match
from outreach_api.web.words import Locale, Speaker
from scheduler.rules.evaluate import ClauseTrace, Verdict
from scheduler.rules.fields import FIELDS, Field, Grade, in_words

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reason:
    depth: int
    label: str
    verdict: Verdict
    field: str | None
    seen: str | None
    """None: a group, or withheld from this viewer."""
    withheld: bool
    cite: str | None


def reasons(match: Match, speaker: Speaker, *, shows_sensitive: bool) -> list[Reason]:
    """What opened the match, newest opening. A trace in an older form is not shown rather than wrongly read."""
    opened = [entry for entry in match.ledger if entry.opened]
    if not opened:
        return []
    try:
        trace = ClauseTrace.model_validate(opened[-1].trace)
    except ValidationError:
        log.warning("trace_unreadable", match=match.id)
        return []
    return list(_lines(trace, speaker, 0, shows_sensitive=shows_sensitive))


def _lines(trace: ClauseTrace, speaker: Speaker, depth: int, *, shows_sensitive: bool) -> Iterator[Reason]:
    entry = FIELDS.get(trace.field or "")
    withheld = entry is not None and entry.grade is Grade.SENSITIVE and not shows_sensitive
    yield Reason(
        depth=min(depth, 3),
        label=speaker.label(trace.label),
        verdict=trace.verdict,
        field=getattr(entry, speaker.locale) if entry else None,
        seen=_seen(entry, trace.seen, speaker) if entry and not withheld else None,
        withheld=withheld,
        cite=trace.cite,
    )
    for part in trace.parts:
        yield from _lines(part, speaker, depth + 1, shows_sensitive=shows_sensitive)


def _seen(entry: Field, value: object, speaker: Speaker) -> str:
    if speaker.locale is Locale.ZH:
        return in_words(entry, value)
    if value is None:
        return "not on record"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
