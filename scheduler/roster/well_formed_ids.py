"""Identity numbers as most of a file has them: 18 characters without anything around them."""

from __future__ import annotations

from datetime import date
from operator import mul

from models.id_number import CHECK_CHARACTERS, WEIGHTS, IdNumber, parse_id_number

_REGION, _BIRTHDAY, _SERIAL = slice(0, 6), slice(6, 14), slice(14, 17)


class WellFormedIds:
    """Reads well-formed numbers by their parts, of which a file has few: each region, birthday and serial once.

    Whatever is not at once a valid number is not read here; `parse_id_number` says what is wrong with it.
    """

    def __init__(self, today: date) -> None:
        self._today = today
        self._regions = _Weighed(WEIGHTS[:6])
        self._serials = _Weighed(WEIGHTS[14:])
        self._birthdays = _Weighed(WEIGHTS[6:14])
        self._born: dict[str, date] = {}

    def read(self, text: str) -> IdNumber | None:
        born = self._born.get(text[_BIRTHDAY])
        if born is None or len(text) != 18 or not (text.isascii() and text[:17].isdecimal()):
            return self._first_of_its_day(text)
        weight = self._regions[text[_REGION]] + self._birthdays[text[_BIRTHDAY]] + self._serials[text[_SERIAL]]
        if CHECK_CHARACTERS[weight % 11] != text[17] or text[0] == "0":
            return None
        return IdNumber(text, born, "male" if text[16] in "13579" else "female")

    def _first_of_its_day(self, text: str) -> IdNumber | None:
        if len(text) != 18:
            return None
        read = parse_id_number(text, today=self._today)
        if not isinstance(read, IdNumber):
            return None
        self._born[text[_BIRTHDAY]] = read.born_on
        return read


class _Weighed(dict[str, int]):
    """Digits of one part → what they add to the weighted sum."""

    def __init__(self, weights: tuple[int, ...]) -> None:
        super().__init__()
        self._weights = weights

    def __missing__(self, digits: str) -> int:
        weight = self[digits] = sum(map(mul, self._weights, map(int, digits)))
        return weight
