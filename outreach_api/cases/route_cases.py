"""Routing what waits: each home visit to a station, a team and a day that the team can keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, selectinload

from models.asking import AnyColumns, ask
from models.case import Appointment, Building, Case, Station
from models.resident import Preference
from models.session import Sessions
from models.vocabulary import AppointmentState, CaseKind, CaseState, Dialect, TeamSkill, Urgency
from outreach_api.cases.appointments import appoint, give_up_missed, wish_of
from outreach_api.cases.bookings import Bookings, bookable_days, door_of
from outreach_api.cases.open_case import hours_in_force, record_change
from outreach_api.cases.places import AddressBook, Door
from outreach_api.cases.routing import Need, Slot, station_for, team_for
from scheduler.policies.card import PolicyKind
from scheduler.rules.derive import FocusGroup

AT_A_TIME = 200
BY = "system"


class Card(Protocol):
    @property
    def kind(self) -> PolicyKind: ...


@dataclass
class Routed:
    appointed: int = 0
    waiting: int = 0
    """Home visits for which no team has room within the time that can be booked."""
    missed: int = 0

    def facts(self) -> dict[str, Any]:
        return {"appointed": self.appointed, "waiting": self.waiting, "missed": self.missed}


@dataclass
class _Bench:
    """What one pass routes by."""

    book: AddressBook
    stations: Sequence[Station]
    bookings: Bookings
    cards: Mapping[str, Card]
    now: datetime


def route_waiting(sessions: Sessions, cards: Mapping[str, Card], *, now: datetime) -> Routed:
    """Give every home visit that waits a team and a day, the urgent first, then by promise, a batch a transaction."""
    routed = Routed()
    with sessions.write() as session:
        today = now.astimezone(hours_in_force(session).zone).date()
        routed.missed = give_up_missed(session, today, now=now)
        waiting = list(session.scalars(_waiting()))
    for start in range(0, len(waiting), AT_A_TIME):
        with sessions.write() as session:
            if not _route_batch(session, waiting[start : start + AT_A_TIME], cards, now, routed):
                break
    routed.waiting = len(waiting) - routed.appointed
    return routed


def door_of_case(session: Session, case: Case, book: AddressBook) -> Door:
    resident = case.resident
    if resident is None:
        return Door(None, None, None)
    return Door(book.point(resident.address), resident.community, resident.street)


def address_book(session: Session) -> AddressBook:
    return AddressBook(ask(session, _buildings()))


@cache
def _buildings() -> Select[str, float, float]:
    return select(Building.address, Building.lat, Building.lon)


def _waiting() -> Any:
    return (
        select(Case.id)
        .where(Case.kind == CaseKind.HOME_VISIT, Case.state == CaseState.OPEN)
        .order_by(Case.urgency == Urgency.NORMAL, Case.due_at, Case.id)
    )


def _route_batch(
    session: Session, case_ids: Sequence[int], cards: Mapping[str, Card], now: datetime, routed: Routed
) -> bool:
    """Route a batch; False when no team has any room left, so that the rest need not be looked at."""
    hours = hours_in_force(session)
    days = bookable_days(now.astimezone(hours.zone).date(), hours.is_working_day)
    bookings = Bookings.read(session, days)
    if not bookings.free_slots():
        return False
    bench = _Bench(address_book(session), list(session.scalars(select(Station))), bookings, cards, now)
    query = select(Case).where(Case.id.in_(case_ids), Case.state == CaseState.OPEN).with_for_update(skip_locked=True)
    found = {case.id: case for case in session.scalars(query.options(selectinload(Case.resident)))}
    for case_id in case_ids:
        if case_id in found:
            routed.appointed += _route(session, found[case_id], bench)
    return True


def _route(session: Session, case: Case, bench: _Bench) -> bool:
    beside = ask(session, _appointments(), resident=case.resident_id).first()
    if beside is not None:
        # Where somebody comes to this resident anyway, this is done at the same time.
        appoint(session, case, beside.team_id, Slot(beside.on, beside.part), by=BY, now=bench.now)
        return True
    found = station_for(door_of_case(session, case, bench.book), bench.stations)
    if found is not None and case.station_id != found[0].id:
        case.station_id = found[0].id
        detail = {"station": found[0].id, "ground": found[1].value}
        record_change(session, case, "routed", by=BY, now=bench.now, detail=detail)
    team = team_for(need_of(session, case, bench.cards), case.station_id, bench.bookings.at_work(wish_of(case)))
    if team is None or team.first_free is None:
        return False
    appoint(session, case, team.team_id, team.first_free, by=BY, now=bench.now)
    bench.bookings.take(team.team_id, team.first_free, door_of(case.resident_id, case.id))
    return True


@cache
def _appointments() -> AnyColumns:
    """Those that stand for a resident, the next first."""
    columns = (Appointment.team_id, Appointment.on, Appointment.part)
    theirs = select(*columns).join(Case, Case.id == Appointment.case_id)
    stands = (Appointment.state == AppointmentState.STANDING, Case.resident_id == bindparam("resident"))
    return theirs.where(*stands).order_by(Appointment.on, Appointment.id).limit(1)


def need_of(session: Session, case: Case, cards: Mapping[str, Card]) -> Need:
    """What the benefit and the person ask of who goes."""
    skills: set[TeamSkill] = set()
    card = cards.get(case.policy_id or "")
    if card is not None and card.kind is PolicyKind.SERVICE:
        skills.add(TeamSkill.HEALTH)
    if case.resident is not None and FocusGroup.DISABLED in (case.resident.focus_groups or ()):
        skills.add(TeamSkill.DISABILITY)
    dialects = frozenset(Dialect(name) for name in ask(session, _spoken(), resident=case.resident_id).scalars())
    return Need(frozenset(skills), dialects)


@cache
def _spoken() -> AnyColumns:
    return select(Preference.name).where(
        Preference.resident_id == bindparam("resident"), Preference.name.in_([dialect.value for dialect in Dialect])
    )
