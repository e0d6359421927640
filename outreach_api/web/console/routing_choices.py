"""What a supervisor can choose from on a case: teams, days, colleagues, and the open cases it may be one with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case, Team
from models.staff import Staff
from models.vocabulary import CaseKind
from outreach_api.cases.bookings import bookable_days
from outreach_api.cases.open_case import OPEN_CASE_STATES, hours_in_force
from outreach_api.web.access import CASE_WORKERS

MOST_ALIKE = 20


@dataclass(frozen=True)
class Choices:
    teams: list[tuple[int, str]]
    days: list[date]
    colleagues: list[tuple[int, str]]
    alike: list[int]


def choices_for(session: Session, case: Case, now: datetime) -> Choices:
    hours = hours_in_force(session)
    is_visit = case.kind is CaseKind.HOME_VISIT
    return Choices(
        teams=_teams(session) if is_visit else [],
        days=bookable_days(now.astimezone(hours.zone).date(), hours.is_working_day) if is_visit else [],
        colleagues=[] if is_visit else _colleagues(session),
        alike=_alike(session, case),
    )


def _teams(session: Session) -> list[tuple[int, str]]:
    query = select(Team.id, Team.name).where(Team.withdrawn_at.is_(None)).order_by(Team.code)
    return [(team_id, name) for team_id, name in session.execute(query)]


def _colleagues(session: Session) -> list[tuple[int, str]]:
    query = select(Staff.id, Staff.display_name).where(Staff.role.in_(CASE_WORKERS), Staff.disabled_at.is_(None))
    return [(staff_id, name) for staff_id, name in session.execute(query.order_by(Staff.display_name, Staff.id))]


def _alike(session: Session, case: Case) -> list[int]:
    """Open cases of the same kind and person; of a case about nobody known, those of its conversation."""
    # By person or conversation alone: of all that waits, the index on those leads to the few that are theirs.
    found: set[int] = set()
    for column, value in ((Case.resident_id, case.resident_id), (Case.conversation_id, case.conversation_id)):
        if value is not None:
            theirs = session.execute(select(Case.id, Case.kind, Case.state).where(column == value))
            found |= {key for key, kind, state in theirs if kind is case.kind and state in OPEN_CASE_STATES}
    return sorted(found - {case.id})[:MOST_ALIKE]
