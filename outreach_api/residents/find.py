"""Finding a resident by what they are known by. Only whole values can be compared: what is stored is encrypted."""

from __future__ import annotations

from datetime import datetime

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


def find_residents(session: Session, asked: str, *, by: str, now: datetime) -> list[Resident]:
    """Who has this name, phone, ID number or credit code; by its form it is told which. The search is on the record."""
    bare = "".join(asked.split())
    kind, query = _query(bare)
    if query is None:
        return []
    found = standing_for(session, session.scalars(query.order_by(Resident.id).limit(MOST_FOUND)).unique())
    facts = {"by": kind, "found": [one.id for one in found]}
    session.add(AuditEntry(at=now, actor=by, action="resident.search", subject="residents", facts=facts))
    return found


def _query(bare: str) -> tuple[str, Select[Resident] | None]:
    ring = key_ring()
    digits = sum(sign.isdigit() for sign in bare)
    if digits >= SHORTEST_ID and bare.isalnum():
        index = ring.blind_index(bare.upper(), kind="id_number")
        return "id_number", select(Resident).where(Resident.id_number_index == index)
    if digits >= SHORTEST_PHONE:
        number = clean_phone(bare)
        if isinstance(number, RowFault) or not isinstance(number, str):
            return "phone", None
        index = ring.blind_index(number, kind="phone")
        links = select(ResidentPhone.resident_id).join(Phone, Phone.id == ResidentPhone.phone_id)
        return "phone", select(Resident).where(Resident.id.in_(links.where(Phone.number_index == index)))
    if not bare:
        return "name", None
    return "name", select(Resident).where(Resident.name_index == ring.blind_index(bare, kind="name"))
