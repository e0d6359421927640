"""What people make of a conversation: marks and scores; and by which words it is found again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.column_types import Encrypted
from models.vocabulary import TalkFlag


class TalkMark(Base):
    """One person's judgement of a conversation. A flag stands until somebody has seen to it."""

    __tablename__ = "talk_mark"
    __table_args__ = (Index("ix_talk_mark_standing", "settled_at", "conversation_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    flag: Mapped[TalkFlag | None]
    score: Mapped[int | None]
    """1 to 5: how well it was handled."""
    note: Mapped[str | None] = mapped_column(Encrypted("talk_mark.note"))
    settled_at: Mapped[datetime | None]


class WordIndex(Base):
    """That two neighbouring signs occur in what was said: a keyed hash of them, never the signs."""

    __tablename__ = "word_index"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own declarative name

    pair: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
