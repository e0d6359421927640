"""A street of a few people, imported from files as a department would send them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from models.session import Sessions
from scheduler.matching.population import Population
from scheduler.policies.card import PolicyCard
from scheduler.policies.load import load_cards
from scheduler.roster.feed import recognise
from scheduler.roster.import_population import import_population
from tests.builders import a_database, a_key_ring

AS_OF = date(2026, 3, 2)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
HEADER = "姓名,身份证号,性别,户籍,街道,社区,现住址,联系电话,来深日期"


def id_number(born: date, serial: int) -> str:
    """A number of nobody, with its right check character (ISO 7064 MOD 11-2)."""
    body = f"440303{born:%Y%m%d}{serial:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


@dataclass(frozen=True)
class Person:
    name: str
    born: date
    serial: int
    hukou: str = "深户"
    phone: str = ""

    @property
    def number(self) -> str:
        return id_number(self.born, self.serial)

    def row(self) -> str:
        phone = self.phone or f"138000{self.serial:05d}"
        return f"{self.name},{self.number},女,{self.hukou},东门街道,湖贝社区,湖贝路1号,{phone},2001-01-01"


MEI = Person("林美珍", date(1950, 5, 4), 1)
"""75, of Shenzhen: should receive the allowance."""
FANG = Person("黄桂芳", date(1943, 1, 9), 2)
YOUNG = Person("陈小明", date(1990, 2, 2), 3)
ELSEWHERE = Person("赵大山", date(1948, 7, 1), 4, hukou="非深户")
UNCLEAR = Person("周玉兰", date(1949, 3, 3), 5, hukou="")


class Street:
    """Writes and imports the files; each import is a new state of the world."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._imports = 0

    def population(
        self, people: Iterable[Person], *, enrolled: Iterable[Person] = (), as_of: date = AS_OF
    ) -> Population:
        self._imports += 1
        files = self._folder / f"files{self._imports}"
        files.mkdir()
        self._write(files / "全员人口.csv", [HEADER, *(person.row() for person in people)])
        listed = [f"{person.name},{person.number},2020-01" for person in enrolled]
        self._write(files / "enrolled_elderly-allowance.csv", ["领取人姓名,身份证号,起发年月", *listed])
        out = self._folder / f"population{self._imports}"
        import_population(recognise(sorted(files.iterdir())), out, a_key_ring(), today=as_of)
        return Population(out, as_of=as_of)

    def _write(self, path: Path, lines: list[str]) -> None:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def street(tmp_path: Path) -> Street:
    return Street(tmp_path)


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return a_database(f"sqlite:///{tmp_path}/matching.db")


@pytest.fixture(scope="session")
def allowance() -> PolicyCard:
    return load_cards(Path(__file__).parents[2] / "policies")["elderly-allowance"]


@pytest.fixture
def cards(allowance: PolicyCard) -> dict[str, PolicyCard]:
    return {allowance.id: allowance}


def later(person: Person, **changes: object) -> Person:
    return replace(person, **changes)  # type: ignore[arg-type]
