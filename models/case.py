"""Work for a person: cases, who goes, and what came of the visit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.column_types import Encrypted
from models.resident import Resident
from models.vocabulary import CaseKind, CaseReason, CaseState, Urgency, VisitOutcome


class Station(Base):
    __tablename__ = "station"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    street: Mapped[str] = mapped_column(String(64))
    community: Mapped[str | None] = mapped_column(String(64))


class Team(Base):
    __tablename__ = "team"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"))


class Case(Base):
    """One piece of work; its clocks: opened, accepted, first feedback, resolved, confirmed."""

    __tablename__ = "case"
    __table_args__ = (Index("ix_case_queue", "state", "kind", "due_at"), Index("ix_case_resident", "resident_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[CaseKind]
    reason: Mapped[CaseReason]
    state: Mapped[CaseState] = mapped_column(default=CaseState.OPEN)
    urgency: Mapped[Urgency] = mapped_column(default=Urgency.NORMAL)
    resident_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"))
    match_id: Mapped[int | None] = mapped_column(ForeignKey("match.id"), index=True)
    policy_id: Mapped[str | None] = mapped_column(String(64))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    summary: Mapped[str | None] = mapped_column(Encrypted("case.summary"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    first_feedback_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    resident: Mapped[Resident | None] = relationship()
    team: Mapped[Team | None] = relationship()
    changes: Mapped[list[CaseChange]] = relationship(back_populates="case", order_by="CaseChange.id")
    visits: Mapped[list[Visit]] = relationship(back_populates="case", order_by="Visit.id")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class CaseChange(Base):
    """Append-only history of a case."""

    __tablename__ = "case_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(32))
    change: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str | None] = mapped_column(Encrypted("case_change.note"))

    case: Mapped[Case] = relationship(back_populates="changes")


class Visit(Base):
    __tablename__ = "visit"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    """Made by the visitor's device: the same one twice is one visit."""
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    visit_on: Mapped[date]
    policy_id: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[VisitOutcome]
    note: Mapped[str | None] = mapped_column(Encrypted("visit.note"))
    recorded_at: Mapped[datetime]

    case: Mapped[Case] = relationship(back_populates="visits")
