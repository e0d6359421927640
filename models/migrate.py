"""Bringing a database to the tables of this version. Run `python -m models.migrate MESSAGE` to write a new revision."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from models import report_views
from models.audit_guard import keep_append_only
from models.session import make_engine

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).with_name("migrations")
VERSIONS = "alembic_version"
LINE = re.compile(r"^(revision|down_revision)\b[^=\n]*=(.*)$", re.MULTILINE)
NAME = re.compile(r"\w{12}")


# Any number of ours; it keeps processes that start together from migrating together.
MIGRATION_LOCK = 4_403_001


def upgrade(engine: Engine) -> None:
    """Run every revision the database has not seen, and renew the views for reports.

    Safe to call at every start, of several processes at once.
    """
    with _tables_unbound(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATION_LOCK})
        if not is_current(connection):
            from alembic import command

            report_views.drop_views(connection)
            command.upgrade(_config(connection), "head")
            _check_references(connection)
        report_views.renew_views(connection)
        keep_append_only(connection)


@contextmanager
def _tables_unbound(engine: Engine) -> Iterator[Connection]:
    """A transaction in which SQLite lets a table that others refer to be put in the place of its old self.

    Its batch operations drop the old one, which foreign keys forbid as soon as there are rows. They can be switched off
    only outside of a transaction.
    """
    with engine.connect() as connection:
        driver = connection.connection.driver_connection if connection.dialect.name == "sqlite" else None
        if driver is not None:
            driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
        finally:
            if driver is not None:
                driver.execute("PRAGMA foreign_keys=ON")


def _check_references(connection: Connection) -> None:
    """Refuse a migration that left a row referring to nothing; it is rolled back."""
    if connection.dialect.name == "sqlite":
        lost = connection.execute(text("PRAGMA foreign_key_check")).all()
        if lost:
            raise RuntimeError(f"after the migration {len(lost)} rows refer to nothing, first in {lost[0][0]}")


def stamp(engine: Engine) -> None:
    """Say that a database made otherwise has the tables of this version."""
    from alembic import command

    with engine.begin() as connection:
        command.stamp(_config(connection), "head")


def is_current(connection: Connection) -> bool:
    """Whether the database has seen every revision of this version.

    Looked up without Alembic: every command asks, and hardly any has to migrate.
    """
    if not inspect(connection).has_table(VERSIONS):
        return False
    return set(connection.scalars(text(f"SELECT version_num FROM {VERSIONS}"))) == newest_revisions()  # noqa: S608


def newest_revisions() -> set[str]:
    """The revisions that no other one builds on; there is one, unless two were written side by side."""
    named: dict[str, set[str]] = {"revision": set(), "down_revision": set()}
    for path in (SCRIPTS / "versions").glob("*.py"):
        for which, names in LINE.findall(path.read_text("utf-8")):
            named[which].update(NAME.findall(names))
    return named["revision"] - named["down_revision"]


def check(engine: Engine) -> None:
    """Raise when the tables in code and the revisions have drifted apart."""
    from alembic import command

    with engine.begin() as connection:
        command.check(_config(connection))


def write_revision(message: str) -> None:
    from alembic import command

    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/blank.db")
        with engine.begin() as connection:
            config = _config(connection)
            command.upgrade(config, "head")
            command.revision(config, message=message, autogenerate=True)


def _config(connection: object) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


if __name__ == "__main__":
    write_revision(" ".join(sys.argv[1:]))
