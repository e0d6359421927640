"""Why somebody was found eligible, in the viewer's language."""

from __future__ import annotations

from dataclasses import dataclass

from models.match import Match
from outreach_api.cases.why_eligible import Line, why_eligible
from outreach_api.web.words import Locale, Speaker
from scheduler.rules.evaluate import Verdict
from scheduler.rules.fields import Field, in_words


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
    """What opened the match, part by part."""
    return [_said(line, speaker) for line in why_eligible(match, shows_sensitive=shows_sensitive)]


def _said(line: Line, speaker: Speaker) -> Reason:
    return Reason(
        depth=line.depth,
        label=speaker.label(line.label),
        verdict=line.verdict,
        field=getattr(line.field, speaker.locale) if line.field else None,
        seen=_seen(line.field, line.seen, speaker) if line.field and not line.withheld else None,
        withheld=line.withheld,
        cite=line.cite,
    )


def _seen(entry: Field, value: object, speaker: Speaker) -> str:
    if speaker.locale is Locale.ZH:
        return in_words(entry, value)
    if value is None:
        return "not on record"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
