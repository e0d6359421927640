"""Taking newly matched people into the operational database: they, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.resident import Phone, Resident, ResidentPhone
from models.session import Sessions
from scheduler.matching.population import KEY, Population
from scheduler.planning.notices import NoticeAudience
from scheduler.roster.people import CONTEXTS
from scheduler.rules.derive import focus_groups, life_stage

KEYS_PER_QUERY = 500


def take_in(session: Session, population: Population, keys: Sequence[str], *, now: datetime) -> dict[str, Resident]:
    """The residents of these person keys; those not known yet are added with the phone their sources give."""
    residents = _already_here(session, keys)
    missing = [key for key in keys if key not in residents]
    identities = population.identities(missing)
    for key in missing:
        residents[key] = _add(session, identities[key], now)
    return residents


def take_in_audience(sessions: Sessions, population: Population, audience: NoticeAudience, *, now: datetime) -> int:
    """Take in everybody with a phone whom an urgent notice is for; how many are new."""
    people = population.people
    chosen = people.filter(people.phone_index.notnull())
    if audience.streets:
        chosen = chosen.filter(chosen.street.isin(audience.streets))
    if audience.from_age is not None:
        chosen = chosen.filter(chosen.age_years >= audience.from_age)
    keys = [row[KEY] for row in population.fetch(chosen.select(KEY).order_by(KEY))]
    new = 0
    for first in range(0, len(keys), KEYS_PER_QUERY):
        part = keys[first : first + KEYS_PER_QUERY]
        with sessions.write() as session:
            new += len(part) - len(_already_here(session, part))
            take_in(session, population, part, now=now)
    return new


def _already_here(session: Session, keys: Sequence[str]) -> dict[str, Resident]:
    found: dict[str, Resident] = {}
    for first in range(0, len(keys), KEYS_PER_QUERY):
        part = keys[first : first + KEYS_PER_QUERY]
        for resident in session.scalars(select(Resident).where(Resident.person_key.in_(part))):
            found[resident.person_key] = resident
    return found


def _add(session: Session, row: Mapping[str, Any], now: datetime) -> Resident:
    ring = key_ring()
    opened = {
        name: ring.open(row[f"{name}_sealed"], context=context) if row[f"{name}_sealed"] is not None else None
        for name, context in CONTEXTS.items()
    }
    name, number = opened["name"] or "", opened["id_number"]
    age = row.get("age_years")
    resident = Resident(
        person_key=row["person_key"],
        name=name,
        name_index=ring.blind_index(name, kind="name"),
        id_number=number,
        id_number_index=None if number is None else ring.blind_index(number, kind="id_number"),
        birth_date=row["birth_date"],
        sex=row["sex"],
        street=row["street"],
        community=row["community"],
        address=opened["address"],
        life_stage=None if age is None else life_stage(age).value,
        focus_groups=[group.value for group in focus_groups(row)],
        created_at=now,
    )
    session.add(resident)
    session.flush()
    if opened["phone"] is not None:
        phone = _phone(session, opened["phone"], row["phone_index"])
        source = (row["source_of"] or {}).get("phone") or "unknown"
        session.add(ResidentPhone(resident_id=resident.id, phone_id=phone.id, rank=0, source=source))
    return resident


def _phone(session: Session, number: str, index: str) -> Phone:
    phone = session.scalar(select(Phone).where(Phone.number_index == index))
    if phone is None:
        phone = Phone(number=number, number_index=index)
        session.add(phone)
        session.flush()
    return phone
