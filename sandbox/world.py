"""The people and places the generator described, as the server holds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from sandbox.timeline import CHINA

Line = Literal["mobile", "landline", "switched_off", "unknown", "filtered", "opted_out"]
Holder = Literal["self", "daughter", "stranger"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Phone(Strict):
    number: str
    line: Line = "mobile"
    holder: Holder = "self"


class Person(Strict):
    id: str
    name: str
    gender: str
    id_number: str
    birth_month: str
    age: int = 70
    community: str = ""
    address: str = ""
    phones: tuple[Phone, ...] = ()
    persona: str
    policies: tuple[str, ...]
    seed: int
    smartphone: bool = False
    clerk: str = ""
    """Who answers, where this is a firm; its number is then the credit code."""

    @property
    def is_firm(self) -> bool:
        return bool(self.clerk)


class Teams(Strict):
    count: int = Field(default=2, ge=0, le=99)
    visits_per_day: int = Field(default=4, ge=0, le=16)


class Callbacks(Strict):
    inbound: str
    api: str
    api_token: str
    at_once: int = Field(default=1, ge=1, le=64)
    """How many receipts may be on their way together. More than one is faster, and no two runs are alike."""


class World(Strict):
    """`world.json` with what the product adds: where to call it and with which account."""

    people: tuple[Person, ...]
    teams: Teams = Teams()
    agents: dict[str, str] = {}
    """Who works at the desks, each with the token that acts for them."""
    callbacks: Callbacks
    account_sid: str
    auth_token: str
    seed: int = 7
    start: AwareDatetime
    faults: dict[str, float] = {}

    @field_validator("start", mode="before")
    @classmethod
    def _midnight_of_a_date(cls, value: Any) -> Any:
        """A plain date means its first moment on the street's own clock."""
        if isinstance(value, str) and len(value) == 10:
            return datetime.combine(datetime.strptime(value, "%Y-%m-%d").date(), time(), CHINA)  # noqa: DTZ007
        return value


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who is behind a number: usually one person, in a few households two."""

    phone: Phone
    people: tuple[Person, ...]


def subscribers(people: tuple[Person, ...]) -> dict[str, Subscriber]:
    lines: dict[str, Subscriber] = {}
    for person in people:
        for phone in person.phones:
            known = lines.get(phone.number)
            others = known.people if known else ()
            lines[phone.number] = Subscriber(phone, (*others, person))
    return lines
