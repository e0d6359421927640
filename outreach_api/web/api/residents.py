"""Residents: found by what they are known by, shown masked; one detail in full for a stated purpose, on the record."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, model_validator
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.conversation import ContactStop
from models.match import Match
from models.resident import Mandate, Phone, Preference, Resident
from models.vocabulary import MatchState, ResidentStatus, StopReason
from outreach_api.conversations.granting import RELATIONS, Checked, grant_checked, revoke_by_staff
from outreach_api.privacy.masking import mask_address, mask_id_number, mask_phone
from outreach_api.privacy.reveal import SHOWN_FOR, Detail, reveal
from outreach_api.residents.find import MOST_FOUND, KnownBy, find_by
from outreach_api.residents.keeping import Keeping, keep
from outreach_api.residents.merging import look_again, merge_residents
from outreach_api.residents.why_seen import why_seen
from outreach_api.web.api.callers import AnyCaller, person_of
from outreach_api.web.api.forms import MOST_ID, NO_NUL, Body, Id, Purpose, Reason
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.people import MaskedResident, masked
from outreach_api.web.api.refusals import NoSuchThing
from outreach_api.web.house import house_of
from scheduler.planning.why import Fact

router = APIRouter(prefix="/api/v1", tags=["residents"], route_class=OnceRoute)
Other = Annotated[int, Query(ge=1, le=MOST_ID, description="The record that would go into this one.")]
Known = Annotated[str | None, Field(min_length=1, max_length=60, pattern=NO_NUL)]


class Search(Body):
    """Exactly one of them, in full: what is stored is encrypted and can only be compared."""

    name: Known = None
    phone: Known = Field(None, examples=["13800001234"])
    id_number: Known = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.name, self.phone, self.id_number)) != 1:
            raise ValueError("give one of name, phone and id_number")
        return self


class Found(BaseModel):
    items: list[MaskedResident] = Field(description=f"At most {MOST_FOUND}.")


class MatchItem(BaseModel):
    id: int
    policy_id: str
    policy_version: str
    episode: int
    state: MatchState
    opened_at: datetime
    closed_at: datetime | None


class StopItem(BaseModel):
    id: int
    reason: StopReason
    covers: str = Field(description="`resident` or `phone`.")
    placed_at: datetime
    placed_by: str
    released_at: datetime | None


class MandateItem(BaseModel):
    id: int
    policy_id: str
    relation: str
    phone: str | None = Field(description="Masked.")
    granted_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class ResidentInFull(MaskedResident):
    merged_into: int | None = Field(description="The record that stands for this one; nothing hangs on this one.")
    id_number: str = Field(description="Masked.", examples=["4403**********1234"])
    address: str = Field(description="Down to the community.")
    status: ResidentStatus
    focus_groups: list[str]
    profiling_refused_at: datetime | None
    preferences: list[str]
    matches: list[MatchItem]
    stops: list[StopItem]
    mandates: list[MandateItem]


class WhyItem(BaseModel):
    at: datetime
    fact: Fact
    policy_ids: list[str]
    detail: dict[str, str] = Field(description="Enum values, ids and numbers.")


class WhyList(BaseModel):
    items: list[WhyItem]


class RevealAsked(Body):
    detail: Detail
    purpose: Purpose


class Revealed(BaseModel):
    detail: Detail
    value: str = Field(description="In full; empty where nothing is on record.")
    shown_until: datetime = Field(description="Until when it may stay on a screen; then it is masked again.")


class KeepingAsked(Body):
    what: Keeping
    about: int = Field(0, ge=0, le=MOST_ID, description="The phone, stop or consent; of profiling nothing.")
    because: Reason


class MergeAsked(Body):
    other: int = Field(ge=1, le=MOST_ID, description="The record that goes into this one.")
    seen: str = Field(min_length=1, max_length=64, pattern=NO_NUL, description="As the preview gave it.")
    because: Reason


class MergePreview(BaseModel):
    """Nothing was changed."""

    moves: dict[str, int] = Field(description="Table → entries that change hands.")
    policies_twice: list[str] = Field(description="Policies both are matched to; one match of each will stand.")
    seen: str = Field(description="Changes with everything that decides what a merge does.")


class MandateAsked(Body):
    """The caller has checked that the resident wants it."""

    policy_id: str = Field(max_length=64, pattern=NO_NUL)
    relation: str = Field(pattern=f"^({'|'.join(RELATIONS)})$", examples=["女儿"])
    phone: str = Field(min_length=1, max_length=32, pattern=NO_NUL)
    name: str = Field("", max_length=60, pattern=NO_NUL)


@router.post("/residents/search")
def find_residents(request: Request, caller: AnyCaller, asked: Search) -> Found:
    """Who is known by this name, phone or ID number. A POST, so that none of them stands in an address."""
    house = house_of(request)
    with house.sessions.write() as session:
        kind = next(kind for kind in KnownBy if getattr(asked, kind) is not None)
        rows = find_by(session, kind, getattr(asked, kind), by=caller.actor, now=house.clock.now())
        return Found(items=[shown for row in rows if (shown := masked(row)) is not None])


@router.get("/residents/{resident_id}")
def read_resident(request: Request, _caller: AnyCaller, resident_id: Id) -> ResidentInFull:
    """One resident: matches, stops, preferences, mandates."""
    with house_of(request).sessions.read() as session:
        return _in_full(session, _found(session, resident_id))


@router.get("/residents/{resident_id}/why")
def read_why(request: Request, _caller: AnyCaller, resident_id: Id) -> WhyList:
    """Why they were contacted, will be, or were not: everything on record, oldest first."""
    house = house_of(request)
    with house.sessions.read() as session:
        _found(session, resident_id)
        facts = why_seen(session, resident_id, house.clock.now(), house.settings.zone)
    items = [WhyItem(at=one.at, fact=one.fact, policy_ids=list(one.policy_ids), detail=one.detail) for one in facts]
    return WhyList(items=items)


@router.post("/residents/{resident_id}/reveal")
def reveal_detail(request: Request, caller: AnyCaller, resident_id: Id, asked: RevealAsked) -> Revealed:
    """One detail in full. Who asked, when and what for is on the record."""
    house = house_of(request)
    with house.sessions.write() as session:
        _found(session, resident_id)
        now = house.clock.now()
        value = reveal(session, resident_id, asked.detail, actor=caller.actor, purpose=asked.purpose, now=now)
    return Revealed(detail=asked.detail, value=value, shown_until=now + SHOWN_FOR)


@router.post("/residents/{resident_id}/mandates", dependencies=[ONCE])
def give_mandate(request: Request, caller: AnyCaller, resident_id: Id, asked: MandateAsked) -> MandateItem:
    """Let a family member speak for the resident in one policy they are matched to."""
    house, staff_id = house_of(request), person_of(caller)
    checked = Checked(asked.policy_id, asked.phone, asked.relation, asked.name)
    with house.sessions.write() as session:
        _found(session, resident_id)
        mandate = grant_checked(session, resident_id, checked, staff_id=staff_id, now=house.clock.now())
        return _mandate(session, mandate)


@router.post("/mandates/{mandate_id}/revoke", dependencies=[ONCE])
def revoke_mandate_at_once(request: Request, caller: AnyCaller, mandate_id: Id) -> MandateItem:
    """Take it back at once; what was decided by it stays decided."""
    house = house_of(request)
    with house.sessions.write() as session:
        mandate = session.get(Mandate, mandate_id)
        if mandate is None:
            raise NoSuchThing(f"there is no mandate {mandate_id}")
        revoke_by_staff(session, mandate, staff_id=person_of(caller), now=house.clock.now())
        return _mandate(session, mandate)


@router.post("/residents/{resident_id}/keeping", dependencies=[ONCE])
def keep_record(request: Request, caller: AnyCaller, resident_id: Id, asked: KeepingAsked) -> ResidentInFull:
    """Quarantine a phone, release it or a stop, take a consent back, refuse or allow profiling; with the reason."""
    house = house_of(request)
    with house.sessions.write() as session:
        row = _found(session, resident_id)
        keep(
            session,
            resident_id,
            asked.what,
            asked.about,
            because=asked.because,
            by=caller.actor,
            now=house.clock.now(),
        )
        return _in_full(session, row)


@router.get("/residents/{resident_id}/merge")
def look_at_merging(request: Request, _caller: AnyCaller, resident_id: Id, other: Other) -> MergePreview:
    """What merging the other record into this one would do. Its `seen` is needed to do it."""
    with house_of(request).sessions.read() as session:
        look = look_again(session, resident_id, other)
    return MergePreview(moves=look.moves, policies_twice=list(look.policies_twice), seen=look.seen)


@router.post("/residents/{resident_id}/merge", dependencies=[ONCE])
def merge_records(request: Request, caller: AnyCaller, resident_id: Id, asked: MergeAsked) -> ResidentInFull:
    """Let this record stand for the other too: it was the same person. A stop on either holds. Not to be undone."""
    house = house_of(request)
    with house.sessions.write() as session:
        row = merge_residents(
            session,
            resident_id,
            asked.other,
            seen=asked.seen,
            because=asked.because,
            by=caller.actor,
            now=house.clock.now(),
            zone=house.settings.zone,
        )
        return _in_full(session, row)


def _found(session: Session, resident_id: int) -> Resident:
    row = session.get(Resident, resident_id)
    if row is None:
        raise NoSuchThing(f"there is no resident {resident_id}")
    return row


def _in_full(session: Session, row: Resident) -> ResidentInFull:
    shown = masked(row)
    assert shown is not None  # noqa: S101 - there is a resident
    matches = session.scalars(select(Match).where(Match.resident_id == row.id).order_by(Match.id))
    names = session.scalars(select(Preference.name).where(Preference.resident_id == row.id).order_by(Preference.name))
    mandates = session.scalars(select(Mandate).where(Mandate.resident_id == row.id).order_by(Mandate.id.desc()))
    return ResidentInFull(
        **shown.model_dump(),
        merged_into=row.merged_into_id,
        id_number=mask_id_number(row.id_number),
        address=mask_address(row.address, street=row.street, community=row.community),
        status=row.status,
        focus_groups=list(row.focus_groups or ()),
        profiling_refused_at=row.profiling_refused_at,
        preferences=list(names),
        matches=[MatchItem.model_validate(one, from_attributes=True) for one in matches],
        stops=_stops(session, row),
        mandates=[_mandate(session, one) for one in mandates],
    )


def _stops(session: Session, row: Resident) -> list[StopItem]:
    phones = [link.phone_id for link in row.phones]
    query = select(ContactStop).where(or_(ContactStop.resident_id == row.id, ContactStop.phone_id.in_(phones)))
    return [
        StopItem(
            id=stop.id,
            reason=stop.reason,
            covers="resident" if stop.resident_id == row.id else "phone",
            placed_at=stop.placed_at,
            placed_by=stop.placed_by,
            released_at=stop.released_at,
        )
        for stop in session.scalars(query.order_by(ContactStop.id))
    ]


def _mandate(session: Session, mandate: Mandate) -> MandateItem:
    phone = session.get(Phone, mandate.phone_id) if mandate.phone_id else None
    return MandateItem(
        id=mandate.id,
        policy_id=mandate.policy_id,
        relation=mandate.relation,
        phone=mask_phone(phone.number) if phone else None,
        granted_at=mandate.granted_at,
        expires_at=mandate.expires_at,
        revoked_at=mandate.revoked_at,
    )
