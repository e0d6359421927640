"""Work for a person: cases, who goes, and what came of the visit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.column_types import Encrypted
from models.resident import Resident
from models.vocabulary import (
    AppointmentState,
    CaseKind,
    CaseReason,
    CaseState,
    DayPart,
    EscalationLevel,
    Urgency,
    VisitOutcome,
)

USUAL_VISITS_PER_DAY = 8


class Station(Base):
    """A service station; with coordinates it serves the doors around it."""

    __tablename__ = "station"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    street: Mapped[str] = mapped_column(String(64))
    community: Mapped[str | None] = mapped_column(String(64))
    lat: Mapped[float | None]
    lon: Mapped[float | None]


class Building(Base):
    """A building of the address register: where it stands. Who lives in it is not said here."""

    __tablename__ = "building"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(200), unique=True)
    street: Mapped[str] = mapped_column(String(64))
    community: Mapped[str | None] = mapped_column(String(64))
    lat: Mapped[float]
    lon: Mapped[float]


class Team(Base):
    __tablename__ = "team"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"))
    skills: Mapped[list[str]] = mapped_column(default=list)
    """`TeamSkill` values; a team that names none takes everything."""
    dialects: Mapped[list[str]] = mapped_column(default=list)
    visits_per_day: Mapped[int] = mapped_column(default=USUAL_VISITS_PER_DAY)
    withdrawn_at: Mapped[datetime | None]

    station: Mapped[Station | None] = relationship()


class Case(Base):
    """One piece of work; its clocks: opened, accepted, first feedback, resolved, confirmed."""

    __tablename__ = "case"
    __table_args__ = (
        Index("ix_case_queue", "state", "kind", "due_at"),
        # One for each way of looking at the queue: a list is read in its order and never sorted.
        Index("ix_case_due", "state", "due_at"),
        Index("ix_case_urgent", "state", "urgency", "due_at"),
        Index("ix_case_policy", "state", "policy_id", "due_at"),
        Index("ix_case_held", "staff_id", "state", "due_at"),
        Index("ix_case_escalated", "state", "escalation", "due_at"),
        # How fast a kind of promise was kept of late.
        Index("ix_case_kept", "kind", "kept_at"),
        Index("ix_case_resident", "resident_id"),
    )

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
    marks: Mapped[list[str]] = mapped_column(default=list)
    """`PriorityMark` values: why it comes before others."""
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    """The team it was routed to, and once it is accepted the team that has it."""
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    first_feedback_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    kept_at: Mapped[datetime | None]
    """When what is promised for its kind had happened; none while the promise runs."""
    escalation: Mapped[EscalationLevel] = mapped_column(default=EscalationLevel.NONE)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    """The contact that asked last whether it is settled."""
    wanted_from: Mapped[datetime | None]
    wanted_to: Mapped[datetime | None]
    """When a visit would suit the resident, as they said it."""
    version: Mapped[int] = mapped_column(default=1)

    resident: Mapped[Resident | None] = relationship()
    team: Mapped[Team | None] = relationship()
    changes: Mapped[list[CaseChange]] = relationship(back_populates="case", order_by="CaseChange.id")
    visits: Mapped[list[Visit]] = relationship(back_populates="case", order_by="Visit.id")
    appointments: Mapped[list[Appointment]] = relationship(back_populates="case", order_by="Appointment.id")

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


class Appointment(Base):
    """That a team comes to the door on a day. A case has at most one that stands."""

    __tablename__ = "appointment"
    __table_args__ = (Index("ix_appointment_team_day", "team_id", "on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    on: Mapped[date]
    part: Mapped[DayPart]
    state: Mapped[AppointmentState] = mapped_column(default=AppointmentState.STANDING)
    turn: Mapped[int | None]
    """Which door of the team's day it is, once the day is planned."""
    made_at: Mapped[datetime]
    told_by: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    """The contact that told the resident who comes and when."""

    case: Mapped[Case] = relationship(back_populates="appointments")
    team: Mapped[Team] = relationship()


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
    consented_at: Mapped[datetime | None]
    """When the resident agreed, at the door, that we apply for them."""
    recorded_at: Mapped[datetime]

    case: Mapped[Case] = relationship(back_populates="visits")
