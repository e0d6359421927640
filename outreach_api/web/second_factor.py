"""The second factor: a code of the moment (TOTP, RFC 6238), or a recovery code where the authenticator is lost.

Each is good once.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import pyotp
import segno
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.event import AuditEntry
from models.staff import Staff, StaffSession
from models.vocabulary import Role
from outreach_api.settings import Settings

ISSUER = "Benefit Outreach"
STEP = timedelta(seconds=30)
STEPS_EITHER_SIDE = 1
"""A phone's clock may be off by so much."""
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another when it is read from paper."""
_GROUPS, _GROUP = 6, 4
LONGEST_CODE = 32


def needs_factor(settings: Settings, role: Role) -> bool:
    """Whether a role gets to its pages with two factors alone."""
    return role in settings.second_factor_for


def new_secret() -> str:
    return pyotp.random_base32()


def address_of(secret: str, username: str) -> str:
    """What an authenticator takes in."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def picture_of(address: str) -> str:
    """The address as a QR code, drawn here: nobody else learns of it."""
    return str(segno.make(address, error="m").svg_data_uri(scale=4, border=4, light="white"))


def give_factor(session: Session, staff: Staff, *, by: str, now: datetime) -> str:
    """A new secret, as an address that an authenticator takes.

    The old one, its recovery codes and open sessions end with it.
    """
    staff.totp_secret, staff.totp_step, staff.recovery_codes = new_secret(), None, []
    end_all_sessions(session, staff, now=now)
    _note(session, staff, "second_factor.give", by, now)
    return address_of(staff.totp_secret, staff.username)


def take_factor(session: Session, staff: Staff, *, by: str, now: datetime) -> None:
    """From now on the password opens one factor's worth: where the role needs two, another one is set up first."""
    staff.totp_secret, staff.totp_step, staff.recovery_codes = None, None, []
    end_all_sessions(session, staff, now=now)
    _note(session, staff, "second_factor.take", by, now)


def set_up(session: Session, staff: Staff, secret: str, code: str, *, now: datetime) -> bool:
    """Take a secret into use that its owner's authenticator has; whether the code shows that it does."""
    step = _step_of(secret, code, after=None, now=now)
    if step is None:
        return False
    staff.totp_secret, staff.totp_step = secret, step
    end_all_sessions(session, staff, now=now)
    _note(session, staff, "second_factor.set_up", f"staff:{staff.id}", now)
    return True


def give_recovery_codes(staff: Staff) -> list[str]:
    """Codes for when the authenticator is lost, which are kept nowhere; those before them count no more."""
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    staff.recovery_codes = [_index(code) for code in codes]
    return codes


def passes(session: Session, staff: Staff, code: str, *, now: datetime) -> bool:
    """Whether this is the code of the moment or a recovery code, and was not used before; it is used now."""
    if staff.totp_secret is None:
        return False
    step = _step_of(staff.totp_secret, code, after=staff.totp_step, now=now)
    if step is not None:
        staff.totp_step = step
        return True
    index = _index(code)
    if index not in staff.recovery_codes:
        return False
    staff.recovery_codes = [kept for kept in staff.recovery_codes if kept != index]
    facts = {"left": len(staff.recovery_codes)}
    _note(session, staff, "second_factor.recovery_code", f"staff:{staff.id}", now, facts)
    return True


def end_all_sessions(session: Session, staff: Staff, *, now: datetime) -> None:
    session.execute(
        update(StaffSession)
        .where(StaffSession.staff_id == staff.id, StaffSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def _step_of(secret: str, code: str, *, after: int | None, now: datetime) -> int | None:
    """The time step that this is the code of, among those of the moment that come after the last one used."""
    totp, given = pyotp.TOTP(secret), "".join(code.split())
    for step in range(-STEPS_EITHER_SIDE, STEPS_EITHER_SIDE + 1):
        number = int((now + step * STEP).timestamp()) // int(STEP.total_seconds())
        is_new = after is None or number > after
        if is_new and pyotp.utils.strings_equal(totp.generate_otp(number), given):
            return number
    return None


def _recovery_code() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def _index(code: str) -> str:
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return key_ring().blind_index(plain, kind="recovery_code")


def _note(
    session: Session, staff: Staff, action: str, by: str, now: datetime, facts: dict[str, int] | None = None
) -> None:
    session.add(AuditEntry(at=now, actor=by, action=action, subject=f"staff:{staff.id}", facts=facts or {}))
