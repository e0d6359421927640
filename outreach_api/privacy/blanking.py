"""Taking the words out of stored rows and leaving the rows: what was personal goes, what is counted stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Text, func, null, or_, type_coerce, update
from sqlalchemy.orm import Session

from models.column_types import Encrypted, EncryptedJson, key_ring
from models.tables import metadata

# What each table says of a person in words, numbers or values that nobody counts.
WORDS: Mapping[str, tuple[str, ...]] = {
    "resident": ("name", "id_number", "id_number_index", "birth_date", "address", "life_stage", "focus_groups"),
    "enterprise": ("clerk",),
    "mandate": ("holder",),
    "match_ledger": ("row", "trace"),
    "contact": ("variables", "text"),
    "conversation": ("state",),
    "message": ("text", "shown", "reading"),
    "inbound": ("sender", "text"),
    "call": ("number", "state"),
    "call_word": ("text",),
    "talk_mark": ("note",),
    "case": ("summary",),
    "case_change": ("note",),
    "care_entry": ("words", "note"),
    "appeal": ("location",),
    "visit": ("note",),
    "survey_answer": ("text",),
    "consent": ("text",),
}
EMPTY_TEXT = 40
"""What an empty text is sealed: nonce and tag in base64, two signs of padding at its end."""


def blank(session: Session, name: str, where: ColumnElement[bool]) -> int:
    """Empty the words of these rows of a table; how many rows."""
    table = metadata.tables[name]
    values = {column: _empty(table.c[column]) for column in WORDS[name]}
    return session.execute(update(table).where(where).values(values)).rowcount  # type: ignore[attr-defined,no-any-return]


def says_something(name: str) -> ColumnElement[bool]:
    """Whether a row has words left; only of tables whose words are sealed or may be absent."""
    columns = [metadata.tables[name].c[column] for column in WORDS[name]]
    return or_(*(_is_left(column) for column in columns))


def _is_left(column: Column[Any]) -> ColumnElement[bool]:
    if not isinstance(column.type, Encrypted | EncryptedJson):
        return column.is_not(None)
    raw = type_coerce(column, Text)
    longer = func.length(raw) > EMPTY_TEXT + len(key_ring().active) + 1
    if isinstance(column.type, EncryptedJson):
        return column.is_not(None) & longer
    return column.is_not(None) & (longer | raw.not_like("%=="))


def _empty(column: Column[Any]) -> Any:
    if column.nullable:
        # In a column of JSON, None would be stored as a value.
        return null()
    return "" if isinstance(column.type, Encrypted) else {} if isinstance(column.type, EncryptedJson) else []
