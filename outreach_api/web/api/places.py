"""Where things are and who works here: stations, visiting teams, staff."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from models.case import Station, Team
from models.staff import Staff
from models.vocabulary import Dialect, Reach, Role, TeamSkill
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.house import house_of

router = APIRouter(prefix="/api/v1", tags=["places and people"])


class StationItem(BaseModel):
    id: int
    name: str
    street: str
    community: str | None
    lat: float | None
    lon: float | None


class TeamItem(BaseModel):
    id: int
    code: str = Field(examples=["T01"])
    name: str
    station: str | None
    skills: list[TeamSkill]
    dialects: list[Dialect]
    visits_per_day: int
    withdrawn_at: datetime | None


class StaffItem(BaseModel):
    id: int
    username: str
    display_name: str
    role: Role
    team_id: int | None
    reach: Reach
    streets: list[str]
    department: str | None
    most_cases: int | None
    disabled_at: datetime | None


@router.get("/stations")
def list_stations(request: Request, _caller: AnyCaller, limit: Limit = 100, after: Cursor = None) -> Page[StationItem]:
    query = select(Station).order_by(Station.id).limit(limit + 1)
    if mark := read_cursor(after, int):
        query = query.where(Station.id > mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.scalars(query).all(), limit)
        items = [StationItem.model_validate(row, from_attributes=True) for row in shown]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)


@router.get("/teams")
def list_teams(request: Request, _caller: AnyCaller, limit: Limit = 100, after: Cursor = None) -> Page[TeamItem]:
    """Visiting teams, those withdrawn too."""
    query = select(Team).options(joinedload(Team.station)).order_by(Team.id).limit(limit + 1)
    if mark := read_cursor(after, int):
        query = query.where(Team.id > mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.scalars(query).all(), limit)
        items = [team_item(row) for row in shown]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)


@router.get("/staff")
def list_staff(request: Request, _caller: AnyCaller, limit: Limit = 100, after: Cursor = None) -> Page[StaffItem]:
    """Who has an account, those disabled too."""
    query = select(Staff).order_by(Staff.id).limit(limit + 1)
    if mark := read_cursor(after, int):
        query = query.where(Staff.id > mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.scalars(query).all(), limit)
        items = [StaffItem.model_validate(row, from_attributes=True) for row in shown]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)


def team_item(row: Team) -> TeamItem:
    return TeamItem(
        id=row.id,
        code=row.code,
        name=row.name,
        station=row.station.name if row.station else None,
        skills=[TeamSkill(skill) for skill in row.skills],
        dialects=[Dialect(dialect) for dialect in row.dialects],
        visits_per_day=row.visits_per_day,
        withdrawn_at=row.withdrawn_at,
    )
