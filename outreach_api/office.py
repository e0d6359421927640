"""Staff, teams and stations as an administrator keeps them; every change is on the record."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Station, Team
from models.event import AuditEntry
from models.staff import Staff
from models.vocabulary import Role
from outreach_api.web.second_factor import take_factor
from outreach_api.web.staff import add_staff, renew_password


class OfficeRefused(ValueError):  # noqa: N818
    """Nothing was changed; says why."""


class StaffStep(StrEnum):
    DISABLE = "disable"
    ENABLE = "enable"
    NEW_PASSWORD = "new_password"  # noqa: S105 - a step, no password
    RESET_FACTOR = "reset_factor"


_OTHER_HALF = {
    StaffStep.NEW_PASSWORD: ("second_factor.take", "second_factor.give"),
    StaffStep.RESET_FACTOR: ("password.renew",),
}
"""What one administrator does not do to the same account within a day: with both they could sign in as its owner."""
APART = timedelta(days=1)


def take_on(
    session: Session, username: str, display_name: str, role: Role, *, team_id: int | None, by: str, now: datetime
) -> tuple[Staff, str]:
    """Add somebody; with their first password, which is kept nowhere.

    Raises:
        OfficeRefused: the name is taken or empty, or a visitor has no team.
    """
    username, display_name = username.strip(), display_name.strip()
    if not username or not display_name:
        raise OfficeRefused("give both names")
    if session.scalar(select(Staff.id).where(Staff.username == username)) is not None:
        raise OfficeRefused(f"{username} is taken")
    _check_team(session, role, team_id)
    password = add_staff(session, username, display_name, role, team_id=team_id, now=now)
    session.flush()
    staff = session.scalars(select(Staff).where(Staff.username == username)).one()
    _note(session, "staff.add", f"staff:{staff.id}", by, now, role=role.value)
    return staff, password


def change_duties(
    session: Session, staff_id: int, role: Role, *, team_id: int | None, most_cases: int | None, by: str, now: datetime
) -> None:
    """Give somebody another role, team or limit. Nobody changes their own.

    Raises:
        OfficeRefused: it is oneself, there is no such person, or a visitor has no team.
    """
    staff = colleague(session, staff_id, by)
    _check_team(session, role, team_id)
    before = staff.role.value
    staff.role, staff.team_id, staff.most_cases = role, team_id, most_cases
    _note(session, "staff.change", f"staff:{staff_id}", by, now, before=before, role=role.value)


def step_staff(session: Session, staff_id: int, step: StaffStep, *, by: str, now: datetime) -> str | None:
    """Lock somebody out, let them in again, give a new password, which is returned, or take a lost second factor.

    Raises:
        OfficeRefused: it is oneself, there is no such person, or the other half was done by the same administrator.
    """
    staff = colleague(session, staff_id, by)
    _hold_apart(session, staff, step, by, now)
    password = None
    match step:
        case StaffStep.DISABLE:
            staff.disabled_at = now
        case StaffStep.ENABLE:
            staff.disabled_at, staff.failed_sign_ins, staff.locked_until = None, 0, None
        case StaffStep.NEW_PASSWORD:
            password = renew_password(session, staff, by=by, now=now)
        case StaffStep.RESET_FACTOR:
            take_factor(session, staff, by=by, now=now)
    _note(session, f"staff.{step.value}", f"staff:{staff_id}", by, now)
    return password


def keep_team(
    session: Session,
    code: str,
    name: str,
    *,
    station_id: int | None,
    visits_per_day: int,
    skills: list[str],
    dialects: list[str],
    withdrawn: bool,
    by: str,
    now: datetime,
) -> None:
    """Add a team, or change the one of this code. A withdrawn one is sent nowhere any more.

    Raises:
        OfficeRefused: no code, no name, no visits, or no such station.
    """
    code, name = code.strip(), name.strip()
    if not code or not name or visits_per_day < 1:
        raise OfficeRefused("give code, name and at least one visit a day")
    if station_id is not None and session.get(Station, station_id) is None:
        raise OfficeRefused(f"there is no station {station_id}")
    team = session.scalar(select(Team).where(Team.code == code))
    if team is None:
        team = Team(code=code, name=name)
        session.add(team)
    team.name, team.station_id, team.visits_per_day = name, station_id, visits_per_day
    team.skills, team.dialects = skills, dialects
    team.withdrawn_at = (team.withdrawn_at or now) if withdrawn else None
    session.flush()
    _note(session, "team.keep", f"team:{code}", by, now, visits_per_day=visits_per_day, withdrawn=withdrawn)


def add_station(session: Session, name: str, street: str, community: str, *, by: str, now: datetime) -> None:
    """Add a station.

    Raises:
        OfficeRefused: the name is taken, or name or street is missing.
    """
    name, street = name.strip(), street.strip()
    if not name or not street or session.scalar(select(Station.id).where(Station.name == name)) is not None:
        raise OfficeRefused("give a name that is not taken, and a street")
    session.add(Station(name=name, street=street, community=community.strip() or None))
    _note(session, "station.add", f"station:{name}"[:64], by, now)


def colleague(session: Session, staff_id: int, by: str) -> Staff:
    """Somebody whose account another person changes.

    Raises:
        OfficeRefused: it is oneself, or there is no such person.
    """
    staff = session.get(Staff, staff_id)
    if staff is None:
        raise OfficeRefused(f"there is no member of staff {staff_id}")
    if by == f"staff:{staff_id}":
        raise OfficeRefused("somebody else changes one's own account")
    return staff


def _hold_apart(session: Session, staff: Staff, step: StaffStep, by: str, now: datetime) -> None:
    """Password and factor of one account are given by two people, or by the operator at the terminal."""
    half = (AuditEntry.actor == by, AuditEntry.subject == f"staff:{staff.id}", AuditEntry.at > now - APART)
    other = AuditEntry.action.in_(_OTHER_HALF.get(step, ()))
    if step in _OTHER_HALF and session.scalar(select(AuditEntry.id).where(*half, other).limit(1)) is not None:
        raise OfficeRefused("who gave the password does not reset the second factor too: another administrator does")


def _check_team(session: Session, role: Role, team_id: int | None) -> None:
    if role is Role.TEAM_MEMBER and team_id is None:
        raise OfficeRefused("who visits goes out with a team")
    if team_id is not None and session.get(Team, team_id) is None:
        raise OfficeRefused(f"there is no team {team_id}")


def _note(session: Session, action: str, subject: str, by: str, now: datetime, **facts: object) -> None:
    session.add(AuditEntry(at=now, actor=by, action=action, subject=subject, facts=facts))
