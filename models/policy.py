"""Every version of a policy card that ever decided something, kept so that the decision can be replayed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class PolicyVersion(Base):
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
