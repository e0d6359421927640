"""Column types: an instant in UTC, and text or JSON encrypted at rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from models.crypto import KeyRing, KeyRingFault

_ring: KeyRing | None = None


def use_key_ring(ring: KeyRing) -> None:
    """Set the key ring that encrypted columns of this process use."""
    global _ring
    _ring = ring


def key_ring() -> KeyRing:
    """The key ring in use.

    Raises:
        KeyRingFault: `use_key_ring` was never called.
    """
    if _ring is None:
        raise KeyRingFault("no key ring is in use: the process must call use_key_ring before it opens the database")
    return _ring


class UtcInstant(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. A naive one is refused: it would be a wrong time somewhere."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a timezone")
        in_utc = value.astimezone(UTC)
        return in_utc if dialect.name != "sqlite" else in_utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Encrypted(TypeDecorator[str]):
    """Text sealed with the key ring; `context` is the column's name and is bound into the value."""

    impl = Text
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else key_ring().seal(value, context=self.context)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else key_ring().open(value, context=self.context)


class EncryptedJson(TypeDecorator[Any]):
    """A JSON value sealed with the key ring."""

    impl = Text
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return key_ring().seal(json.dumps(value, ensure_ascii=False, default=str), context=self.context)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(key_ring().open(value, context=self.context))


class BlindIndex(TypeDecorator[str]):
    """A keyed hash of a value that is stored encrypted beside it; equality look-up only."""

    impl = String(32)
    cache_ok = True
