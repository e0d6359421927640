"""Numbers of people and firms: identity numbers, credit codes and mobile numbers, issued to nobody we know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import mul
from random import Random

from sandbox.street.names import Gender

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"

SHENZHEN_REGIONS = ("440303",) * 8 + tuple(str(region) for region in (*range(440304, 440312), 440301))
OTHER_REGIONS = [
    "441402",
    "441424",
    "441502",
    "441581",
    "440513",
    "440582",
    "445281",
    "445202",
    "441621",
    "441322",
    "440882",
    "440923",
    "430121",
    "430421",
    "430522",
    "430723",
    "431022",
    "420116",
    "420821",
    "421083",
    "421181",
    "360121",
    "360731",
    "362201",
    "510107",
    "510921",
    "511322",
    "500101",
    "450103",
    "450881",
    "411503",
    "410725",
    "340621",
    "350583",
    "230103",
    "610113",
]
_MOBILE_PREFIXES = [
    "134",
    "135",
    "136",
    "137",
    "138",
    "139",
    "147",
    "150",
    "151",
    "152",
    "157",
    "158",
    "159",
    "178",
    "182",
    "183",
    "187",
    "188",
    "130",
    "131",
    "132",
    "155",
    "156",
    "166",
    "176",
    "185",
    "186",
    "133",
    "153",
    "177",
    "180",
    "181",
    "189",
    "199",
]


def check_digit(first17: str) -> str:
    return _CHECK[sum(map(mul, _WEIGHTS, map(int, first17))) % 11]


def wrong_check_digit(id_number: str) -> str:
    """The same number with a last character that cannot be right."""
    other = "3" if id_number[-1] != "3" else "7"
    return id_number[:-1] + other


def credit_code(first17: str) -> str:
    """A unified social credit code (GB 32100) with its check character."""
    values = [_CREDIT.index(character) * pow(3, place, 31) for place, character in enumerate(first17)]
    return first17 + _CREDIT[-sum(values) % 31]


def wrong_check_character(code: str) -> str:
    return code[:-1] + ("3" if code[-1] != "3" else "7")


def fifteen_digits(id_number: str) -> str:
    """The first-generation form, which only people born in the 1900s can hold."""
    if id_number[6:8] != "19":
        raise ValueError("only a birth year 19xx has a 15-digit form")
    return id_number[:6] + id_number[8:17]


class NumberRegistry:
    """Hands out identity and phone numbers, each once."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._ids: set[str] = set()
        self._phones: set[str] = set()

    def id_number(self, regions: Sequence[str], born_on: date, gender: Gender) -> str:
        while True:
            sequence = int(self._rng.random() * 499) * 2 + (1 if gender == "男" else 2)
            first17 = f"{self._rng.choice(regions)}{born_on.year}{born_on.month:02}{born_on.day:02}{sequence:03}"
            if first17 not in self._ids:
                self._ids.add(first17)
                return first17 + check_digit(first17)

    def mobile(self) -> str:
        while True:
            phone = f"{self._rng.choice(_MOBILE_PREFIXES)}{int(self._rng.random() * 10**8):08}"
            if phone not in self._phones:
                self._phones.add(phone)
                return phone

    def landline(self) -> str:
        while True:
            phone = f"0755{int(22_000_000 + self._rng.random() * 3_900_000)}"
            if phone not in self._phones:
                self._phones.add(phone)
                return phone
