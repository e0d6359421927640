"""The second factor of a sign-in by password: a code of the moment (TOTP, RFC 6238), each good once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyotp
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.event import AuditEntry
from models.staff import Staff, StaffSession
from models.vocabulary import Role

ISSUER = "Benefit Outreach"
STEP = timedelta(seconds=30)
STEPS_EITHER_SIDE = 1
"""A phone's clock may be off by so much."""
NEEDED_BY = frozenset({Role.ADMINISTRATOR})


def give_factor(session: Session, staff: Staff, *, by: str, now: datetime) -> str:
    """A new secret, as an address that an authenticator takes; the old one and open sessions end with it."""
    staff.totp_secret, staff.totp_step = pyotp.random_base32(), None
    _changed(session, staff, "second_factor.give", by, now)
    return pyotp.TOTP(staff.totp_secret).provisioning_uri(name=staff.username, issuer_name=ISSUER)


def take_factor(session: Session, staff: Staff, *, by: str, now: datetime) -> None:
    """From now on the password is enough, or where the role needs a code, nothing is."""
    staff.totp_secret = staff.totp_step = None
    _changed(session, staff, "second_factor.take", by, now)


def passes(staff: Staff, code: str, *, now: datetime) -> bool:
    """Whether the code is that of the moment and was not used before; it is used now.

    Who has no factor passes without one, unless their role needs it.
    """
    if staff.totp_secret is None:
        return staff.role not in NEEDED_BY
    totp = pyotp.TOTP(staff.totp_secret)
    for step in range(-STEPS_EITHER_SIDE, STEPS_EITHER_SIDE + 1):
        number = int((now + step * STEP).timestamp()) // int(STEP.total_seconds())
        is_new = staff.totp_step is None or number > staff.totp_step
        if is_new and pyotp.utils.strings_equal(totp.generate_otp(number), "".join(code.split())):
            staff.totp_step = number
            return True
    return False


def _changed(session: Session, staff: Staff, action: str, by: str, now: datetime) -> None:
    session.execute(
        update(StaffSession)
        .where(StaffSession.staff_id == staff.id, StaffSession.ended_at.is_(None))
        .values(ended_at=now)
    )
    session.add(AuditEntry(at=now, actor=by, action=action, subject=f"staff:{staff.id}"))
