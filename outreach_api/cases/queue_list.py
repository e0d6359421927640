"""The queue as a list, what falls due first on top: a page at a time, each read in an index's order.

With several states or levels there is a branch for each, and their heads are merged: one query over all of them would
have to sort what waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice, product

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from models.case import Case
from models.vocabulary import CaseKind, CaseState, EscalationLevel, Urgency
from outreach_api.cases.open_case import OPEN_CASE_STATES

COUNTED_UP_TO = 10_000
"""Above that the exact number helps nobody, and counting it takes longer than the page."""
Place = tuple[datetime, int]


@dataclass(frozen=True)
class Wanted:
    """Which cases. Without a state: what is unfinished."""

    kind: CaseKind | None = None
    state: CaseState | None = None
    urgency: Urgency | None = None
    policy: str | None = None
    staff_id: int | None = None
    overdue: bool = False
    escalated: bool = False


def queue_page(session: Session, wanted: Wanted, *, after: str | None, rows: int, now: datetime) -> list[Case]:
    """Up to so many cases behind the cursor `after`, with who they are about and when somebody comes."""
    ids = [case_id for _, case_id in islice(_places(session, wanted, after, rows, now), rows)]
    query = select(Case).where(Case.id.in_(ids))
    query = query.options(joinedload(Case.resident), joinedload(Case.team), selectinload(Case.appointments))
    found = {case.id: case for case in session.scalars(query)}
    return [found[case_id] for case_id in ids]


def queue_length(session: Session, wanted: Wanted, *, now: datetime) -> int:
    """How many there are; `COUNTED_UP_TO` stands for that many or more."""
    total = 0
    for branch in _branches(wanted, now):
        some = select(Case.id).where(*branch).limit(COUNTED_UP_TO - total).subquery()
        total += session.scalar(select(func.count()).select_from(some)) or 0
        if total >= COUNTED_UP_TO:
            break
    return total


def cursor(case: Case) -> str:
    return f"{case.due_at.timestamp():.6f}-{case.id}"


def _places(session: Session, wanted: Wanted, after: str | None, rows: int, now: datetime) -> Iterator[Place]:
    mark = _read_cursor(after)
    heads: list[Sequence[Place]] = []
    for branch in _branches(wanted, now):
        query = select(Case.due_at, Case.id).where(*branch).order_by(Case.due_at, Case.id).limit(rows)
        if mark is not None:
            # The first comparison lets an index begin at the mark, the second leaves out what was seen.
            query = query.where(Case.due_at >= mark[0], tuple_(Case.due_at, Case.id) > mark)
        heads.append([(due_at, case_id) for due_at, case_id in session.execute(query)])
    return merge(*heads)


def _branches(wanted: Wanted, now: datetime) -> Iterator[list[ColumnElement[bool]]]:
    states = [wanted.state] if wanted.state else sorted(OPEN_CASE_STATES)
    levels = [level for level in EscalationLevel if level is not EscalationLevel.NONE] if wanted.escalated else [None]
    for state, level in product(states, levels):
        if wanted.overdue and state not in OPEN_CASE_STATES:
            continue
        branch: list[ColumnElement[bool]] = [Case.state == state]
        if level is not None:
            branch.append(Case.escalation == level)
        yield branch + _conditions(wanted, now)


def _conditions(wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (Case.kind, wanted.kind),
        (Case.urgency, wanted.urgency),
        (Case.policy_id, wanted.policy),
        (Case.staff_id, wanted.staff_id),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.overdue:
        conditions.append(Case.due_at < now)
    if wanted.overdue or wanted.escalated:
        conditions.append(Case.kept_at.is_(None))
    return conditions


def _read_cursor(after: str | None) -> Place | None:
    """A cursor that makes no sense is the first page: addresses get cut off in mails."""
    try:
        instant, _, case_id = (after or "").rpartition("-")
        return datetime.fromtimestamp(float(instant), tz=UTC), int(case_id)
    except (ValueError, OverflowError, OSError):
        return None
