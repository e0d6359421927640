"""Finding a resident by what they are known by. Only whole values can be compared: what is stored is encrypted."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.event import AuditEntry
from models.resident import Phone, Resident, ResidentPhone
from outreach_api.residents.standing import standing_for
from scheduler.roster.cleaning import clean_phone
from scheduler.roster.faults import RowFault

MOST_FOUND = 50
SHORTEST_ID = 15
SHORTEST_PHONE = 7


class KnownBy(StrEnum):
    NAME = "name"
    PHONE = "phone"
    ID_NUMBER = "id_number"
    """Of a firm its credit code."""


class NoPhoneNumber(ValueError):  # noqa: N818
    """This is no phone number."""


def find_residents(session: Session, asked: str, *, by: str, now: datetime) -> list[Resident]:
    """Who has this name, phone, ID number or credit code; by its form it is told which. The search is on the record."""
    bare = "".join(asked.split())
    if not bare:
        return []
    try:
        return find_by(session, _kind(bare), bare, by=by, now=now)
    except NoPhoneNumber:
        return []


def find_by(session: Session, kind: KnownBy, value: str, *, by: str, now: datetime) -> list[Resident]:
    """Who is known by it, as that. The search is on the record.

    Raises:
        NoPhoneNumber: it was to be one.
    """
    query = _query(kind, "".join(value.split())).order_by(Resident.id).limit(MOST_FOUND)
    found = standing_for(session, session.scalars(query).unique())
    facts = {"by": kind.value, "found": [one.id for one in found]}
    session.add(AuditEntry(at=now, actor=by, action="resident.search", subject="residents", facts=facts))
    return found


def phone_number(text: str) -> str:
    """As it is kept (E.164).

    Raises:
        NoPhoneNumber: it is none.
    """
    number = clean_phone(text)
    if isinstance(number, RowFault) or not isinstance(number, str):
        raise NoPhoneNumber("this is no phone number")
    return number


def _kind(bare: str) -> KnownBy:
    digits = sum(sign.isdigit() for sign in bare)
    if digits >= SHORTEST_ID and bare.isalnum():
        return KnownBy.ID_NUMBER
    return KnownBy.PHONE if digits >= SHORTEST_PHONE else KnownBy.NAME


def _query(kind: KnownBy, bare: str) -> Select[Resident]:
    ring = key_ring()
    match kind:
        case KnownBy.ID_NUMBER:
            return select(Resident).where(Resident.id_number_index == ring.blind_index(bare.upper(), kind="id_number"))
        case KnownBy.PHONE:
            index = ring.blind_index(phone_number(bare), kind="phone")
            links = select(ResidentPhone.resident_id).join(Phone, Phone.id == ResidentPhone.phone_id)
            return select(Resident).where(Resident.id.in_(links.where(Phone.number_index == index)))
        case KnownBy.NAME:
            return select(Resident).where(Resident.name_index == ring.blind_index(bare, kind="name"))
