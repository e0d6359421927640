"""Sealing old values with a new key, in small steps beside the running house."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from sqlalchemy import Column, ColumnElement, Table, Text, func, select, type_coerce, update
from sqlalchemy.orm import Session

from models.column_types import Encrypted, EncryptedJson
from models.crypto import KeyRing
from models.session import Sessions
from models.tables import metadata

BATCH = 500
KEY_ID_ENDS = "."

Progress = Callable[[str, int], None]


def sealed_columns() -> Iterator[tuple[Table, Column[str], str]]:
    """Every column whose values are sealed, with the context that is bound into them."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Encrypted | EncryptedJson):
                yield table, column, column.type.context


def keys_in_use(sessions: Sessions) -> Counter[str]:
    """How many values each key has sealed."""
    found: Counter[str] = Counter()
    with sessions.read() as session:
        for _, column, _ in sealed_columns():
            raw = type_coerce(column, Text)
            key_id = func.substr(raw, 1, _position(session, raw) - 1)
            query = select(key_id, func.count()).where(column.is_not(None)).group_by(key_id)
            found.update(dict(session.execute(query).all()))
    return found


def reseal(sessions: Sessions, ring: KeyRing, progress: Progress = lambda _column, _done: None) -> int:
    """Seal with the active key whatever another key has sealed; how many values.

    A value that somebody changes meanwhile is left alone: it is found again, until every value is the active key's.
    Stopped in the middle, it goes on where it was.
    """
    total = 0
    for table, column, context in sealed_columns():
        done = 0
        while changed := _reseal_some(sessions, ring, table, column, context):
            done += changed
            progress(f"{table.name}.{column.name}", done)
        total += done
    return total


def sealed_otherwise(sessions: Sessions, ring: KeyRing) -> dict[str, int]:
    """How many values of each column (`table.column`) another key than the active one has sealed."""
    with sessions.read() as session:
        counts = {
            f"{table.name}.{column.name}": session.scalar(
                select(func.count()).select_from(table).where(_of_others(column, ring))
            )
            for table, column, _ in sealed_columns()
        }
    return {name: count for name, count in counts.items() if count}


def reseal_part(sessions: Sessions, ring: KeyRing, name: str, limit: int = BATCH) -> int:
    """Reseal at most so many values of one column; several may do so at once, each takes others. How many it took."""
    table, column, context = next(one for one in sealed_columns() if f"{one[0].name}.{one[1].name}" == name)
    return _reseal_some(sessions, ring, table, column, context, limit)


def _reseal_some(
    sessions: Sessions, ring: KeyRing, table: Table, column: Column[str], context: str, limit: int = BATCH
) -> int:
    raw = type_coerce(column, Text)
    key = list(table.primary_key.columns)
    some = select(*key, raw.label("sealed")).where(_of_others(column, ring)).limit(limit)
    with sessions.write() as session:
        rows = session.execute(some.with_for_update(skip_locked=True)).all()
        for *values, sealed in rows:
            anew = ring.seal(ring.open(sealed, context=context), context=context)
            same_row = [part == value for part, value in zip(key, values, strict=True)]
            change = update(table).where(*same_row, raw == sealed).values({column.name: type_coerce(anew, Text)})
            session.execute(change)
        return len(rows)


def _of_others(column: Column[str], ring: KeyRing) -> ColumnElement[bool]:
    raw = type_coerce(column, Text)
    return column.is_not(None) & ~raw.startswith(ring.active + KEY_ID_ENDS, autoescape=True)


def _position(session: Session, raw: ColumnElement[str]) -> ColumnElement[int]:
    if session.get_bind().dialect.name == "postgresql":
        return func.strpos(raw, KEY_ID_ENDS)
    return func.instr(raw, KEY_ID_ENDS)
