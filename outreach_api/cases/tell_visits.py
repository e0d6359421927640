"""Telling residents who comes and when, with the code by which they know them at the door."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import cache

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session, joinedload

from models.case import Appointment
from models.contact import Contact
from models.session import Sessions
from models.vocabulary import (
    AppointmentState,
    CaseReason,
    Channel,
    ContactPurpose,
    ContactState,
    DayPart,
    Refusal,
)
from outreach_api.cases.promises import DISTRICT_HOURS
from outreach_api.cases.tell_by import Way, ways_to
from outreach_api.conversations.copy_deck import LINES
from outreach_api.conversations.proof import code_for_visit, spaced
from scheduler.planning.cadence import NOT_REACHED, UNANSWERED
from scheduler.planning.rules import contact_rules

TEMPLATES = {Channel.SMS: "visit_notice", Channel.VOICE: "visit_notice_spoken"}
PART_WORDS = {DayPart.MORNING: "上午", DayPart.AFTERNOON: "下午"}


def tell_visits(sessions: Sessions, *, channels: Collection[Channel] = (Channel.SMS,), now: datetime) -> int:
    """Queue a text, or a call, to everybody who is expecting a team and was not told yet; how many.

    Who said that they cannot use their phone, or has a landline, is called where calls are made, and gets a text only
    when nobody takes the call. Several cases of one resident on one day are told of once. Whoever wants no messages is
    not told. Neither names a benefit or anybody, since a phone may be a whole family's; the call says it once it knows
    who speaks.
    """
    with sessions.write() as session:
        _take_back(session, now)
        untold = _untold(session, now)
        if not untold:
            return 0
        rules = contact_rules(session)
        ways = ways_to(session, {resident_id for resident_id, _ in untold})
        told = 0
        for (resident_id, _), (appointments, called) in untold.items():
            way = ways.to(resident_id, _wanted(appointments[0], called, channels), rules, now)
            if way is not None:
                told += 1
                contact = _contact(appointments[0], way, now)
                session.add(contact)
                session.flush()
                for appointment in appointments:
                    appointment.told_by = contact.id
    return told


def _take_back(session: Session, now: datetime) -> None:
    """What still waits to be told, of visits that were called off meanwhile."""
    for contact in session.scalars(_called_off()):
        contact.state, contact.refusal, contact.settled_at = ContactState.CANCELLED, Refusal.MATCH_CLOSED, now


def _untold(session: Session, now: datetime) -> dict[tuple[int, date], tuple[list[Appointment], bool]]:
    """Standing appointments of days to come, together where they are one resident's; and whether they were called."""
    today = now.astimezone(DISTRICT_HOURS.zone).date()
    together: dict[tuple[int, date], tuple[list[Appointment], bool]] = {}
    for appointment, call in session.execute(_standing(), {"today": today}):
        if appointment.case.resident_id is not None:
            door = (appointment.case.resident_id, appointment.on)
            together.setdefault(door, ([], call is not None))[0].append(appointment)
    return together


@cache
def _called_off() -> Select[Contact]:
    told = select(Contact).join(Appointment, Appointment.told_by == Contact.id)
    return told.where(Contact.state == ContactState.PLANNED, Appointment.state != AppointmentState.STANDING)


@cache
def _standing() -> Select[Appointment, int | None]:
    in_vain = (Contact.channel == Channel.VOICE) & Contact.state.in_(NOT_REACHED | UNANSWERED)
    return (
        select(Appointment, Contact.id)
        .outerjoin(Contact, Contact.id == Appointment.told_by)
        .where(Appointment.state == AppointmentState.STANDING, Appointment.on > bindparam("today"))
        .where(or_(Appointment.told_by.is_(None), in_vain))
        .options(joinedload(Appointment.case))
        .order_by(Appointment.id)
    )


def _wanted(appointment: Appointment, called: bool, channels: Collection[Channel]) -> list[Channel]:  # noqa: FBT001 - what happened
    """How they are told, the first that is at work."""
    if called:
        wanted: tuple[Channel, ...] = (Channel.SMS,)
    elif appointment.case.reason is CaseReason.CANNOT_USE_PHONE:
        wanted = (Channel.VOICE, Channel.SMS)
    else:
        wanted = (Channel.SMS, Channel.VOICE)
    return [channel for channel in wanted if channel in channels]


def _contact(appointment: Appointment, way: Way, now: datetime) -> Contact:
    ends = datetime.combine(appointment.on, time(), DISTRICT_HOURS.zone) + timedelta(hours=9)
    when = f"{appointment.on.month}月{appointment.on.day}日{PART_WORDS[appointment.part]}"
    variables = {"when": when, "code": spaced(code_for_visit(appointment.id))}
    template = TEMPLATES[way.channel]
    return Contact(
        resident_id=appointment.case.resident_id,
        phone_id=way.phone_id,
        channel=way.channel,
        purpose=ContactPurpose.VISIT_NOTICE,
        state=ContactState.PLANNED,
        template_key=template,
        variables=variables,
        text=LINES[template].format(**variables),
        created_at=now,
        due_at=way.due_at,
        expires_at=ends,
    )
