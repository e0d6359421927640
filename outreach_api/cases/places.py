"""Where a door is: the building an address begins with, and how far it is from somewhere else."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

EARTH_METRES = 6_371_000


@dataclass(frozen=True)
class Point:
    lat: float
    lon: float


@dataclass(frozen=True)
class Door:
    """As much as is known of where somebody lives."""

    point: Point | None
    community: str | None
    street: str | None


def metres(one: Point, other: Point) -> float:
    """As the crow flies (haversine); on one street the curve of a path is the greater error."""
    lat_one, lat_other = math.radians(one.lat), math.radians(other.lat)
    across = math.radians(other.lon - one.lon)
    chord = (
        math.sin((lat_other - lat_one) / 2) ** 2 + math.cos(lat_one) * math.cos(lat_other) * math.sin(across / 2) ** 2
    )
    return 2 * EARTH_METRES * math.asin(math.sqrt(chord))


class Located(Protocol):
    """A building, or a row of its three columns."""

    @property
    def address(self) -> str: ...
    @property
    def lat(self) -> float: ...
    @property
    def lon(self) -> float: ...


class AddressBook:
    """The address register in memory: where the building stands that an address lies in."""

    def __init__(self, buildings: Iterable[Located]) -> None:
        self._by_address = {_plain_of_building(one.address): one for one in buildings}
        self._lengths = sorted({len(address) for address in self._by_address}, reverse=True)

    def point(self, address: str | None) -> Point | None:
        """Of the building whose address is the longest beginning of this one; what follows it is the door."""
        written = plain(address or "")
        for length in self._lengths:
            found = self._by_address.get(written[:length]) if length <= len(written) else None
            # 1号 is no beginning of 12号: what goes on with a digit after a digit is another number.
            if found is not None and not (written[length - 1].isdigit() and written[length : length + 1].isdigit()):
                return Point(found.lat, found.lon)
        return None


def plain(address: str) -> str:
    """Without spaces, and with the digits of one width: as two offices write one address."""
    return "".join(address.split()).translate(_DIGITS)


@lru_cache(maxsize=100_000)
def _plain_of_building(address: str) -> str:
    """Kept: the same register is read for every case, and a building's address is nobody's."""
    return plain(address)


_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
