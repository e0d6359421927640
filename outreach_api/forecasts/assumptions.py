"""What a forecast takes for granted about people, phones and teams: data, and what was seen here instead of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scheduler.plain_yaml import read_yaml

FILE = Path(__file__).with_name("assumptions.yaml")
SETTING = "forecast_assumptions"
PEOPLE = frozenset(
    {"says_yes", "goes_to_hall", "goes_online", "wants_visit", "declines", "stops", "silent"}
)  # fmt: skip
DOOR = frozenset({"done", "not_home", "other"})
YES_OR_NO = frozenset({"yes", "no"})
OFF_BY = 1e-6

Days = Annotated[tuple[int, int], Field()]


class Shares(BaseModel):
    """How a group divides. `worth` is how many seen cases it counts as; with `seen` they were seen here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    worth: float = Field(gt=0)
    shares: Mapping[str, Annotated[float, Field(ge=0, le=1)]]
    seen: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> Shares:
        if abs(sum(self.shares.values()) - 1) > OFF_BY:
            raise ValueError(f"the shares sum to {sum(self.shares.values()):.3f}, not to 1")
        return self

    def drawn(self, dice: Random) -> dict[str, float]:
        """One of the divisions that what was seen allows for (Dirichlet, each share with half a case more)."""
        weights = {
            name: dice.gammavariate(share * self.worth + 0.5, 1) if share else 0.0
            for name, share in self.shares.items()
        }
        whole = sum(weights.values())
        return {name: weight / whole for name, weight in weights.items()}


class Assumptions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    undelivered: Shares
    unnoticed: Shares
    people: Shares
    writes_before_going: Shares
    silent_but_writes: Shares
    confirms: Shares
    needs_desk: Shares
    at_the_door: Shares
    applies_after_days: Days
    answers_after_days: Days
    visits_per_workday: float = Field(ge=0, le=100_000)
    text_parts: float = Field(ge=1, le=10)
    yuan_per_part: float = Field(ge=0, le=10)
    complains: Shares
    answers_survey: Shares
    dissatisfied: Shares
    call_minutes: float = Field(ge=0, le=60)
    yuan_per_call_minute: float = Field(ge=0, le=10)

    @property
    def yuan_a_text(self) -> float:
        return self.text_parts * self.yuan_per_part

    @property
    def yuan_a_call(self) -> float:
        return self.call_minutes * self.yuan_per_call_minute

    @model_validator(mode="after")
    def _names_what_is_asked(self) -> Assumptions:
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Shares):
                wanted = {"people": PEOPLE, "at_the_door": DOOR}.get(name, YES_OR_NO)
                if set(value.shares) != wanted:
                    raise ValueError(f"{name} divides into {', '.join(sorted(wanted))}")
        for name in ("applies_after_days", "answers_after_days"):
            low, high = getattr(self, name)
            if not 0 <= low <= high <= 365:
                raise ValueError(f"{name} is two numbers of days, the smaller first")
        return self


@lru_cache(maxsize=1)
def assumed() -> Assumptions:
    return Assumptions.model_validate(read_yaml(FILE.read_text("utf-8")))


def read_assumptions(value: Any) -> Assumptions:
    """The assumptions with the entries that staff replaced.

    Raises:
        ValueError: says which entry is wrong.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{SETTING} is a table of what is replaced")  # noqa: TRY004 - what staff wrote is wrong, not a type of ours
    try:
        return Assumptions.model_validate(assumed().model_dump() | dict(value))
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or SETTING
        raise ValueError(f"{SETTING}: {place}: {first['msg']}") from fault
