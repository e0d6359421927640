"""Facts and rule values brought to the type their field has, so that a row, a card and a ledger entry compare alike."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from scheduler.rules.fields import FIELDS, Field, FieldType, Value


def typed(field: str, value: object) -> Value | None:
    """The value as its field's type; `None` when it is absent or cannot be one (which is unknown, never no)."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    match FIELDS[field].type:
        case FieldType.BOOL:
            return value if isinstance(value, bool) else None
        case FieldType.DATE:
            return _as_date(value)
        case FieldType.CODE:
            return value if isinstance(value, str) else None
        case _:
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Membership:
    """Which codes are surely among those a rule asks for, and which may be: `elsewhere`, where `guangdong` is asked."""

    sure: frozenset[Value]
    unsure: frozenset[Value]


def membership(field: str, wanted: Iterable[Value]) -> Membership:
    """Read the codes of a rule as the sets they stand for, so that a coarse one holds all its finer ones."""
    entry = FIELDS[field]
    asked = frozenset(wanted)
    finest = frozenset().union(*(_meaning(entry, code) for code in asked))
    known = asked | frozenset(entry.codes) if entry.coarse else asked
    sure = frozenset(code for code in known if _meaning(entry, code) <= finest)
    return Membership(sure, frozenset(code for code in known - sure if _meaning(entry, code) & finest))


def _meaning(entry: Field, code: Value) -> frozenset[Value]:
    return entry.coarse.get(code, frozenset({code})) if isinstance(code, str) else frozenset({code})


def fits(field: str, value: object) -> bool:
    """Whether a card may compare this field with this value: of its type, and one of its codes where it has any."""
    entry = FIELDS[field]
    if entry.type is FieldType.INT and not isinstance(value, int):
        return False
    if typed(field, value) is None:
        return False
    return not entry.codes or value in entry.codes


def _as_date(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
