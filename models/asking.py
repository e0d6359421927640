"""Putting a query that is kept: where one is asked at every text, to put it together takes longer than to answer it.

Such a query is a function under `functools.cache` with bound parameters in it; `ids()` is one for a collection.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVarTuple, overload

from sqlalchemy import BindParameter, CompoundSelect, CursorResult, Executable, Select, bindparam
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TypedReturnsRows

Types = TypeVarTuple("Types")
AnyColumns: TypeAlias = "Select[*tuple[Any, ...]]"
AnyUnion: TypeAlias = "CompoundSelect[*tuple[Any, ...]]"


@overload
def ask(session: Session, query: TypedReturnsRows[*Types], **given: Any) -> CursorResult[*Types]: ...
@overload
def ask(session: Session, query: Executable, **given: Any) -> CursorResult[*tuple[Any, ...]]: ...
def ask(session: Session, query: Executable, **given: Any) -> CursorResult[*tuple[Any, ...]]:
    """The rows of a query for columns; what the session has pending is written first, as the ORM would."""
    session.flush()
    return session.connection().execute(query, given)


def ids(name: str) -> BindParameter[Any]:
    """A parameter that stands for any number of values, for `column.in_(…)`."""
    return bindparam(name, expanding=True)


def locks_rows(session: Session) -> bool:
    """Whether rows can be locked; on SQLite an immediate transaction holds the whole database as it is."""
    return session.get_bind().dialect.name != "sqlite"
