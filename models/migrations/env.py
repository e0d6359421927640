"""Alembic's entry: migrates over the connection it is given, or autogenerates against the tables."""

from __future__ import annotations

from alembic import context

from models.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
