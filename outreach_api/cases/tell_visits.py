"""Telling residents who comes and when, with the code by which they know them at the door."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models.case import Appointment
from models.contact import Contact
from models.resident import Phone, ResidentPhone
from models.session import Sessions
from models.vocabulary import (
    AppointmentState,
    Channel,
    ContactPurpose,
    ContactState,
    DayPart,
    PhoneState,
    Refusal,
)
from outreach_api.cases.promises import DISTRICT_HOURS
from outreach_api.conversations.copy_deck import LINES
from outreach_api.conversations.proof import code_for_visit, spaced
from scheduler.planning.quiet_hours import next_allowed
from scheduler.planning.rules import ContactRules, contact_rules
from scheduler.planning.stops import stops_in_force

TEMPLATE = "visit_notice"
PART_WORDS = {DayPart.MORNING: "上午", DayPart.AFTERNOON: "下午"}


def tell_visits(sessions: Sessions, *, now: datetime) -> int:
    """Queue a text to everybody who is expecting a team and was not told yet; how many.

    Several cases of one resident on one day are one text. Who cannot be texted, or wants no messages, is not: the team
    calls, or simply comes. The text names no benefit and nobody, since a phone may be a whole family's.
    """
    with sessions.write() as session:
        rules = contact_rules(session)
        _take_back(session, now)
        untold = _untold(session, now)
        phones = _phones(session, {resident_id for resident_id, _ in untold})
        told = 0
        for (resident_id, _), appointments in untold.items():
            if resident_id in phones:
                told += 1
                contact = _text(session, appointments[0], resident_id, phones[resident_id], rules, now)
                for appointment in appointments:
                    appointment.told_by = contact.id
    return told


def _take_back(session: Session, now: datetime) -> None:
    """Texts that still wait, of visits that were called off meanwhile."""
    waiting = select(Contact).join(Appointment, Appointment.told_by == Contact.id)
    for contact in session.scalars(
        waiting.where(Contact.state == ContactState.PLANNED, Appointment.state != AppointmentState.STANDING)
    ):
        contact.state, contact.refusal, contact.settled_at = ContactState.CANCELLED, Refusal.MATCH_CLOSED, now


def _untold(session: Session, now: datetime) -> dict[tuple[int, date], list[Appointment]]:
    """Standing appointments of days to come, together where they are one resident's of one day."""
    today = now.astimezone(DISTRICT_HOURS.zone).date()
    query = (
        select(Appointment)
        .where(Appointment.state == AppointmentState.STANDING, Appointment.told_by.is_(None), Appointment.on > today)
        .options(joinedload(Appointment.case))
        .order_by(Appointment.id)
    )
    together: dict[tuple[int, date], list[Appointment]] = {}
    for appointment in session.scalars(query):
        if appointment.case.resident_id is not None:
            together.setdefault((appointment.case.resident_id, appointment.on), []).append(appointment)
    return together


def _text(
    session: Session, appointment: Appointment, resident_id: int, phone_id: int, rules: ContactRules, now: datetime
) -> Contact:
    due_at = next_allowed(now, Channel.SMS, rules.hours)
    ends = datetime.combine(appointment.on, time(), DISTRICT_HOURS.zone) + timedelta(hours=9)
    when = f"{appointment.on.month}月{appointment.on.day}日{PART_WORDS[appointment.part]}"
    variables = {"when": when, "code": spaced(code_for_visit(appointment.id))}
    contact = Contact(
        resident_id=resident_id,
        phone_id=phone_id,
        channel=Channel.SMS,
        purpose=ContactPurpose.VISIT_NOTICE,
        state=ContactState.PLANNED,
        template_key=TEMPLATE,
        variables=variables,
        text=LINES[TEMPLATE].format(**variables),
        created_at=now,
        due_at=due_at,
        expires_at=ends,
    )
    session.add(contact)
    session.flush()
    return contact


def _phones(session: Session, resident_ids: Collection[int]) -> dict[int, int]:
    """The first of each one's phones that takes texts; none where the resident or the phone wants none."""
    if not resident_ids:
        return {}
    query = (
        select(ResidentPhone.resident_id, Phone.id)
        .join(Phone, ResidentPhone.phone_id == Phone.id)
        .where(ResidentPhone.resident_id.in_(resident_ids), Phone.state == PhoneState.USABLE)
        .order_by(ResidentPhone.rank, ResidentPhone.id)
    )
    rows = session.execute(query).all()
    stops = stops_in_force(session, resident_ids, {phone_id for _, phone_id in rows})
    found: dict[int, int] = {}
    for resident_id, phone_id in rows:
        if resident_id not in stops.residents and phone_id not in stops.phones:
            found.setdefault(resident_id, phone_id)
    return found
