"""What the database itself refuses: to change or remove an entry of the audit, whoever asks."""

from __future__ import annotations

from sqlalchemy import Connection, Table, event, inspect, text

from models.base import Base
from models.event import AuditEntry, AuditSeal

GUARDED = (AuditEntry.__tablename__, AuditSeal.__tablename__)
REFUSAL = "the audit is append-only"
_SQLITE = """
CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{refusal}'); END"""
_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{refusal}'; END $$"""
_POSTGRES = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"""
# One that was switched off is as good as none.
_POSTGRES_THERE = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%\\_append\\_only' AND tgenabled = 'O'"


def keep_append_only(connection: Connection) -> None:
    """Put the triggers there, unless they are; a migration that rebuilds a table loses them."""
    tables = [table for table in GUARDED if inspect(connection).has_table(table)]
    if connection.dialect.name == "sqlite":
        for table in tables:
            for verb in ("update", "delete"):
                connection.execute(text(_SQLITE.format(table=table, verb=verb, refusal=REFUSAL)))
    elif connection.scalar(text(_POSTGRES_THERE)) != len(tables):
        connection.execute(text(_POSTGRES_FUNCTION.format(refusal=REFUSAL)))
        for table in tables:
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"))
            connection.execute(text(_POSTGRES.format(table=table)))


def _made(_metadata: object, connection: Connection, tables: list[Table] | None = None, **_: object) -> None:
    if tables and any(table.name in GUARDED for table in tables):
        keep_append_only(connection)


event.listen(Base.metadata, "after_create", _made)
