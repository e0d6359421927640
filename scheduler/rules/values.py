"""Facts and rule values brought to the type their field has, so that a row, a card and a ledger entry compare alike."""

from __future__ import annotations

import math
from datetime import date, datetime

from scheduler.rules.fields import FIELDS, FieldType, Value


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
