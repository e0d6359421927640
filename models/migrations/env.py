"""Alembic's entry: migrates over the connection it is given, or autogenerates against the tables."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from models.tables import metadata


def as_plain_type(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Revisions name plain database types: they must still run when a column type in code has changed."""
    if kind != "type":
        return False
    if isinstance(item, sa.types.TypeDecorator):
        item = item.impl_instance
    if isinstance(item, sa.Enum):
        return f"sa.String(length={item.length})"
    if isinstance(item, sa.DateTime):
        return f"sa.DateTime(timezone={item.timezone})"
    if isinstance(item, sa.Text):
        return "sa.Text()"
    if isinstance(item, sa.String):
        return f"sa.String(length={item.length})"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=as_plain_type,
)
with context.begin_transaction():
    context.run_migrations()
