"""What is looked at once more before a contact goes out, read for a whole batch in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from models.asking import ask, ids
from models.contact import Campaign, Contact, ContactMatch
from models.conversation import Inbound
from models.match import Match
from models.resident import Phone, Resident, ResidentPhone
from models.vocabulary import (
    CampaignKind,
    ContactPurpose,
    MatchState,
    PhoneState,
    ResidentStatus,
    StopReason,
    Waiver,
)
from scheduler.planning.budget import ANSWER_WITHIN
from scheduler.planning.mandates import mandates_in_force
from scheduler.planning.pauses import Pauses, standing_pauses
from scheduler.planning.preferences import Wish, wishes_of
from scheduler.planning.situation import LADDER_PURPOSES, talks_of
from scheduler.planning.spending import Planned, Spending, spending
from scheduler.planning.stops import stops_in_force


@dataclass(frozen=True)
class OfferedMatch:
    match_id: int
    resident_id: int
    policy_id: str
    state: MatchState


@dataclass(frozen=True)
class Talk:
    last_at: datetime | None
    """When the resident last said something."""
    taken_over: bool


@dataclass(frozen=True)
class Circumstances:
    """Everything by resident, phone or contact id; an absent id has none."""

    numbers: dict[int, str]
    phone_states: dict[int, PhoneState]
    statuses: dict[int, ResidentStatus]
    resident_stops: dict[int, StopReason]
    phone_stops: dict[int, StopReason]
    heard_from: dict[int, datetime]
    """When each phone last wrote, within the time in which an answer is one."""
    talks: dict[int, Talk]
    wishes: dict[int, frozenset[Wish]]
    matches: dict[int, list[OfferedMatch]]
    spent: Spending
    pauses: Pauses
    astray: frozenset[int]
    """Contacts to a phone that is neither their resident's own nor a family member's with a mandate for all of it."""
    waived: dict[int, frozenset[Waiver]]
    """What each urgent campaign may exceed: nothing, unless a second person has approved it."""


def read_circumstances(session: Session, contacts: Sequence[Contact], *, now: datetime) -> Circumstances:
    resident_ids = {c.resident_id for c in contacts if c.resident_id is not None}
    phone_ids = {c.phone_id for c in contacts}
    phones = ask(session, _phones(), phones=phone_ids).all()
    stops = stops_in_force(session, resident_ids, phone_ids)
    return Circumstances(
        numbers={row.id: row.number for row in phones},
        phone_states={row.id: row.state for row in phones},
        statuses=dict(ask(session, _statuses(), residents=resident_ids).all()),
        resident_stops=stops.residents,
        phone_stops=stops.phones,
        heard_from=_heard_from(session, phone_ids, now=now),
        talks=_talks(session, resident_ids),
        wishes=wishes_of(session, resident_ids),
        matches=_matches(session, [c.id for c in contacts]),
        spent=spending(session, resident_ids, phone_ids, now=now, planned=Planned.IGNORED),
        pauses=standing_pauses(session),
        astray=_astray(session, contacts, now=now),
        waived=_waived(session, {c.campaign_id for c in contacts if c.purpose is ContactPurpose.NOTICE}),
    )


def _astray(session: Session, contacts: Sequence[Contact], *, now: datetime) -> frozenset[int]:
    """A mandate may end between planning and sending."""
    offers = [c for c in contacts if c.purpose in LADDER_PURPOSES and c.resident_id is not None]
    owned = _owned(session, {c.resident_id for c in offers})
    elsewhere = [c for c in offers if (c.resident_id, c.phone_id) not in owned]
    if not elsewhere:
        return frozenset()
    mandates = mandates_in_force(session, now=now, phone_ids={c.phone_id for c in elsewhere})
    covered = {(m.resident_id, m.phone_id, m.policy_id) for m in mandates}
    offered = _matches(session, [c.id for c in elsewhere])
    return frozenset(
        c.id
        for c in elsewhere
        if any((c.resident_id, c.phone_id, match.policy_id) not in covered for match in offered.get(c.id, []))
    )


def _owned(session: Session, resident_ids: Collection[int | None]) -> set[tuple[int | None, int]]:
    return {(resident_id, phone_id) for resident_id, phone_id in ask(session, _owners(), residents=resident_ids)}


def _waived(session: Session, campaign_ids: Collection[int | None]) -> dict[int, frozenset[Waiver]]:
    if not campaign_ids:
        return {}
    urgent = select(Campaign).where(Campaign.id.in_(campaign_ids), Campaign.kind == CampaignKind.URGENT)
    return {
        campaign.id: frozenset(map(Waiver, campaign.waives or ())) if campaign.is_approved else frozenset()
        for campaign in session.scalars(urgent)
    }


def _heard_from(session: Session, phone_ids: Collection[int], *, now: datetime) -> dict[int, datetime]:
    return dict(ask(session, _heard(), phones=phone_ids, since=now - ANSWER_WITHIN).all())


def _talks(session: Session, resident_ids: Collection[int]) -> dict[int, Talk]:
    talks = talks_of(session, resident_ids)
    return {resident_id: Talk(at, staff is not None) for resident_id, (at, staff) in talks.items()}


def _matches(session: Session, contact_ids: Collection[int]) -> dict[int, list[OfferedMatch]]:
    found: dict[int, list[OfferedMatch]] = defaultdict(list)
    for contact_id, match_id, resident_id, policy_id, state in ask(session, _offered(), contacts=contact_ids):
        found[contact_id].append(OfferedMatch(match_id, resident_id, policy_id, state))
    return found


@cache
def _phones() -> Select[int, str, PhoneState]:
    return select(Phone.id, Phone.number, Phone.state).where(Phone.id.in_(ids("phones")))


@cache
def _statuses() -> Select[int, ResidentStatus]:
    return select(Resident.id, Resident.status).where(Resident.id.in_(ids("residents")))


@cache
def _owners() -> Select[int, int]:
    owners = select(ResidentPhone.resident_id, ResidentPhone.phone_id)
    return owners.where(ResidentPhone.resident_id.in_(ids("residents")))


@cache
def _heard() -> Select[int, datetime]:
    newest = func.max(Inbound.received_at, type_=Inbound.received_at.type)
    since = bindparam("since", type_=Inbound.received_at.type)
    return (
        select(Phone.id, newest)
        .join(Inbound, Inbound.sender_index == Phone.number_index)
        .where(Phone.id.in_(ids("phones")), Inbound.received_at >= since)
        .group_by(Phone.id)
    )


@cache
def _offered() -> Select[int, int, int, str, MatchState]:
    return (
        select(ContactMatch.contact_id, Match.id, Match.resident_id, Match.policy_id, Match.state)
        .join(Match, Match.id == ContactMatch.match_id)
        .where(ContactMatch.contact_id.in_(ids("contacts")))
    )
