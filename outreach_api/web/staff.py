"""Adding staff."""

from __future__ import annotations

import secrets

from sqlalchemy.orm import Session

from models.staff import Staff
from models.vocabulary import Role
from outreach_api.web.auth import hash_password

PASSWORD_BYTES = 12


def add_staff(
    session: Session,
    username: str,
    display_name: str,
    role: Role,
    *,
    team_id: int | None = None,
    most_cases: int | None = None,
) -> str:
    """Add somebody and give their first password, which is kept nowhere."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    session.add(
        Staff(
            username=username,
            display_name=display_name,
            role=role,
            password_hash=hash_password(password),
            team_id=team_id,
            most_cases=most_cases,
        )
    )
    return password
