"""Who is entitled to the three items, who has them already, and therefore who is being missed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from sandbox.street.identity import NumberRegistry
from sandbox.street.people import Hukou, Resident

ALLOWANCE = "elderly-allowance"
HEALTH_CHECK = "elderly-health-check"
LIVING_SUBSIDY = "disabled-living-subsidy"

MISSED_ALLOWANCE = 168
UNRECORDED_HUKOU = 12
SHARED_PHONES = 3
CHECKED_THIS_YEAR = 0.964
SUBSIDY_TAKE_UP = 0.62
APPLIES_AHEAD = timedelta(days=120)


class Hardship(StrEnum):
    DIBAO = "低保"
    DIBAO_EDGE = "低保边缘"
    EXPENSE_POOR = "支出型困难"
    NONE = "无"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A disability certificate as the federation has it on file."""

    holder: Resident
    number: str
    kind: str
    category: str
    level: str
    valid_until: date
    hardship: Hardship


@dataclass(slots=True)
class Benefits:
    """The truth about entitlement, taken on the start date."""

    certificates: list[Certificate]
    enrolled: dict[str, list[Resident]]
    missed: dict[str, list[Resident]]
    undecidable: dict[str, list[Resident]]


_CATEGORIES = (("视力", "1"), ("听力", "2"), ("言语", "3"), ("肢体", "4"), ("智力", "5"), ("精神", "6"), ("多重", "7"))
_LEVELS = (("一级", "1"), ("二级", "2"), ("三级", "3"), ("四级", "4"))
_SUBSIDISED = (Hardship.DIBAO, Hardship.DIBAO_EDGE, Hardship.EXPENSE_POOR)


def assess(rng: Random, people: Sequence[Resident], start: date, numbers: NumberRegistry) -> Benefits:
    certificates = _certificates(rng, people, start)
    benefits = Benefits(certificates, enrolled={}, missed={}, undecidable={})
    _allowance(rng, people, start, benefits, numbers)
    _health_check(rng, people, start, benefits)
    _living_subsidy(rng, start, benefits)
    return benefits


def _allowance(
    rng: Random, people: Sequence[Resident], start: date, benefits: Benefits, numbers: NumberRegistry
) -> None:
    """Exactly 168 are missed. Those about to turn 70 answered the city's text ahead of time and are enrolled."""
    soon = start + APPLIES_AHEAD
    local = [person for person in people if person.hukou is Hukou.SHENZHEN and person.holds_id]
    entitled = [person for person in local if person.age_on(start) >= 70]
    scale = min(1.0, len(entitled) / 400)
    wanted = int(MISSED_ALLOWANCE * scale)
    couples = _couples(rng, entitled, SHARED_PHONES if scale == 1 else 0)
    paired = [person for couple in couples for person in couple]
    taken = {person.key for person in paired}
    others = [person for person in entitled if person.key not in taken]
    drawn = rng.sample(others, wanted - len(paired) + int(UNRECORDED_HUKOU * scale))
    missed, unrecorded = paired + drawn[: wanted - len(paired)], drawn[wanted - len(paired) :]
    for person in unrecorded:
        person.hukou = Hukou.UNRECORDED
    _give_landlines(rng, drawn[: wanted - len(paired)], numbers)
    for first, second in couples:
        second.phone = first.phone
    left_out = {person.key for person in (*missed, *unrecorded)}
    benefits.missed[ALLOWANCE] = missed
    benefits.undecidable[ALLOWANCE] = unrecorded
    benefits.enrolled[ALLOWANCE] = [
        person for person in local if person.key not in left_out and person.age_on(soon) >= 70
    ]


def _couples(rng: Random, entitled: Sequence[Resident], wanted: int) -> list[tuple[Resident, Resident]]:
    """Two behind one door, both missed, with one phone between them."""
    doors: dict[tuple[str, str], list[Resident]] = defaultdict(list)
    for person in entitled:
        doors[person.building.code, person.room].append(person)
    couples = [(home[0], home[1]) for home in doors.values() if len(home) == 2 and home[0].phone]
    return rng.sample(couples, min(wanted, len(couples)))


def _give_landlines(rng: Random, missed: Sequence[Resident], numbers: NumberRegistry) -> None:
    """A few of the missed have only a landline; that is part of why they were missed."""
    for person in rng.sample(list(missed), min(8, len(missed) // 12)):
        person.phone = numbers.landline()


def _health_check(rng: Random, people: Sequence[Resident], start: date, benefits: Benefits) -> None:
    """The health centres held their drive in January and February and invited everyone who turns 65 within the year."""
    invited = [person for person in people if start.year - person.born_on.year >= 65 and person.holds_id]
    attended = [person for person in invited if rng.random() < CHECKED_THIS_YEAR]
    seen = {person.key for person in attended}
    half_a_year_ago = _months_before(start, 6)
    benefits.enrolled[HEALTH_CHECK] = attended
    benefits.missed[HEALTH_CHECK] = [
        person
        for person in invited
        if person.key not in seen and person.age_on(start) >= 65 and person.arrived_on <= half_a_year_ago
    ]


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, 28))


def _living_subsidy(rng: Random, start: date, benefits: Benefits) -> None:
    entitled = [
        certificate.holder
        for certificate in benefits.certificates
        if certificate.holder.hukou is Hukou.SHENZHEN
        and certificate.valid_until >= start + APPLIES_AHEAD
        and certificate.hardship in _SUBSIDISED
    ]
    enrolled = [person for person in entitled if rng.random() < SUBSIDY_TAKE_UP]
    taken = {person.key for person in enrolled}
    benefits.enrolled[LIVING_SUBSIDY] = enrolled
    benefits.missed[LIVING_SUBSIDY] = [person for person in entitled if person.key not in taken]


def _certificates(rng: Random, people: Sequence[Resident], start: date) -> list[Certificate]:
    """About one in eighty, more with age; one in fourteen has let the certificate lapse."""
    certificates = []
    for person in people:
        age = person.age_on(start)
        if person.holds_id and age >= 18 and rng.random() < (0.02 if age >= 60 else 0.0125):
            certificates.append(_certificate(rng, person, start))
    return certificates


def _certificate(rng: Random, person: Resident, start: date) -> Certificate:
    category, category_digit = rng.choice(_CATEGORIES)
    level, level_digit = rng.choices(_LEVELS, (2, 3, 3, 3))[0]
    kind = rng.choices(("残疾人证", "残疾军人证", "伤残人民警察证"), (96, 3, 1))[0]
    number = (
        person.id_number + category_digit + level_digit if kind == "残疾人证" else f"粤军J{rng.randrange(10**6):06}"
    )
    lapsed = rng.random() < 0.07
    days = -rng.randrange(20, 900) if lapsed else rng.randrange(130, 3400)
    hardship = rng.choices(tuple(Hardship), (9, 5, 4, 82))[0]
    return Certificate(person, number, kind, category, level, start + timedelta(days=days), hardship)
