"""Many rows in one statement, past the ORM's bookkeeping: where thousands are written a minute, that is most of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import Insert, Table, Update, bindparam, insert, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from models.base import Base

KEY = "_id"
Row = Mapping[str, Any]


def insert_rows(session: Session, noun: type[Base], rows: Sequence[Row]) -> None:
    """Insert rows that all have the same columns; objects of the session do not hear of it."""
    if rows:
        session.flush()
        session.connection().execute(_insertion(noun), rows)


def insert_with_ids(session: Session, noun: type[Base], rows: Sequence[Row]) -> Sequence[int]:
    """Insert rows that all have the same columns; their ids, in the order of the rows."""
    session.flush()
    return session.connection().execute(_insertion_with_ids(noun), rows).scalars().all()


def change_rows(session: Session, noun: type[Base], rows: Sequence[Row]) -> None:
    """Change rows by their `id`; all have the same columns, and objects of the session do not hear of it."""
    if not rows:
        return
    keyed = [{KEY if name == "id" else name: value for name, value in row.items()} for row in rows]
    session.flush()
    session.connection().execute(_change(noun, tuple(name for name in rows[0] if name != "id")), keyed)


@cache
def _insertion(noun: type[Base]) -> Insert:
    return insert(_table(noun))


@cache
def _insertion_with_ids(noun: type[Base]) -> ReturningInsert[int]:
    table = _table(noun)
    return insert(table).returning(table.c.id, sort_by_parameter_order=True)


@cache
def _change(noun: type[Base], columns: tuple[str, ...]) -> Update:
    table = _table(noun)
    return update(table).where(table.c.id == bindparam(KEY)).values({name: bindparam(name) for name in columns})


def _table(noun: type[Base]) -> Table:
    return cast("Table", noun.__table__)
