"""Labour: what our way took of people's time, beside the manual way. Minutes per step are assumptions, and editable."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import AuditEntry, Setting
from outreach_api.reports.counting import Counting, ratio
from outreach_api.reports.report import Table

SETTING = "labour_minutes"
MOST_MINUTES = 600
# Assumptions of ours, to be replaced by the district's own timing.
DEFAULT_MINUTES: dict[str, float] = {
    "text": 0, "human": 8, "complaint": 15, "appeal": 10, "identity": 10, "policy_question": 10,
    "rights": 20,
    "home_visit": 5, "visit": 40, "manual_look_up": 5, "manual_call": 6, "manual_visit": 45, "manual_calls_each": 2,
}  # fmt: skip


def labour_minutes(session: Session) -> dict[str, float]:
    """The minutes in force: what staff set, else the assumptions."""
    row = session.scalar(select(Setting.value).where(Setting.name == SETTING))
    return DEFAULT_MINUTES | (read_minutes(row) if row is not None else {})


def set_minutes(session: Session, changes: Mapping[str, float], *, by: str, now: datetime) -> dict[str, float]:
    """Put other minutes in force, on the record; steps that are not named keep theirs.

    Raises:
        ValueError: a step is unknown, or its minutes are no number from 0 to 600.
    """
    minutes = labour_minutes(session) | read_minutes(changes)
    row = session.get(Setting, SETTING)
    if row is None:
        session.add(Setting(name=SETTING, value=minutes, changed_at=now, changed_by=by))
    else:
        row.value, row.changed_at, row.changed_by = minutes, now, by
    session.add(AuditEntry(at=now, actor=by, action="set", subject=f"setting:{SETTING}", facts=dict(changes)))
    return minutes


def read_minutes(value: Any) -> dict[str, float]:
    """Minutes per step as staff wrote them.

    Raises:
        ValueError: a step is unknown, or its minutes are no number from 0 to 600.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{SETTING} is a table of step and minutes; steps are {', '.join(DEFAULT_MINUTES)}")  # noqa: TRY004
    for step, minutes in value.items():
        if step not in DEFAULT_MINUTES:
            raise ValueError(f"{SETTING}: there is no step {step!r}; steps are {', '.join(DEFAULT_MINUTES)}")
        if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 <= minutes <= MOST_MINUTES:
            raise ValueError(f"{SETTING}: {step} is a number of minutes, 0 to {MOST_MINUTES}")
    return {str(step): float(minutes) for step, minutes in value.items()}


def labour(
    counting: Counting,
    minutes: Mapping[str, float],
    matches: Mapping[str, float | None],
    since: datetime,
    until: datetime,
) -> tuple[dict[str, float | None], Table]:
    """Staff minutes by step, and per match done; the manual way looks everybody up, calls twice and visits once."""
    cases = counting.rows(
        "SELECT kind, COUNT(*) FROM report_case c WHERE taken = 1 AND opened_at >= $since AND opened_at < $until "
        f"{counting.of_policy()} GROUP BY 1 ORDER BY 1",
        since=since,
        until=until,
    )
    (visits,) = counting.one(
        "SELECT COUNT(*) FROM visit v JOIN report_case c ON c.case_id = v.case_id "
        f"WHERE c.opened_at >= $since AND c.opened_at < $until {counting.of_policy()}",
        since=since,
        until=until,
    )
    counted = {"text": matches["person_times"] or 0, **{str(kind): int(n or 0) for kind, n in cases}, "visit": visits}
    rows = tuple((step, n, minutes[step], n * minutes[step]) for step, n in counted.items() if step in minutes)
    total = sum(row[3] for row in rows)
    people, done = matches["newly_matched"] or 0, matches["done"] or 0
    each = minutes["manual_look_up"] + minutes["manual_calls_each"] * minutes["manual_call"] + minutes["manual_visit"]
    manual = people * each
    table = Table(
        "labour",
        ("step", "units", "minutes_each", "minutes"),
        (*rows, ("manual", people, each, manual)),
    )
    figures = {
        "minutes_per_done": ratio(total, done),
        "manual_minutes_per_done": ratio(manual, done),
        "labour_ratio": ratio(manual, total),
    }
    return figures, table
