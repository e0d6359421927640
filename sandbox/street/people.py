"""The people who really live there, household by household. The files are made from them and fall short of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from sandbox.street.identity import OTHER_REGIONS, SHENZHEN_REGIONS, NumberRegistry
from sandbox.street.names import Gender, full_name, surname
from sandbox.street.places import Building, build_street, door


class Hukou(StrEnum):
    SHENZHEN = "深圳"
    OTHER = "非深户"
    UNRECORDED = ""


class Household(StrEnum):
    SOLO = "solo"
    COUPLE = "couple"
    FAMILY = "family"
    THREE_GENERATIONS = "three_generations"
    OLDER_COUPLE = "older_couple"
    OLDER_ALONE = "older_alone"
    SHARED_FLAT = "shared_flat"


@dataclass(slots=True)
class Resident:
    """One person as they are. `phone` is what the files know; `None` when nobody noted one."""

    key: int
    name: str
    gender: Gender
    born_on: date
    id_number: str
    hukou: Hukou
    arrived_on: date
    building: Building
    room: str
    phone: str | None
    marital: str
    lives_alone: bool
    holds_id: bool = True

    @property
    def address(self) -> str:
        return self.building.address + self.room + "室"

    def age_on(self, day: date) -> int:
        return day.year - self.born_on.year - ((day.month, day.day) < (self.born_on.month, self.born_on.day))


_MIX: tuple[tuple[Household, float], ...] = (
    (Household.SOLO, 0.31),
    (Household.COUPLE, 0.15),
    (Household.FAMILY, 0.28),
    (Household.THREE_GENERATIONS, 0.07),
    (Household.OLDER_COUPLE, 0.035),
    (Household.OLDER_ALONE, 0.015),
    (Household.SHARED_FLAT, 0.14),
)


class Town:
    """Draws households until the street is full."""

    def __init__(self, rng: Random, start: date, residents: int) -> None:
        self._rng = rng
        self._start = start
        self._wanted = residents
        self.numbers = NumberRegistry(rng)
        self.buildings = build_street(rng, residents * 10 // 22)
        self._next_key = 0

    def settle(self) -> list[Resident]:
        people: list[Resident] = []
        kinds, weights = zip(*_MIX, strict=True)
        while len(people) < self._wanted:
            kind = self._rng.choices(kinds, weights)[0]
            people.extend(self._household(kind))
        return people[: self._wanted]

    def _household(self, kind: Household) -> Iterator[Resident]:
        rng = self._rng
        home = self.buildings[int(rng.random() * len(self.buildings))]
        room = door(rng, home)
        local = rng.random() < _LOCAL_SHARE[kind]
        hukou = Hukou.SHENZHEN if local else Hukou.OTHER
        family = surname(rng)
        match kind:
            case Household.SOLO:
                yield self._person(_any(rng), self._age(20, 56), hukou, home, room, family=family)
            case Household.SHARED_FLAT:
                for _ in range(int(rng.random() * 3) + 2):
                    yield self._person(_any(rng), self._age(18, 46), Hukou.OTHER, home, room)
            case Household.OLDER_ALONE:
                elder = self._elder(_any(rng), self._age(64, 96), hukou, home, room)
                elder.lives_alone, elder.marital = True, "丧偶"
                yield elder
            case Household.OLDER_COUPLE:
                age = self._age(60, 88)
                yield self._elder("男", age, hukou, home, room, family=family)
                yield self._elder("女", max(55.0, age - rng.random() * 5), hukou, home, room)
            case _:
                yield from self._family(kind, hukou, home, room, family)

    def _family(self, kind: Household, hukou: Hukou, home: Building, room: str, family: str) -> Iterator[Resident]:
        rng = self._rng
        age = self._age(26, 52)
        father = self._person("男", age, hukou, home, room, family=family, marital="已婚")
        mother = self._person("女", max(22.0, age - rng.random() * 4), hukou, home, room, marital="已婚")
        yield father
        yield mother
        if kind is Household.COUPLE:
            return
        names: set[str] = set()
        for _ in range(1 + (rng.random() < 0.35)):
            years = min(20.0, age - 24 - rng.random() * 8)
            child = self._child(years if years > 0 else 0.05 + rng.random() * 4, hukou, home, room, family, mother)
            if child.name not in names:
                names.add(child.name)
                yield child
        if kind is Household.THREE_GENERATIONS:
            elder_age = min(94.0, age + 23 + rng.random() * 9)
            yield self._elder("女", elder_age, hukou, home, room, reach=father.phone)
            if rng.random() < 0.6:
                yield self._elder(
                    "男", elder_age + rng.random() * 3, hukou, home, room, family=family, reach=father.phone
                )

    def _age(self, low: int, high: int) -> float:
        """Old age thins out: the upper half of a span is less full than the lower."""
        position = self._rng.random()
        if low >= 55:
            position *= self._rng.random() ** 0.35
        return low + (high - low) * position

    def _child(self, years: float, hukou: Hukou, home: Building, room: str, family: str, mother: Resident) -> Resident:
        child = self._person(_any(self._rng), years, hukou, home, room, family=family)
        if years < 16:
            child.phone = mother.phone
        child.holds_id = not (years < 2 and self._rng.random() < 0.2)
        return child

    def _elder(
        self, gender: Gender, years: float, hukou: Hukou, home: Building, room: str,
        *, family: str | None = None, reach: str | None = None,
    ) -> Resident:  # fmt: skip
        rng = self._rng
        elder = self._person(gender, years, hukou, home, room, family=family, marital="已婚")
        draw = rng.random()
        if reach and draw < 0.12:
            elder.phone = reach
        elif draw > 0.985:
            elder.phone = None
        return elder

    def _person(
        self, gender: Gender, years: float, hukou: Hukou, home: Building, room: str,
        *, family: str | None = None, marital: str = "未婚",
    ) -> Resident:  # fmt: skip
        rng = self._rng
        born_on = self._start - timedelta(days=int(years * 365.2425) + 1)
        from_here = hukou is Hukou.SHENZHEN and rng.random() < 0.5
        regions: Sequence[str] = SHENZHEN_REGIONS if from_here else OTHER_REGIONS
        since = max(born_on, self._start - timedelta(days=int(rng.random() ** 1.6 * 9000) + 20))
        self._next_key += 1
        return Resident(
            key=self._next_key,
            name=full_name(rng, family or surname(rng), gender, born_on),
            gender=gender,
            born_on=born_on,
            id_number=self.numbers.id_number(regions, born_on, gender),
            hukou=hukou,
            arrived_on=since,
            building=home,
            room=room,
            phone=self.numbers.mobile(),
            marital=marital,
            lives_alone=False,
        )


_LOCAL_SHARE = {
    Household.SOLO: 0.2,
    Household.COUPLE: 0.35,
    Household.FAMILY: 0.45,
    Household.THREE_GENERATIONS: 0.55,
    Household.OLDER_COUPLE: 0.78,
    Household.OLDER_ALONE: 0.8,
    Household.SHARED_FLAT: 0.0,
}


def _any(rng: Random) -> Gender:
    return "男" if rng.random() < 0.5 else "女"
