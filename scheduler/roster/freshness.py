"""Which files of an import are too old to be believed on a day."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from scheduler.roster.feed import FeedKind, feeds

REPORT_FILE = "import.json"
_IN_NAME = re.compile(
    r"(?<!\d)(?P<year>20\d\d)"
    r"(?:(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])?"
    r"|[-_.年](?P<m>1[0-2]|0?[1-9])(?:[-_.月](?P<d>[12]\d|3[01]|0?[1-9])日?|月)?)(?!\d)"
)


@dataclass(frozen=True, slots=True)
class DatedFile:
    """A file of an import: its feed, the day it speaks for, and the item whose recipients it lists, if any."""

    file: str
    feed: str
    dated: date
    policy: str | None = None

    @property
    def kind(self) -> FeedKind:
        return feeds()[self.feed].kind

    def days_overdue(self, on: date) -> int:
        """How many days ago the feed should have come anew; 0 while it is fresh."""
        return max(0, (on - self.dated).days - feeds()[self.feed].fresh_for_days)

    def is_stale(self, on: date) -> bool:
        return self.days_overdue(on) > 0


def dated_on(path: Path, today: date) -> date:
    """The day a file speaks for: the date in its name (a month alone: its first day), else when it was last written.

    What claims to come from after today speaks for today.
    """
    return min(_in_name(path.stem) or _written_on(path), today)


def _written_on(path: Path) -> date:
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).date()


def _in_name(stem: str) -> date | None:
    found = _IN_NAME.search(stem)
    if not found:
        return None
    try:
        return date(int(found["year"]), int(found["month"] or found["m"]), int(found["day"] or found["d"] or 1))
    except ValueError:
        return None


def dated_files(folder: Path) -> Sequence[DatedFile]:
    """The files an import was made of, as its report has them; none where there is no report or it says no dates."""
    path = folder / REPORT_FILE
    if not path.exists():
        return ()
    entries = json.loads(path.read_text(encoding="utf-8"))["files"]
    return tuple(
        DatedFile(entry["file"], entry["feed"], date.fromisoformat(entry["dated"]), entry.get("policy"))
        for entry in entries
        if entry.get("dated") and entry["feed"] in feeds() and not entry.get("refused")
    )
