"""Accounts, teams and stations as an administrator keeps them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from sqlalchemy import select

from models.case import Station, Team
from models.staff import Staff
from models.vocabulary import Dialect, Reach, Role, TeamSkill
from outreach_api.office import StaffStep, add_station, change_duties, colleague, keep_team, step_staff, take_on
from outreach_api.reaching import Reaching, departments, set_reach
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import MOST_ID, NO_NUL, Body, Id, Name
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.places import StaffItem, StationItem, TeamItem, team_item
from outreach_api.web.house import House, house_of

router = APIRouter(prefix="/api/v1", tags=["places and people"], route_class=OnceRoute)
TeamCode = Annotated[str, Path(min_length=1, max_length=32, pattern=r"^[\w-]+$", examples=["T01"])]
Some = Annotated[int | None, Field(ge=1, le=MOST_ID)]


class StaffAsked(Body):
    username: Name
    display_name: Name
    role: Role
    team_id: Some = None


class Duties(Body):
    role: Role
    team_id: Some = None
    most_cases: Annotated[int | None, Field(ge=1, le=1000)] = None


class ReachAsked(Body):
    reach: Reach
    streets: list[Name] = Field([], max_length=50, description="Of `streets`: which.")
    department: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None = Field(
        None, description="Of `department`: its Chinese name, as the items have it.", examples=["深圳市民政局"]
    )


class StepAsked(Body):
    step: StaffStep


class StaffAnswer(BaseModel):
    staff: StaffItem
    password: str | None = Field(description="Where a new one was made; shown once.")


class TeamAsked(Body):
    name: Name
    station_id: Some = None
    visits_per_day: int = Field(8, ge=1, le=100)
    skills: list[TeamSkill] = Field([], max_length=10)
    dialects: list[Dialect] = Field([], max_length=10)
    withdrawn: bool = False


class StationAsked(Body):
    name: Name
    street: Name
    community: str = Field("", max_length=64, pattern=NO_NUL)


@router.post("/staff", dependencies=[ONCE])
def add_account(request: Request, caller: AnyCaller, asked: StaffAsked) -> StaffAnswer:
    """Add somebody. An administrator is then given a second factor at the terminal, before which they don't sign in."""
    house = house_of(request)
    with house.sessions.write() as session:
        row, password = take_on(
            session,
            asked.username,
            asked.display_name,
            asked.role,
            team_id=asked.team_id,
            by=caller.actor,
            now=house.clock.now(),
        )
        return StaffAnswer(staff=StaffItem.model_validate(row, from_attributes=True), password=password)


@router.put("/staff/{staff_id}")
def change_account(request: Request, caller: AnyCaller, staff_id: Id, asked: Duties) -> StaffAnswer:
    """Another role, team or limit. Nobody changes their own."""
    house = house_of(request)
    with house.sessions.write() as session:
        change_duties(
            session,
            staff_id,
            asked.role,
            team_id=asked.team_id,
            most_cases=asked.most_cases,
            by=caller.actor,
            now=house.clock.now(),
        )
    return _account(house, staff_id, None)


@router.put("/staff/{staff_id}/reach")
def set_account_reach(request: Request, caller: AnyCaller, staff_id: Id, asked: ReachAsked) -> StaffAnswer:
    """How far somebody sees: the district, streets, their team or a department's items. What lies beyond is 404."""
    house = house_of(request)
    with house.sessions.write() as session:
        staff = colleague(session, staff_id, caller.actor)
        wanted = Reaching(asked.reach, tuple(asked.streets), asked.department)
        known = departments(house.cards)
        set_reach(session, staff, wanted, known_departments=known, by=caller.actor, now=house.clock.now())
    return _account(house, staff_id, None)


@router.post("/staff/{staff_id}/steps", dependencies=[ONCE])
def step_account(request: Request, caller: AnyCaller, staff_id: Id, asked: StepAsked) -> StaffAnswer:
    """Lock out, let in again, or give a new password."""
    house = house_of(request)
    with house.sessions.write() as session:
        password = step_staff(session, staff_id, asked.step, by=caller.actor, now=house.clock.now())
    return _account(house, staff_id, password)


@router.put("/teams/{code}")
def keep_visiting_team(request: Request, caller: AnyCaller, code: TeamCode, asked: TeamAsked) -> TeamItem:
    """Add a visiting team or change one."""
    house = house_of(request)
    with house.sessions.write() as session:
        keep_team(
            session,
            code,
            asked.name,
            station_id=asked.station_id,
            visits_per_day=asked.visits_per_day,
            skills=[skill.value for skill in asked.skills],
            dialects=[dialect.value for dialect in asked.dialects],
            withdrawn=asked.withdrawn,
            by=caller.actor,
            now=house.clock.now(),
        )
        session.flush()
        return team_item(session.scalars(select(Team).where(Team.code == code)).one())


@router.post("/stations", dependencies=[ONCE])
def open_station(request: Request, caller: AnyCaller, asked: StationAsked) -> StationItem:
    house = house_of(request)
    with house.sessions.write() as session:
        add_station(session, asked.name, asked.street, asked.community, by=caller.actor, now=house.clock.now())
        session.flush()
        row = session.scalars(select(Station).where(Station.name == asked.name.strip())).one()
        return StationItem.model_validate(row, from_attributes=True)


def _account(house: House, staff_id: int, password: str | None) -> StaffAnswer:
    with house.sessions.read() as session:
        row = session.get_one(Staff, staff_id)
        return StaffAnswer(staff=StaffItem.model_validate(row, from_attributes=True), password=password)
