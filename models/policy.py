"""Versions of policy cards: those that ever decided something, and those that departments submit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.vocabulary import SubmissionState


class PolicyVersion(Base):
    """A version that decided something, kept so that the decision can be replayed."""

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("policy_id", "version", "rule_digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(32))
    rule_digest: Mapped[str] = mapped_column(String(16))
    card: Mapped[dict[str, Any]]
    first_used_at: Mapped[datetime]

    @property
    def label(self) -> str:
        return f"{self.policy_id}@{self.version}#{self.rule_digest}"


class PolicySubmission(Base):
    """A card file as a department sent it. It counts from its effective date once a second person has approved it."""

    __tablename__ = "policy_submission"

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[str] = mapped_column(String(64), index=True)
    version: Mapped[int]
    effective_from: Mapped[date | None]
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[SubmissionState]
    submitted_by: Mapped[str] = mapped_column(String(64))
    submitted_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    because: Mapped[str | None] = mapped_column(String(200))


class PolicyConfirmation(Base):
    """That a department looked at its item in a quarter and stands by what the card says."""

    __tablename__ = "policy_confirmation"
    __table_args__ = (UniqueConstraint("policy_id", "quarter"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[str] = mapped_column(String(64))
    quarter: Mapped[str] = mapped_column(String(6))
    """`2026Q4`."""
    version: Mapped[int]
    confirmed_by: Mapped[str] = mapped_column(String(64))
    confirmed_at: Mapped[datetime]
    remark: Mapped[str | None] = mapped_column(String(200))
