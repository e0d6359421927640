"""Each team's walk: which door comes first on a day, from what is appointed for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.case import Appointment, Team
from models.session import Sessions
from models.vocabulary import AppointmentState, DayPart
from outreach_api.cases.places import AddressBook, Point
from outreach_api.cases.route_cases import address_book, door_of_case
from outreach_api.cases.walk import Stop, walk


def plan_walks(sessions: Sessions, on: date) -> int:
    """Plan the walk of every team that has an appointment on that day without a turn; how many were planned.

    A day that is planned stays as it is, until something is appointed for it afterwards.
    """
    with sessions.read() as session:
        unplanned = select(Appointment.team_id).where(*_standing_on(on), Appointment.turn.is_(None)).distinct()
        teams = list(session.scalars(unplanned.order_by(Appointment.team_id)))
        book = address_book(session) if teams else None
    if book is None:
        return 0
    for team_id in teams:
        with sessions.write() as session:
            plan_walk(session, team_id, on, book)
    return len(teams)


def plan_walk(session: Session, team_id: int, on: date, book: AddressBook) -> None:
    """Give each appointment of the team's day its turn; doors whose building is not known come last in their half."""
    query = select(Appointment).where(*_standing_on(on), Appointment.team_id == team_id).order_by(Appointment.id)
    found = session.scalars(query).all()
    points = {one.id: door_of_case(session, one.case, book).point for one in found}
    stops = [Stop(one.id, point, one.part) for one in found if (point := points[one.id]) is not None]
    order = walk(stops, _start(session.get_one(Team, team_id)))
    for turn, appointment in enumerate(_in_turn(found, order), start=1):
        appointment.turn = turn


def _in_turn(found: Sequence[Appointment], order: Sequence[int]) -> list[Appointment]:
    places = {appointment_id: place for place, appointment_id in enumerate(order)}
    last = len(places)
    return sorted(found, key=lambda one: (one.part is DayPart.AFTERNOON, places.get(one.id, last), one.id))


def _start(team: Team) -> Point | None:
    station = team.station
    if station is None or station.lat is None or station.lon is None:
        return None
    return Point(station.lat, station.lon)


def _standing_on(on: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (Appointment.state == AppointmentState.STANDING, Appointment.on == on)
