"""Telling residents who comes and when, with the code by which they know them at the door."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

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
from scheduler.planning.stops import stops_of_phones, stops_of_residents

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
        told = 0
        for appointments in _untold(session, now):
            contact = _text(session, appointments[0], rules, now)
            if contact is not None:
                told += 1
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


def _untold(session: Session, now: datetime) -> list[list[Appointment]]:
    """Standing appointments of days to come, together where they are one resident's."""
    today = now.astimezone(DISTRICT_HOURS.zone).date()
    query = (
        select(Appointment)
        .where(Appointment.state == AppointmentState.STANDING, Appointment.told_by.is_(None), Appointment.on > today)
        .order_by(Appointment.id)
    )
    together: dict[tuple[int, object], list[Appointment]] = {}
    for appointment in session.scalars(query):
        if appointment.case.resident_id is not None:
            together.setdefault((appointment.case.resident_id, appointment.on), []).append(appointment)
    return list(together.values())


def _text(session: Session, appointment: Appointment, rules: ContactRules, now: datetime) -> Contact | None:
    resident_id = appointment.case.resident_id
    phone_id = _phone(session, resident_id) if resident_id is not None else None
    if phone_id is None:
        return None
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


def _phone(session: Session, resident_id: int) -> int | None:
    """The first of their phones that takes texts; none where the resident or the phone wants none."""
    if stops_of_residents(session, [resident_id]):
        return None
    query = (
        select(Phone.id)
        .join(ResidentPhone, ResidentPhone.phone_id == Phone.id)
        .where(ResidentPhone.resident_id == resident_id, Phone.state == PhoneState.USABLE)
        .order_by(ResidentPhone.rank, ResidentPhone.id)
    )
    phones = list(session.scalars(query))
    stopped = stops_of_phones(session, phones)
    return next((phone_id for phone_id in phones if phone_id not in stopped), None)
