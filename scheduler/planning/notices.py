"""Urgent notices: one text to a whole audience, such as a health warning. It names no benefit and no person.

Once approved by a second person it may exceed the contact budget and hours, as far as its approval says; its own caps
and every stop hold regardless.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.contact import Campaign, Contact
from models.event import Event
from models.resident import Phone, Resident, ResidentPhone
from models.session import Sessions
from models.vocabulary import (
    Audience,
    CampaignKind,
    CampaignState,
    Channel,
    ContactPurpose,
    ContactState,
    EventKind,
    PhoneState,
    Refusal,
    ResidentStatus,
    StopReason,
    Waiver,
)
from scheduler.planning.preferences import Wish, wishes_of
from scheduler.planning.quiet_hours import next_allowed
from scheduler.planning.rules import ContactRules
from scheduler.planning.stops import REFUSAL_OF_STOP, stops_of_phones, stops_of_residents

RESIDENTS_AT_A_TIME = 1000
# Tomorrow it is no news any more.
NOTICE_EXPIRES_AFTER = timedelta(hours=24)
TEMPLATE = "notice"
STOP_LINE = "不想再收到，退订回T。"


class Reach(StrEnum):
    KNOWN = "known"
    """Residents who are in the operational database."""
    EVERYBODY = "everybody"
    """Also people of the population files who were never matched to anything."""


@dataclass(frozen=True)
class NoticeAudience:
    """No street named: all of them."""

    streets: tuple[str, ...] = ()
    from_age: int | None = None
    reach: Reach = Reach.KNOWN

    def stored(self) -> dict[str, Any]:
        return {"streets": list(self.streets), "from_age": self.from_age, "reach": self.reach.value}

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> NoticeAudience:
        stored = stored or {}
        streets = tuple(stored.get("streets", ()))
        return cls(streets, stored.get("from_age"), Reach(stored.get("reach", Reach.KNOWN)))

    def born_by(self, today: date) -> date | None:
        """The last day on which somebody of the audience was born."""
        if self.from_age is None:
            return None
        leap_day = (today.month, today.day) == (2, 29)
        return today.replace(year=today.year - self.from_age, day=28 if leap_day else today.day)


@dataclass
class NoticeReport:
    queued: int = 0
    left_out: Counter[Refusal] = field(default_factory=Counter)
    """Residents who are not told, by reason; somebody may have to go to them."""

    def facts(self) -> dict[str, Any]:
        return {"queued": self.queued, "left_out": {reason.value: n for reason, n in sorted(self.left_out.items())}}


@dataclass(frozen=True)
class Listener:
    """What decides whether and where one resident is told."""

    resident_id: int
    status: ResidentStatus
    stop: StopReason | None
    visit_only: bool
    phones: tuple[tuple[int, PhoneState, StopReason | None], ...]
    """In rank order: id, state, stop."""


def phone_to_tell(listener: Listener) -> int | Refusal:
    """The phone a notice goes to, or why it goes nowhere. A stop outranks everything, an emergency too."""
    if listener.status is ResidentStatus.DECEASED:
        return Refusal.DECEASED
    if listener.stop is not None:
        return REFUSAL_OF_STOP[listener.stop]
    if listener.visit_only:
        return Refusal.PREFERENCE
    usable = [phone_id for phone_id, state, stop in listener.phones if state is PhoneState.USABLE and stop is None]
    if usable:
        return usable[0]
    stopped = next((stop for _, _, stop in listener.phones if stop is not None), None)
    if stopped is not None:
        return REFUSAL_OF_STOP[stopped]
    return Refusal.PHONE_UNREACHABLE if listener.phones else Refusal.NO_PHONE


def queue_notice(sessions: Sessions, campaign_id: int, *, now: datetime, rules: ContactRules) -> NoticeReport:
    """Queue a running notice for its audience, a batch a transaction; a phone that has it already is passed over.

    An interrupted run is simply run again.

    Raises:
        ValueError: the campaign is no running, approved notice.
    """
    with sessions.read() as session:
        campaign = session.get_one(Campaign, campaign_id)
        session.expunge(campaign)
    running = campaign.kind is CampaignKind.URGENT and campaign.state is CampaignState.RUNNING
    if not running or not campaign.is_approved:
        raise ValueError(f"campaign {campaign_id} is no running, approved notice")
    report = NoticeReport()
    last = 0
    while True:
        with sessions.write() as session:
            audience = _audience(NoticeAudience.read(campaign.audience), now.astimezone(rules.zone).date())
            ids = session.scalars(audience.where(Resident.id > last).limit(RESIDENTS_AT_A_TIME)).all()
            if not ids:
                session.add(Event(at=now, kind=EventKind.CAMPAIGN_CHANGED, facts=report.facts()))
                return report
            _queue_some(session, ids, campaign, report, now=now, rules=rules)
            last = ids[-1]


def _audience(audience: NoticeAudience, today: date) -> Select[int]:
    query = select(Resident.id).where(Resident.audience == Audience.PERSON).order_by(Resident.id)
    if audience.streets:
        query = query.where(Resident.street.in_(audience.streets))
    born_by = audience.born_by(today)
    return query if born_by is None else query.where(Resident.birth_date <= born_by)


def look_at_notice(session: Session, audience: NoticeAudience, *, today: date) -> NoticeReport:
    """Whom a notice would go to of those who are known, and who is left out; nothing is queued."""
    report = NoticeReport()
    told: set[int] = set()
    ids = session.scalars(_audience(audience, today)).all()
    for first in range(0, len(ids), RESIDENTS_AT_A_TIME):
        for listener in _listeners(session, ids[first : first + RESIDENTS_AT_A_TIME]):
            phone = phone_to_tell(listener)
            if isinstance(phone, Refusal):
                report.left_out[phone] += 1
            else:
                told.add(phone)
    report.queued = len(told)
    return report


def _queue_some(
    session: Session,
    ids: Sequence[int],
    campaign: Campaign,
    report: NoticeReport,
    *,
    now: datetime,
    rules: ContactRules,
) -> None:
    to: dict[int, int] = {}
    for listener in _listeners(session, ids):
        phone = phone_to_tell(listener)
        if isinstance(phone, Refusal):
            report.left_out[phone] += 1
        else:
            to.setdefault(phone, listener.resident_id)
    if to:
        report.queued += _insert(session, to, campaign, now=now, rules=rules)


def _insert(session: Session, to: Mapping[int, int], campaign: Campaign, *, now: datetime, rules: ContactRules) -> int:
    at_once = Waiver.HOURS in (campaign.waives or ())
    due_at = now if at_once else next_allowed(now, Channel.SMS, rules.hours)
    same = {
        "campaign_id": campaign.id,
        "channel": Channel.SMS,
        "purpose": ContactPurpose.NOTICE,
        "state": ContactState.PLANNED,
        "ladder_step": 0,
        "template_key": TEMPLATE,
        "variables": {},
        "text": f"{campaign.notice}{STOP_LINE}",
        "created_at": now,
        "due_at": due_at,
        "expires_at": due_at + NOTICE_EXPIRES_AFTER,
    }
    rows = [{**same, "phone_id": phone_id, "resident_id": resident_id} for phone_id, resident_id in to.items()]
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert(Contact).on_conflict_do_nothing().returning(Contact.id)
    return len(session.scalars(new, rows).all())


def _listeners(session: Session, ids: Sequence[int]) -> list[Listener]:
    people = session.execute(select(Resident.id, Resident.status).where(Resident.id.in_(ids)).order_by(Resident.id))
    stops = stops_of_residents(session, ids)
    wishes = wishes_of(session, ids)
    phones = _phones(session, ids)
    return [
        Listener(
            resident_id=resident_id,
            status=status,
            stop=stops.get(resident_id),
            visit_only=Wish.VISIT_ONLY in wishes.get(resident_id, ()),
            phones=tuple(phones.get(resident_id, ())),
        )
        for resident_id, status in people
    ]


def _phones(session: Session, ids: Collection[int]) -> dict[int, list[tuple[int, PhoneState, StopReason | None]]]:
    rows = session.execute(
        select(ResidentPhone.resident_id, Phone.id, Phone.state)
        .join(Phone, Phone.id == ResidentPhone.phone_id)
        .where(ResidentPhone.resident_id.in_(ids))
        .order_by(ResidentPhone.rank, ResidentPhone.id)
    ).all()
    stops = stops_of_phones(session, {phone_id for _, phone_id, _ in rows})
    found: dict[int, list[tuple[int, PhoneState, StopReason | None]]] = {}
    for resident_id, phone_id, state in rows:
        found.setdefault(resident_id, []).append((phone_id, state, stops.get(phone_id)))
    return found
