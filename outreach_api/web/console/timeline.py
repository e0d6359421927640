"""What happened to a case and its match, in one line of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case, CaseChange, Team
from models.match import Match, MatchChange
from models.staff import Staff
from models.vocabulary import CaseReason, EscalationLevel, MatchState, PriorityMark, VisitOutcome
from outreach_api.privacy.masking import mask_text
from outreach_api.web.words import Speaker


@dataclass(frozen=True)
class Entry:
    at: datetime
    what: str
    detail: str
    who: str
    note: str | None


def timeline(session: Session, case: Case, match: Match | None, speaker: Speaker, names: Sequence[str]) -> list[Entry]:
    """Newest first."""
    people = _people(session, case)
    visit_notes = {visit.id: visit.note for visit in case.visits}
    entries = [_case_entry(change, speaker, people, visit_notes, names) for change in case.changes]
    if match is not None:
        moves = session.scalars(select(MatchChange).where(MatchChange.match_id == match.id))
        entries += [_match_entry(move, speaker) for move in moves]
    # Of one moment, what was written down last comes first.
    return sorted(entries, key=lambda entry: entry.at)[::-1]


def _case_entry(
    change: CaseChange,
    speaker: Speaker,
    people: dict[str, str],
    visit_notes: dict[int, str | None],
    names: Sequence[str],
) -> Entry:
    note = change.note or visit_notes.get(change.detail.get("visit", 0))
    return Entry(
        at=change.at,
        what=speaker.t(f"change_{change.change}"),
        detail=_detail(change, speaker),
        who=people.get(change.by, speaker.t("system") if change.by == "system" else change.by.partition(":")[2]),
        note=mask_text(note, names=names) if note else None,
    )


# What a change's detail holds, by its key.
_DETAIL_WORDS: dict[str, type[StrEnum]] = {
    "outcome": VisitOutcome,
    "reason": CaseReason,
    "level": EscalationLevel,
    "mark": PriorityMark,
}


def _detail(change: CaseChange, speaker: Speaker) -> str:
    words = [speaker.word(kind(change.detail[key])) for key, kind in _DETAIL_WORDS.items() if key in change.detail]
    numbers = [f"#{change.detail[key]}" for key in ("into", "case") if key in change.detail]
    return " · ".join(words + numbers)


def _match_entry(move: MatchChange, speaker: Speaker) -> Entry:
    old, new = speaker.word(MatchState(move.old)), speaker.word(MatchState(move.new))
    return Entry(at=move.at, what=speaker.t("match_state"), detail=f"{old} → {new}", who="", note=None)


def _people(session: Session, case: Case) -> dict[str, str]:
    """Who the actors of this case's history are called."""
    actors = {change.by for change in case.changes}
    staff_ids = [int(actor.partition(":")[2]) for actor in actors if actor.startswith("staff:")]
    codes = [actor.partition(":")[2] for actor in actors if actor.startswith("team:")]
    staff = session.execute(select(Staff.id, Staff.display_name).where(Staff.id.in_(staff_ids)))
    teams = session.execute(select(Team.code, Team.name).where(Team.code.in_(codes)))
    return {f"staff:{key}": name for key, name in staff} | {f"team:{code}": name for code, name in teams}
