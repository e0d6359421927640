"""Adding staff, and giving them another password. Passwords are made here, never chosen."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.event import AuditEntry
from models.staff import Staff, StaffSession
from models.vocabulary import Role
from outreach_api.web.auth import hash_password

PASSWORD_BYTES = 16
GIVEN_FOR = timedelta(days=7)
"""A password that somebody else gave: by then its owner has had another made."""


def add_staff(
    session: Session,
    username: str,
    display_name: str,
    role: Role,
    *,
    team_id: int | None = None,
    most_cases: int | None = None,
    now: datetime | None = None,
) -> str:
    """Add somebody and give their first password, which is kept nowhere; told when it is, it ends a week later."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    session.add(
        Staff(
            username=username,
            display_name=display_name,
            role=role,
            password_hash=hash_password(password),
            team_id=team_id,
            most_cases=most_cases,
            password_until=now + GIVEN_FOR if now else None,
        )
    )
    return password


def renew_password(session: Session, staff: Staff, *, by: str, now: datetime) -> str:
    """A new password for somebody, which is kept nowhere; the old one and open sessions end, and so does a lock.

    One that somebody else gives ends itself, one that they had made does not.
    """
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    staff.password_hash, staff.failed_sign_ins, staff.locked_until = hash_password(password), 0, None
    staff.password_until = None if by == f"staff:{staff.id}" else now + GIVEN_FOR
    theirs = (StaffSession.staff_id == staff.id, StaffSession.ended_at.is_(None))
    session.execute(update(StaffSession).where(*theirs).values(ended_at=now))
    session.add(AuditEntry(at=now, actor=by, action="password.renew", subject=f"staff:{staff.id}"))
    return password
