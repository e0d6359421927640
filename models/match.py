"""A match: a resident found eligible for a policy and not enrolled; and the ledger that says why."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.column_types import EncryptedJson
from models.resident import Resident
from models.vocabulary import ApplicationChannel, ApplicationStatus, DeltaKind, MatchState


class Snapshot(Base):
    """One matching pass over one state of the population files."""

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 over the input files, the cards and the day: the same snapshot twice creates nothing."""
    as_of: Mapped[date]
    counts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Match(Base):
    __tablename__ = "match"
    __table_args__ = (
        Index("ix_match_policy_state", "policy_id", "state"),
        Index("uq_match_open", "resident_id", "policy_id", "episode", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    policy_id: Mapped[str] = mapped_column(String(64))
    episode: Mapped[int] = mapped_column(Integer, default=1)
    """How often this resident was matched to this policy; a new episode only after the last one closed."""
    policy_version: Mapped[str] = mapped_column(String(32))
    state: Mapped[MatchState] = mapped_column(default=MatchState.NEW)
    needs_asking: Mapped[bool] = mapped_column(default=False)
    """The rule could not decide for want of data: ask before offering."""
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    state_changed_at: Mapped[datetime]
    callback_at: Mapped[datetime | None]
    eligible_from: Mapped[date | None]
    """Where it was opened ahead of time: the day from which the rule holds."""
    version: Mapped[int] = mapped_column(default=1)

    resident: Mapped[Resident] = relationship()
    ledger: Mapped[list[MatchLedger]] = relationship(back_populates="match", order_by="MatchLedger.id")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own declarative name


class MatchLedger(Base):
    """Append-only: each delta of a match with the rule version, the snapshot and each clause with the value it saw."""

    __tablename__ = "match_ledger"

    id: Mapped[int] = mapped_column(primary_key=True)
    match_id: Mapped[int] = mapped_column(ForeignKey("match.id"), index=True)
    at: Mapped[datetime]
    delta: Mapped[DeltaKind]
    opened: Mapped[bool]
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    rule_version: Mapped[str] = mapped_column(String(80))
    """Policy version and a digest of the rule text."""
    row: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("match_ledger.row"))
    """Every field the rule reads, with the value it saw."""
    trace: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("match_ledger.trace"))

    match: Mapped[Match] = relationship(back_populates="ledger")


class MatchChange(Base):
    """Append-only history of match states: who or what moved it."""

    __tablename__ = "match_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    match_id: Mapped[int] = mapped_column(ForeignKey("match.id"), index=True)
    at: Mapped[datetime]
    old: Mapped[MatchState]
    new: Mapped[MatchState]
    because: Mapped[str] = mapped_column(String(64))
    """What moved it, such as `inbound:123`, `application:55`, `visit:9`, `planner`, `staff:2`."""


class Application(Base):
    """What an outside system reports; the newest row of one `external_ref` counts."""

    __tablename__ = "application"

    id: Mapped[int] = mapped_column(primary_key=True)
    external_ref: Mapped[str] = mapped_column(String(64))
    status: Mapped[ApplicationStatus]
    resident_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"), index=True)
    policy_id: Mapped[str] = mapped_column(String(64))
    channel: Mapped[ApplicationChannel]
    occurred_on: Mapped[date]
    received_at: Mapped[datetime]

    __table_args__ = (Index("uq_application_report", "external_ref", "status", unique=True),)
