"""Small cells: what who may not see the people counted is shown of a count.

A count below ten could be a neighbour and is withheld; any other is shown in whole tens, rounded down. Tens are what
keeps two figures from giving away a third: each of them may be nine greater than it is shown, so no difference between
a whole and its parts, between two pages or files, or between yesterday and today says of fewer than ten people how
many they are. A share is worked out from what is shown and says no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

SMALLEST_SHOWN = 10


def is_small(count: object) -> bool:
    return isinstance(count, int | float) and not isinstance(count, bool) and 0 < count < SMALLEST_SHOWN


def in_tens(count: float | None) -> int | None:
    """The count as it leaves: none, nothing to be shown, or whole tens."""
    if count is None or is_small(count):
        return None
    return int(count // SMALLEST_SHOWN) * SMALLEST_SHOWN


def all_in_tens(counts: Any) -> Any:
    """The same with every count in tens, however deep it lies in mappings, sequences and values of counts."""
    if isinstance(counts, bool) or counts is None:
        return counts
    if isinstance(counts, int | float):
        return in_tens(counts)
    if isinstance(counts, Mapping):
        return {key: all_in_tens(count) for key, count in counts.items()}
    if isinstance(counts, tuple | list):
        return type(counts)(all_in_tens(count) for count in counts)
    if is_dataclass(counts) and not isinstance(counts, type):
        return replace(counts, **{field.name: all_in_tens(getattr(counts, field.name)) for field in fields(counts)})
    return counts
