"""Taking in where things are: stations, buildings, and the visiting teams with what they can."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.bulk import insert_rows
from models.case import USUAL_VISITS_PER_DAY, Building, Station, Team
from models.vocabulary import Dialect, TeamSkill

Row = TypeVar("Row", Station, Building, Team)


class PlacesRefused(ValueError):  # noqa: N818
    """The file is not as documented; says which entry and why. Nothing was taken."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StationEntry(_Entry):
    name: str = Field(min_length=1, max_length=64)
    street: str = Field(min_length=1, max_length=64)
    community: str | None = Field(None, max_length=64)
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)


class BuildingEntry(_Entry):
    address: str = Field(min_length=2, max_length=200)
    street: str = Field(min_length=1, max_length=64)
    community: str | None = Field(None, max_length=64)
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class TeamEntry(_Entry):
    code: str = Field(min_length=1, max_length=32)
    name: str = Field(min_length=1, max_length=64)
    station: str | None = None
    skills: list[TeamSkill] = []
    dialects: list[Dialect] = []
    visits_per_day: int = Field(USUAL_VISITS_PER_DAY, ge=0, le=100)


class PlacesFile(_Entry):
    stations: list[StationEntry] = []
    buildings: list[BuildingEntry] = []
    teams: list[TeamEntry] = []


@dataclass(frozen=True)
class PlacesTaken:
    stations: int
    buildings: int
    teams: int


def read_places(path: Path) -> PlacesFile:
    """Read the file.

    Raises:
        PlacesRefused: it cannot be read, or an entry is wrong.
    """
    try:
        return PlacesFile.model_validate_json(path.read_bytes())
    except OSError as fault:
        raise PlacesRefused(f"{path}: {fault.strerror}") from fault
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PlacesRefused(f"{path.name}: {where}: {first['msg']}") from fault


def take_places(session: Session, places: PlacesFile) -> PlacesTaken:
    """Add what is new and renew what is known by its name, address or code; what the file leaves out stays.

    Raises:
        PlacesRefused: a team names a station that is not known.
    """
    stations = {one.name: one for one in session.scalars(select(Station))}
    for entry in places.stations:
        stations[entry.name] = _renew(session, stations.get(entry.name), Station, entry.model_dump())
    buildings = {one.address: one for one in session.scalars(select(Building))}
    for building in places.buildings:
        if building.address in buildings:
            _renew(session, buildings[building.address], Building, building.model_dump())
    # A register has tens of thousands.
    insert_rows(session, Building, [one.model_dump() for one in places.buildings if one.address not in buildings])
    session.flush()
    teams = {one.code: one for one in session.scalars(select(Team))}
    for team in places.teams:
        if team.station is not None and team.station not in stations:
            raise PlacesRefused(f"team {team.code}: there is no station {team.station}")
        values = team.model_dump(mode="json", exclude={"station"})
        values["station_id"] = stations[team.station].id if team.station is not None else None
        _renew(session, teams.get(team.code), Team, values)
    session.flush()
    return PlacesTaken(len(places.stations), len(places.buildings), len(places.teams))


def _renew(session: Session, known: Row | None, table: type[Row], values: dict[str, object]) -> Row:
    row = known if known is not None else table()
    for name, value in values.items():
        setattr(row, name, value)
    if known is None:
        session.add(row)
    return row
