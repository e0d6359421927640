"""Who is behind an openid: bound by a code that was given to a resident, never by a name."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.resident import Resident
from models.vocabulary import PhoneState
from models.wechat import WechatCode, WechatFollower
from scheduler.planning.chat_links import token_digest

ADDRESS = "wechat:"
CODE_DIGITS = 8
CODE_LASTS = timedelta(days=3)
MOST_FAILED_CODES = 5
_BIND = re.compile(rf"^\s*绑定\s*[:：]?\s*(\d{{{CODE_DIGITS}}})\s*$")
_UNBIND = re.compile(r"^\s*(解绑|取消绑定|解除绑定)\s*$")


class NoCode(Exception):  # noqa: N818
    """This resident has no phone whose talk it could join."""


def give_code(session: Session, resident: Resident, *, now: datetime) -> str:
    """A code for one resident, which is kept as a hash.

    Raises:
        NoCode: there is no usable phone.
    """
    usable = [owned.phone_id for owned in resident.phones if owned.phone.state is not PhoneState.QUARANTINED]
    if not usable:
        raise NoCode("there is no phone whose conversation it could join")
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    session.add(
        WechatCode(
            code_hash=token_digest(code),
            resident_id=resident.id,
            phone_id=usable[0],
            created_at=now,
            expires_at=now + CODE_LASTS,
        )
    )
    session.flush()
    return code


def follower_of(session: Session, openid: str) -> WechatFollower:
    """The follower, held until the transaction ends; a new one is written down."""
    index = key_ring().blind_index(openid, kind="openid")
    query = select(WechatFollower).where(WechatFollower.openid_index == index).with_for_update()
    found = session.scalar(query)
    if found is None:
        found = WechatFollower(openid=openid, openid_index=index, follows=True, failed_codes=0)
        session.add(found)
        session.flush()
    return found


def code_in(text: str) -> str | None:
    found = _BIND.match(text)
    return found[1] if found else None


def wants_unbinding(text: str) -> bool:
    return _UNBIND.match(text) is not None


def bind(session: Session, follower: WechatFollower, code: str, *, now: datetime) -> bool:
    """Bind by a code; the same one again by the same follower is no failure. Too many failures end the trying."""
    if follower.failed_codes >= MOST_FAILED_CODES:
        return False
    query = select(WechatCode).where(WechatCode.code_hash == token_digest(code), WechatCode.expires_at > now)
    found = session.scalar(query.with_for_update())
    if found is None or found.used_by not in (None, follower.id):
        follower.failed_codes += 1
        return False
    found.used_by = follower.id
    follower.resident_id, follower.phone_id, follower.bound_at = found.resident_id, found.phone_id, now
    follower.failed_codes = 0
    return True


def unbind(follower: WechatFollower) -> None:
    """From here on it is nobody's, and hears nothing personal."""
    follower.resident_id = follower.phone_id = follower.bound_at = None


def resident_behind(session: Session, address: str) -> int | None:
    """The resident whose openid wrote, by the address of a message."""
    index = key_ring().blind_index(address.removeprefix(ADDRESS), kind="openid")
    return session.scalar(select(WechatFollower.resident_id).where(WechatFollower.openid_index == index))
