"""By which of their phones, and how, people are told what concerns a case of theirs: read for all of them at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.resident import Phone, ResidentPhone
from models.vocabulary import Channel, PhoneState
from scheduler.planning.preferences import Wish, honouring, wishes_of
from scheduler.planning.quiet_hours import next_allowed
from scheduler.planning.rules import ContactRules
from scheduler.planning.stops import stops_in_force

# A landline takes no text, but rings.
FIT: Mapping[Channel, frozenset[PhoneState]] = MappingProxyType(
    {
        Channel.SMS: frozenset({PhoneState.USABLE}),
        Channel.VOICE: frozenset({PhoneState.USABLE, PhoneState.LANDLINE}),
    }
)


@dataclass(frozen=True)
class Way:
    phone_id: int
    channel: Channel
    due_at: datetime


@dataclass(frozen=True)
class Ways:
    """Of some residents: their phones in order, as far as no stop stands, and how they wish to be reached."""

    phones: Mapping[int, list[tuple[int, PhoneState]]]
    wishes: Mapping[int, frozenset[Wish]]

    def to(self, resident_id: int, channels: Collection[Channel], rules: ContactRules, now: datetime) -> Way | None:
        """The first of the channels that they can be told on, at a time that suits them; None where there is none."""
        wishes = self.wishes.get(resident_id, frozenset())
        for channel in channels:
            if channel is Channel.VOICE and Wish.NO_ROBOT_CALLS in wishes:
                continue
            phones = self.phones.get(resident_id, ())
            phone = next((phone_id for phone_id, state in phones if state in FIT[channel]), None)
            if phone is not None:
                return Way(phone, channel, next_allowed(now, channel, honouring(rules, wishes).hours))
        return None


def ways_to(session: Session, resident_ids: Collection[int]) -> Ways:
    """How these residents can be told; whoever wants no messages, or whose phone wants none, cannot."""
    if not resident_ids:
        return Ways({}, {})
    query = (
        select(ResidentPhone.resident_id, Phone.id, Phone.state)
        .join(Phone, ResidentPhone.phone_id == Phone.id)
        .where(ResidentPhone.resident_id.in_(resident_ids))
        .order_by(ResidentPhone.rank, ResidentPhone.id)
    )
    rows = session.execute(query).all()
    stops = stops_in_force(session, resident_ids, {phone_id for _, phone_id, _ in rows})
    phones: dict[int, list[tuple[int, PhoneState]]] = {}
    for resident_id, phone_id, state in rows:
        if resident_id not in stops.residents and phone_id not in stops.phones:
            phones.setdefault(resident_id, []).append((phone_id, state))
    return Ways(phones, wishes_of(session, resident_ids))
