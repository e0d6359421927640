"""Bringing a database to the tables of this version. Run `python -m models.migrate MESSAGE` to write a new revision."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from models import report_views
from models.session import make_engine

SCRIPTS = Path(__file__).with_name("migrations")


# Any number of ours; it keeps processes that start together from migrating together.
MIGRATION_LOCK = 4_403_001


def upgrade(engine: Engine) -> None:
    """Run every revision the database has not seen, and renew the views for reports.

    Safe to call at every start, of several processes at once.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATION_LOCK})
        if not is_current(connection):
            report_views.drop_views(connection)
            command.upgrade(_config(connection), "head")
        report_views.renew_views(connection)


def stamp(engine: Engine) -> None:
    """Say that a database made otherwise has the tables of this version."""
    with engine.begin() as connection:
        command.stamp(_config(connection), "head")


def is_current(connection: Connection) -> bool:
    """Whether the database has seen every revision of this version."""
    seen = MigrationContext.configure(connection).get_current_heads()
    return set(seen) == set(ScriptDirectory(str(SCRIPTS)).get_heads())


def check(engine: Engine) -> None:
    """Raise when the tables in code and the revisions have drifted apart."""
    with engine.begin() as connection:
        command.check(_config(connection))


def write_revision(message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/blank.db")
        with engine.begin() as connection:
            config = _config(connection)
            command.upgrade(config, "head")
            command.revision(config, message=message, autogenerate=True)


def _config(connection: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


if __name__ == "__main__":
    write_revision(" ".join(sys.argv[1:]))
