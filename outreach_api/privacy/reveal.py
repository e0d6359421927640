"""Showing what is masked: to a named person, for a stated purpose, on the record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from models.event import AuditEntry
from models.resident import Resident

SHORTEST_PURPOSE = 4
LONGEST_PURPOSE = 200


class RevealRefused(ValueError):  # noqa: N818
    """Nothing is shown; says why."""


class Detail(StrEnum):
    NAME = "name"
    PHONE = "phone"
    ID_NUMBER = "id_number"
    ADDRESS = "address"


READ: dict[Detail, Callable[[Resident], str | None]] = {
    Detail.NAME: lambda resident: resident.name,
    Detail.PHONE: lambda resident: "、".join(link.phone.number for link in resident.phones),
    Detail.ID_NUMBER: lambda resident: resident.id_number,
    Detail.ADDRESS: lambda resident: resident.address,
}


def reveal(session: Session, resident_id: int, detail: Detail, *, actor: str, purpose: str, now: datetime) -> str:
    """The value in full, and an audit entry in the same transaction. An absent value is an empty text, also audited.

    Raises:
        RevealRefused: the purpose says nothing, or there is no such resident.
    """
    stated = " ".join(purpose.split())
    if not SHORTEST_PURPOSE <= len(stated) <= LONGEST_PURPOSE:
        raise RevealRefused(f"state the purpose in {SHORTEST_PURPOSE} to {LONGEST_PURPOSE} characters")
    resident = session.get(Resident, resident_id)
    if resident is None:
        raise RevealRefused(f"there is no resident {resident_id}")
    session.add(
        AuditEntry(
            at=now,
            actor=actor,
            action=f"reveal.{detail.value}",
            subject=f"resident:{resident_id}",
            purpose=stated,
        )
    )
    return READ[detail](resident) or ""
