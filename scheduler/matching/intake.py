"""Taking newly matched people and firms into the operational database: they, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.enterprise import Enterprise
from models.match import Match
from models.resident import BARE, Phone, Resident, ResidentPhone, state_by_form
from models.session import Sessions
from models.vocabulary import Audience, MatchState
from scheduler.matching.population import KEY, Population
from scheduler.planning.notices import NoticeAudience
from scheduler.roster.feed import CREDIT_CODE
from scheduler.roster.firms import CLERK_CONTEXT
from scheduler.roster.people import CONTEXTS
from scheduler.rules.derive import focus_groups, life_stage

KEYS_PER_QUERY = 500
Row = Mapping[str, Any]


def take_in(session: Session, population: Population, keys: Sequence[str], *, now: datetime) -> dict[str, Resident]:
    """The residents of these person keys; those not known yet are added with the phone their sources give."""
    residents = _already_here(session, keys)
    missing = [key for key in keys if key not in residents]
    for first in range(0, len(missing), KEYS_PER_QUERY):
        part = missing[first : first + KEYS_PER_QUERY]
        identities = population.identities(part)
        residents |= _add(session, [identities[key] for key in part], now)
    bare = [one for one in residents.values() if one.name_index == BARE and one.erased_at is None]
    identities = population.identities([one.person_key for one in bare]) if bare else {}
    for one in bare:
        _fill(session, one, identities[one.person_key])
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


def _add(session: Session, rows: Sequence[Row], now: datetime) -> dict[str, Resident]:
    """New residents, each kind of row written in one go."""
    opened = [_opened(row) for row in rows]
    residents = [_resident(row, words, now) for row, words in zip(rows, opened, strict=True)]
    session.add_all(residents)
    session.flush()
    pairs = list(zip(residents, rows, strict=True))
    session.add_all(_enterprise(resident, row) for resident, row in pairs if row.get(CREDIT_CODE) is not None)
    numbers = {row["phone_index"]: words["phone"] for row, words in zip(rows, opened, strict=True) if words["phone"]}
    phones = _phones(session, numbers)
    session.add_all(
        ResidentPhone(resident_id=resident.id, phone_id=phones[row["phone_index"]].id, rank=0, source=_source(row))
        for resident, row in pairs
        if row["phone_index"] in numbers
    )
    session.flush()
    return {resident.person_key: resident for resident in residents}


def _opened(row: Row) -> dict[str, str | None]:
    ring = key_ring()
    sealed = {name: row[f"{name}_sealed"] for name in CONTEXTS}
    return {name: None if sealed[name] is None else ring.open(sealed[name], context=CONTEXTS[name]) for name in sealed}


def _resident(row: Row, opened: Mapping[str, str | None], now: datetime) -> Resident:
    name, number, code = opened["name"] or "", opened["id_number"], row.get(CREDIT_CODE)
    age = row.get("age_years")
    return Resident(
        audience=Audience.PERSON if code is None else Audience.ENTERPRISE,
        person_key=row["person_key"],
        name=name,
        name_index=key_ring().blind_index(name, kind="name"),
        id_number=number,
        id_number_index=row["person_key"] if number or code else None,
        birth_date=row["birth_date"],
        sex=row["sex"],
        street=row["street"],
        community=row["community"],
        address=opened["address"],
        life_stage=None if age is None else life_stage(age).value,
        focus_groups=[group.value for group in focus_groups(row)],
        created_at=now,
    )


def _fill(session: Session, resident: Resident, row: Row) -> None:
    """Give a row that a restore made what the newest files say of who it is."""
    words = _opened(row)
    known = _resident(row, words, resident.created_at)
    for column in (
        "name", "name_index", "id_number", "id_number_index", "birth_date", "sex", "street", "community", "address",
        "life_stage", "focus_groups",
    ):  # fmt: skip
        setattr(resident, column, getattr(known, column))
    if words["phone"]:
        phone = _phones(session, {row["phone_index"]: words["phone"]})[row["phone_index"]]
        resident.phones.append(ResidentPhone(phone=phone, rank=0, source=_source(row)))
    if row.get(CREDIT_CODE) is not None:
        session.add(_enterprise(resident, row))


def _enterprise(resident: Resident, row: Row) -> Enterprise:
    return Enterprise(
        resident_id=resident.id,
        credit_code=row[CREDIT_CODE],
        clerk=_clerk(row),
        size=row["size"],
        industry=row["industry"],
    )


def take_new_phones(session: Session, population: Population, policy_id: str) -> int:
    """Give residents who wait for a phone the one that the newest files have, if it is another; how many got one."""
    waiting = session.scalars(
        select(Resident)
        .join(Match, Match.resident_id == Resident.id)
        .where(Match.policy_id == policy_id, Match.state == MatchState.AWAITING_PHONE)
        .order_by(Resident.id)
    ).all()
    identities = population.identities([resident.person_key for resident in waiting]) if waiting else {}
    return sum(
        _take_new_phone(session, one, identities[one.person_key]) for one in waiting if one.person_key in identities
    )


def _take_new_phone(session: Session, resident: Resident, row: Row) -> bool:
    known = {reached.phone.number_index for reached in resident.phones}
    if row["phone_index"] is None or row["phone_index"] in known:
        return False
    number = key_ring().open(row["phone_sealed"], context=CONTEXTS["phone"])
    phone = _phones(session, {row["phone_index"]: number})[row["phone_index"]]
    rank = max((reached.rank for reached in resident.phones), default=-1) + 1
    resident.phones.append(ResidentPhone(phone=phone, rank=rank, source=_source(row)))
    if resident.audience is Audience.ENTERPRISE:
        session.get_one(Enterprise, resident.id).clerk = _clerk(row)
    return True


def _clerk(row: Row) -> str | None:
    sealed = row["clerk_sealed"]
    return None if sealed is None else key_ring().open(sealed, context=CLERK_CONTEXT)


def _source(row: Row) -> str:
    return (row["source_of"] or {}).get("phone") or "unknown"


def _phones(session: Session, numbers: Mapping[str, str]) -> dict[str, Phone]:
    """The phones of these numbers, by their index; those not known yet are added."""
    known = session.scalars(select(Phone).where(Phone.number_index.in_(numbers)))
    phones = {phone.number_index: phone for phone in known}
    for index, phone in phones.items():
        # It was erased with an owner of before.
        phone.number = phone.number or numbers[index]
    new = [
        Phone(number=number, number_index=index, state=state_by_form(number))
        for index, number in numbers.items()
        if index not in phones
    ]
    session.add_all(new)
    session.flush()
    return phones | {phone.number_index: phone for phone in new}
