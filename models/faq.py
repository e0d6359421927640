"""A question that a person answered once, kept so that the assistant can answer it the next time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.vocabulary import Topic


class KeptFaq(Base):
    """Proposed by one person, used only after another has reviewed it. It holds no personal data."""

    __tablename__ = "kept_faq"

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[str] = mapped_column(String(64), index=True)
    topic: Mapped[Topic]
    question: Mapped[str] = mapped_column(String(120))
    answer: Mapped[str] = mapped_column(String(110))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    proposed_by: Mapped[str] = mapped_column(String(32))
    proposed_at: Mapped[datetime]
    reviewed_by: Mapped[str | None] = mapped_column(String(32))
    reviewed_at: Mapped[datetime | None]
    in_use: Mapped[bool] = mapped_column(default=False)
