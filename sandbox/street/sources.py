"""The three population sources, row by row, and the faults put into them in a known number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from sandbox.street.identity import OTHER_REGIONS, NumberRegistry, wrong_check_digit
from sandbox.street.names import name_variant
from sandbox.street.people import Hukou, Resident
from sandbox.street.places import STREET
from sandbox.street.untidiness import dashed, untidy_date, untidy_id, untidy_phone

Row = list[str]


class Fault(StrEnum):
    CHECK_DIGIT = "id_check_digit"
    IMPOSSIBLE_DATE = "impossible_date"
    TOO_FEW_COLUMNS = "too_few_columns"
    EMPTY_NAME = "empty_name"
    CREDIT_CODE = "credit_code_check_character"


@dataclass(slots=True)
class Entry:
    """What one clerk is about to write down about one person."""

    person: Resident
    name: str
    id_number: str
    phone: str | None
    address: str
    noted_on: date


@dataclass(slots=True)
class Source:
    """One export: its rows as text, and how many of each fault were put in."""

    file_name: str
    header: Row
    rows: list[Row] = field(default_factory=list)
    faults: Counter[Fault] = field(default_factory=Counter)


REGISTER_HEADER = [
    "姓名",
    "公民身份号码",
    "性别",
    "出生日期",
    "户籍",
    "来深日期",
    "街道",
    "社区",
    "现住址",
    "楼栋编码",
    "联系电话",
    "婚姻状况",
    "更新日期",
]
GRID_HEADER = [
    "采集时间",
    "网格员",
    "居民姓名",
    "证件号码",
    "联系方式",
    "户籍类型",
    "性别",
    "生日",
    "社区",
    "居住地址",
    "楼栋名称",
    "经度",
    "纬度",
    "是否独居",
    "入住时间",
]
GRID_SUPPLEMENT_HEADER = [
    "居民姓名",
    "性别",
    "生日",
    "证件号码",
    "户籍类型",
    "联系方式",
    "居住地址",
    "社区",
    "楼栋名称",
    "是否独居",
    "入住时间",
    "采集时间",
    "网格员",
]
DECLARED_HEADER = [
    "full_name",
    "id_no",
    "gender",
    "birth_date",
    "hukou",
    "mobile",
    "community",
    "address",
    "arrived_on",
    "marital_status",
    "declared_at",
]

_GRID_STAFF = ("王海明", "李小燕", "何志坚", "林佩仪", "曾国富", "谢丽云", "邓家辉", "彭艳")
_GRID_HUKOU = {Hukou.SHENZHEN: ("深户", "深户", "深圳户籍"), Hukou.OTHER: ("非深户", "非深户", "非深圳户籍")}
_DECLARED_HUKOU = {Hukou.SHENZHEN: "shenzhen", Hukou.OTHER: "non_shenzhen", Hukou.UNRECORDED: ""}


def register_row(rng: Random, entry: Entry) -> Row:
    person = entry.person
    return [
        entry.name,
        entry.id_number,
        person.gender,
        untidy_date(rng, person.born_on),
        person.hukou.value,
        dashed(person.arrived_on),
        STREET,
        person.building.community,
        entry.address,
        person.building.code,
        untidy_phone(rng, entry.phone),
        person.marital,
        dashed(entry.noted_on),
    ]


def grid_row(rng: Random, entry: Entry) -> Row:
    person = entry.person
    building = person.building
    hukou = rng.choice(_GRID_HUKOU[person.hukou]) if person.hukou in _GRID_HUKOU else ""
    return [
        dashed(entry.noted_on),
        rng.choice(_GRID_STAFF),
        entry.name,
        entry.id_number,
        untidy_phone(rng, entry.phone),
        hukou,
        person.gender,
        untidy_date(rng, person.born_on),
        building.community,
        entry.address,
        building.name,
        str(building.lon),
        str(building.lat),
        "是" if person.lives_alone else "否",
        untidy_date(rng, person.arrived_on),
    ]


def declared_row(rng: Random, entry: Entry) -> Row:
    person = entry.person
    return [
        entry.name,
        entry.id_number,
        "M" if person.gender == "男" else "F",
        untidy_date(rng, person.born_on),
        _DECLARED_HUKOU[person.hukou],
        untidy_phone(rng, entry.phone),
        person.building.community,
        entry.address,
        dashed(person.arrived_on),
        person.marital,
        dashed(entry.noted_on),
    ]


@dataclass(slots=True)
class Population:
    """The three sources (the grid survey has a supplement) and what a correct merge makes of them."""

    register: Source
    grid: Source
    supplement: Source
    declared: Source
    merged_without_id: int = 0
    alone_without_id: int = 0
    ties: int = 0
    other_phones: dict[int, str] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[Source, ...]:
        return (self.register, self.grid, self.supplement, self.declared)


class Clerks:
    """Write the sources down. A record without an ID number keeps the name and phone by which it can be found again."""

    def __init__(self, rng: Random, start: date, numbers: NumberRegistry) -> None:
        self._rng = rng
        self._start = start
        self._numbers = numbers
        self._without_id: set[int] = set()
        self.population = Population(
            register=Source("population_register.csv", REGISTER_HEADER),
            grid=Source("grid_survey.csv", GRID_HEADER),
            supplement=Source("grid_survey_supplement.xlsx", GRID_SUPPLEMENT_HEADER),
            declared=Source("ishenzhen_declarations.parquet", DECLARED_HEADER),
        )

    def record(self, people: Sequence[Resident]) -> Population:
        for person in people:
            self._record_one(person)
        scale = len(people) / 200_000
        adults = [p for p in people if 22 <= p.age_on(self._start) < 55 and p.phone and p.key not in self._without_id]
        self._ties(adults, scale)
        self._move_supplement(max(60, int(3000 * scale)))
        for source in self.population.sources:
            self._spoil(source, people, scale)
            self._rng.shuffle(source.rows)
        return self.population

    def _record_one(self, person: Resident) -> None:
        rng, sources = self._rng, self.population
        surveyed = rng.random() < 0.46
        declared = rng.random() < (0.05 if person.born_on.year < 1961 else 0.22)
        registered = rng.random() < 0.9 or not (surveyed or declared)
        # Only the plain record can be found again by name, birth date and phone.
        without_id = surveyed and registered and not declared and bool(person.phone) and rng.random() < 0.05
        plain = without_id or not person.holds_id
        if registered:
            sources.register.rows.append(register_row(rng, self._entry(person, plain=True)))
            if rng.random() < 0.015 and person.holds_id:
                sources.register.rows.append(register_row(rng, self._entry(person, plain=plain)))
        if surveyed:
            entry = self._entry(person, plain=plain)
            if without_id and person.holds_id:
                entry.id_number = ""
                sources.merged_without_id += 1
                self._without_id.add(person.key)
            sources.grid.rows.append(grid_row(rng, entry))
        if declared:
            sources.declared.rows.append(declared_row(rng, self._entry(person, plain=plain)))

    def _entry(self, person: Resident, *, plain: bool) -> Entry:
        rng = self._rng
        entry = Entry(
            person=person,
            name=person.name,
            id_number=untidy_id(rng, person.id_number) if person.holds_id else "",
            phone=person.phone,
            address=person.address,
            noted_on=self._start - timedelta(days=int(rng.random() ** 2 * 1500) + 1),
        )
        if not plain and rng.random() < 0.14:
            self._disagree(entry)
        return entry

    def _disagree(self, entry: Entry) -> None:
        """Another spelling, an earlier address or a second phone, as an older record would have it."""
        rng, person = self._rng, entry.person
        draw = rng.random()
        if draw < 0.25:
            entry.name = name_variant(rng, person.name)
        elif draw < 0.65:
            entry.address = f"深圳市罗湖区东门中路{int(rng.random() * 300) + 1}号{int(rng.random() * 20) + 1}楼"
            entry.noted_on -= timedelta(days=900)
        else:
            entry.phone = self.population.other_phones.setdefault(person.key, self._numbers.mobile())

    def _ties(self, adults: Sequence[Resident], scale: float) -> None:
        """Records without an ID number that fit two people, or nobody, and so must stay alone."""
        rng, sources = self._rng, self.population
        for person in rng.sample(list(adults), max(3, int(6 * scale))):
            twin_record = self._entry(person, plain=True)
            twin_record.id_number = self._numbers.id_number(OTHER_REGIONS, person.born_on, person.gender)
            first = self._entry(person, plain=True)
            unsure = self._entry(person, plain=True)
            unsure.id_number = ""
            sources.register.rows.extend((register_row(rng, first), register_row(rng, twin_record)))
            sources.grid.rows.append(grid_row(rng, unsure))
            sources.ties += 1
        for person in rng.sample(list(adults), max(5, int(40 * scale))):
            namesake = self._entry(person, plain=True)
            namesake.id_number, namesake.phone = "", self._numbers.mobile()
            sources.grid.rows.append(grid_row(rng, namesake))
            sources.alone_without_id += 1

    def _move_supplement(self, wanted: int) -> None:
        """The last weeks of the survey arrive as a workbook with its own column order."""
        order = [GRID_HEADER.index(column) for column in GRID_SUPPLEMENT_HEADER]
        moved = self.population.grid.rows[-wanted:]
        del self.population.grid.rows[-wanted:]
        self.population.supplement.rows = [[row[position] for position in order] for row in moved]

    def _spoil(self, source: Source, people: Sequence[Resident], scale: float) -> None:
        """Add rows that no reader can accept. They repeat young people, so that nobody's entitlement hangs on them."""
        rng = self._rng
        young = [person for person in rng.sample(list(people), min(len(people), 4000)) if person.born_on.year > 1972]
        writers = {id(REGISTER_HEADER): register_row, id(GRID_HEADER): grid_row, id(DECLARED_HEADER): declared_row}
        write = writers.get(id(source.header), _supplement_row)
        columns = source.header
        for fault, count in _FAULTS[source.file_name].items():
            for _ in range(max(2, int(count * scale))):
                person = rng.choice(young)
                entry = self._entry(person, plain=True)
                entry.id_number = person.id_number
                source.rows.append(_SPOIL[fault](write(rng, entry), columns))
                source.faults[fault] += 1


def _supplement_row(rng: Random, entry: Entry) -> Row:
    row = dict(zip(GRID_HEADER, grid_row(rng, entry), strict=True))
    return [row[column] for column in GRID_SUPPLEMENT_HEADER]


def _column(columns: Row, *names: str) -> int:
    return next(columns.index(name) for name in names if name in columns)


def _bad_check_digit(row: Row, columns: Row) -> Row:
    position = _column(columns, "公民身份号码", "证件号码", "id_no")
    row[position] = wrong_check_digit(row[position])
    return row


def _bad_date(row: Row, columns: Row) -> Row:
    row[_column(columns, "出生日期", "生日", "birth_date")] = "1983-02-30"
    row[_column(columns, "公民身份号码", "证件号码", "id_no")] = ""
    return row


def _cut_short(row: Row, columns: Row) -> Row:
    return row[: len(columns) // 2]


def _nameless(row: Row, columns: Row) -> Row:
    row[_column(columns, "姓名", "居民姓名", "full_name")] = ""
    return row


_SPOIL: dict[Fault, Callable[[Row, Row], Row]] = {
    Fault.CHECK_DIGIT: _bad_check_digit,
    Fault.IMPOSSIBLE_DATE: _bad_date,
    Fault.TOO_FEW_COLUMNS: _cut_short,
    Fault.EMPTY_NAME: _nameless,
}
_FAULTS: dict[str, dict[Fault, int]] = {
    "population_register.csv": {
        Fault.CHECK_DIGIT: 140,
        Fault.IMPOSSIBLE_DATE: 60,
        Fault.TOO_FEW_COLUMNS: 35,
        Fault.EMPTY_NAME: 25,
    },
    "grid_survey.csv": {
        Fault.CHECK_DIGIT: 220,
        Fault.IMPOSSIBLE_DATE: 90,
        Fault.TOO_FEW_COLUMNS: 50,
        Fault.EMPTY_NAME: 45,
    },
    "grid_survey_supplement.xlsx": {Fault.CHECK_DIGIT: 12, Fault.IMPOSSIBLE_DATE: 6, Fault.EMPTY_NAME: 5},
    "ishenzhen_declarations.parquet": {Fault.CHECK_DIGIT: 30, Fault.IMPOSSIBLE_DATE: 15, Fault.EMPTY_NAME: 8},
}
