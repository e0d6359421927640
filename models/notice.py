"""Who was told of the use of their data, where and when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.vocabulary import Channel


class NoticeGiven(Base):
    """That a resident was told on a channel: in a planned text, or as a talk began."""

    __tablename__ = "notice_given"

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    channel: Mapped[Channel]
    at: Mapped[datetime]
    """Of a text: when it was planned; whether it went out is its contact's."""
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
