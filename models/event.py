"""What the console tails, what was audited, which slots ran, what was set."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.vocabulary import EventKind


class Event(Base):
    """Something a live page may want to show. Holds ids, enums and counts; never personal data."""

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[EventKind]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)


class AuditEntry(Base):
    """Who did or saw what, and for what purpose. Append-only, and sealed as its transaction commits (`audit_chain`)."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64), index=True)
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    purpose: Mapped[str | None] = mapped_column(String(200))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)


class AuditSeal(Base):
    """An entry's place in the chain, and the keyed hash over it and all before it. Append-only."""

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entry.id"), unique=True)
    digest: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """Where the chain ends: without it the last entries could be cut off unseen."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    mark: Mapped[str] = mapped_column(String(64))
    """The keyed hash of both."""


class AuditAlert(Base):
    """Odd use of what is masked, found by a rule; one row for a person and a day."""

    __tablename__ = "audit_alert"
    __table_args__ = (UniqueConstraint("rule", "actor", "on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(64))
    on: Mapped[date]
    at: Mapped[datetime]
    count: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)


class JobSlot(Base):
    """That a job ran for a nominal time. The unique row decides between several schedulers."""

    __tablename__ = "job_slot"
    __table_args__ = (UniqueConstraint("job", "slot"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(String(64))
    slot: Mapped[datetime]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]


class Setting(Base):
    """A value that staff may edit while the system runs, such as quiet hours or 调休 days."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(64))
