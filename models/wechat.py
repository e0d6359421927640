"""The Official Account: followers, codes that bind one to a resident, and what guards the door."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.column_types import BlindIndex, Encrypted


class WechatFollower(Base):
    """An openid. It is a resident's only once somebody has sent the code that was given to that resident."""

    __tablename__ = "wechat_follower"

    id: Mapped[int] = mapped_column(primary_key=True)
    openid: Mapped[str] = mapped_column(Encrypted("wechat_follower.openid"))
    openid_index: Mapped[str] = mapped_column(BlindIndex, unique=True)
    follows: Mapped[bool] = mapped_column(default=True)
    last_heard_at: Mapped[datetime | None]
    """Customer-service messages may be sent for 48 hours from here."""
    notices: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    """Templates whose notices they have agreed to get."""
    failed_codes: Mapped[int] = mapped_column(default=0)
    resident_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"), index=True)
    phone_id: Mapped[int | None] = mapped_column(ForeignKey("phone.id"), index=True)
    """Whose talk it joins, while it is bound."""
    bound_at: Mapped[datetime | None]


class WechatCode(Base):
    """Given to one resident; whoever sends it is bound to them. It counts once, and not for long."""

    __tablename__ = "wechat_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_by: Mapped[int | None] = mapped_column(ForeignKey("wechat_follower.id"))


class WechatSeen(Base):
    """A signature that was taken; the same one again is a replay."""

    __tablename__ = "wechat_seen"

    signature: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


class WechatToken(Base):
    """The access token that all workers share."""

    __tablename__ = "wechat_token"

    app_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    token: Mapped[str] = mapped_column(Encrypted("wechat_token.token"))
    expires_at: Mapped[datetime]
