"""A matched resident, the phones that reach them, and how they wish to be reached."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.column_types import BlindIndex, Encrypted, EncryptedJson
from models.vocabulary import Audience, PhoneState, ResidentStatus

BARE = "bare"
"""The name's index in a row that a restore made of somebody its backup did not know; the next import fills it."""


def _where_set(column: str) -> Index:
    """An index of the few that have it."""
    has = text(f"{column} IS NOT NULL")
    return Index(f"ix_resident_{column}", column, sqlite_where=has, postgresql_where=has)


class Resident(Base):
    """A person or firm that a match, a reminder or a notice names. Others never enter this database."""

    __tablename__ = "resident"
    __table_args__ = (_where_set("erased_at"), _where_set("profiling_refused_at"), _where_set("merged_into_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    audience: Mapped[Audience] = mapped_column(default=Audience.PERSON)
    person_key: Mapped[str] = mapped_column(BlindIndex, unique=True)
    """Key in the imported files: the blind index of the ID number or credit code, else of the merge key."""
    name: Mapped[str] = mapped_column(Encrypted("resident.name"))
    name_index: Mapped[str] = mapped_column(BlindIndex, index=True)
    id_number: Mapped[str | None] = mapped_column(Encrypted("resident.id_number"))
    id_number_index: Mapped[str | None] = mapped_column(BlindIndex, index=True)
    """By which reports name them; of a firm, that of its credit code."""
    birth_date: Mapped[date | None]
    sex: Mapped[str | None] = mapped_column(String(8))
    street: Mapped[str | None] = mapped_column(String(64))
    community: Mapped[str | None] = mapped_column(String(64), index=True)
    address: Mapped[str | None] = mapped_column(Encrypted("resident.address"))
    life_stage: Mapped[str | None] = mapped_column(String(32))
    focus_groups: Mapped[list[str]] = mapped_column(default=list)
    status: Mapped[ResidentStatus] = mapped_column(default=ResidentStatus.PRESENT)
    profiling_refused_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    """Their record was deleted: what is left keeps them from being matched or contacted again, and counts."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"))
    """The record that stands for this one too: it was the same person. Nothing but who they were is left here."""
    created_at: Mapped[datetime]

    phones: Mapped[list[ResidentPhone]] = relationship(back_populates="resident", order_by="ResidentPhone.rank")


_MOBILE = re.compile(r"\+861[3-9]\d{9}")


def state_by_form(number: str) -> PhoneState:
    """What a number that nobody has tried yet takes: one of the mainland that is no mobile's takes calls only."""
    fixed = number.startswith("+86") and not _MOBILE.fullmatch(number)
    return PhoneState.LANDLINE if fixed else PhoneState.USABLE


class Phone(Base):
    """A number, whoever answers it. Stops and quarantine of a number live here, not with a resident."""

    __tablename__ = "phone"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(Encrypted("phone.number"))
    """E.164."""
    number_index: Mapped[str] = mapped_column(BlindIndex, unique=True)
    state: Mapped[PhoneState] = mapped_column(default=PhoneState.USABLE)
    carrier_failures: Mapped[int] = mapped_column(default=0)


class ResidentPhone(Base):
    """That a source says this number reaches this resident; `rank` 0 is tried first."""

    __tablename__ = "resident_phone"
    __table_args__ = (UniqueConstraint("resident_id", "phone_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"), index=True)
    rank: Mapped[int] = mapped_column(default=0)
    source: Mapped[str] = mapped_column(String(32))

    resident: Mapped[Resident] = relationship(back_populates="phones")
    phone: Mapped[Phone] = relationship()


class Preference(Base):
    """How a resident wishes to be reached: `no_robot_calls`, `visit_only`, `slow`, `cantonese`, …"""

    __tablename__ = "preference"
    __table_args__ = (UniqueConstraint("resident_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    name: Mapped[str] = mapped_column(String(32))
    value: Mapped[dict[str, Any]] = mapped_column(default=dict)
    since: Mapped[datetime]


class Mandate(Base):
    """A family member may speak for the resident: for one policy, with proof, expiring, revocable."""

    __tablename__ = "mandate"

    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    policy_id: Mapped[str] = mapped_column(String(64))
    holder: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("mandate.holder"))
    """Their name, where it is known."""
    phone_id: Mapped[int | None] = mapped_column(ForeignKey("phone.id"), index=True)
    """Where they speak; without one the mandate serves nobody."""
    relation: Mapped[str] = mapped_column(String(32))
    proof: Mapped[str] = mapped_column(String(64))
    """`own_word:message:ID`, or `checked:staff:ID`."""
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_because: Mapped[str | None] = mapped_column(String(64))
