"""Resident identity numbers (GB 11643): 18 digits with a check character, or the 15 digits of the first generation.

Region codes are only looked at for their shape. Lists of regions go out of date: libraries that carry one refuse people
from districts younger than the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from operator import mul

CHECK_CHARACTERS = "10X98765432"  # ISO 7064 MOD 11-2, by remainder
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FIRST_YEAR = 1850
# Provinces by GB/T 2260 (1x north … 6x north-west, 7x Taiwan, 8x Hong Kong, Macao and Taiwan residents), 9x foreigners.
FIRST_REGION_DIGITS = "123456789"

_ZEROES = ord("0") * sum(WEIGHTS)


class IdNumberFault(StrEnum):
    """Why a text is no identity number."""

    WRONG_LENGTH = "wrong_length"
    NOT_DIGITS = "not_digits"
    NO_REGION = "no_region"
    NO_SUCH_DATE = "no_such_date"
    BORN_IN_FUTURE = "born_in_future"
    WRONG_CHECK_CHARACTER = "wrong_check_character"


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A valid number in its 18-character form."""

    text: str
    born_on: date
    sex: str

    @property
    def region(self) -> str:
        return self.text[:6]


def check_character(first_17: str) -> str:
    """The character that ISO 7064 MOD 11-2 asks for after these 17 digits."""
    return CHECK_CHARACTERS[(sum(map(mul, WEIGHTS, first_17.encode())) - _ZEROES) % 11]


def upgrade(fifteen: str) -> str:
    """The 18-character form of a first-generation number; those were only given to people born in the 1900s."""
    first_17 = f"{fifteen[:6]}19{fifteen[6:]}"
    return first_17 + check_character(first_17)


def parse_id_number(text: str, *, today: date) -> IdNumber | IdNumberFault:
    """Read a number as typed with ASCII digits; a lower-case x is taken for X. Spaces are the caller's to remove."""
    number = text.upper()
    if len(number) == 15 and number.isascii() and number.isdecimal():
        number = upgrade(number)
    elif len(number) != 18:
        return IdNumberFault.WRONG_LENGTH
    if not (number.isascii() and number[:17].isdecimal() and (number[17].isdecimal() or number[17] == "X")):
        return IdNumberFault.NOT_DIGITS
    if number[0] not in FIRST_REGION_DIGITS:
        return IdNumberFault.NO_REGION
    try:
        born_on = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return IdNumberFault.NO_SUCH_DATE
    if born_on.year < FIRST_YEAR:
        return IdNumberFault.NO_SUCH_DATE
    if born_on > today:
        return IdNumberFault.BORN_IN_FUTURE
    if check_character(number[:17]) != number[17]:
        return IdNumberFault.WRONG_CHECK_CHARACTER
    return IdNumber(number, born_on, "male" if int(number[16]) % 2 else "female")
