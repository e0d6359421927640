"""A database that is in use is brought to the tables of this version with all its rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from models import migrate
from models.session import make_engine

pytestmark = pytest.mark.sqlite_file
FIRST, BEFORE_SURVEYS_AT_HOME = "6276cccb8ebe", "bbe9d023609a"

Use = Callable[[str], sa.Engine]


@pytest.fixture
def in_use(tmp_path: Path) -> Use:
    """A file of some version with a row in every table; each refers to all that it can refer to."""

    def make(revision: str) -> sa.Engine:
        engine = make_engine(f"sqlite:///{tmp_path}/used.db")
        with engine.begin() as connection:
            command.upgrade(migrate._config(connection), revision)
        tables = sa.MetaData()
        tables.reflect(engine)
        with migrate._tables_unbound(engine) as connection:
            for table in tables.tables.values():
                if table.name != migrate.VERSIONS:
                    row = {column.name: _value(column) for column in table.columns}
                    plain = sa.table(table.name, *map(sa.column, row))
                    connection.execute(sa.insert(plain).values(row))
        return engine

    return make


def _value(column: sa.Column[object]) -> object:
    match column.type:
        case sa.DateTime():
            return "2026-03-02 00:00:00"
        case sa.Date():
            return "2026-03-02"
        case sa.JSON():
            return "{}"
        case sa.String():
            return "x"
        case _:
            return 1


def counted(engine: sa.Engine) -> dict[str, int]:
    with engine.connect() as connection:
        names = [name for name in sa.inspect(connection).get_table_names() if name != migrate.VERSIONS]
        return {name: connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0 for name in names}


@pytest.mark.parametrize("revision", [FIRST, BEFORE_SURVEYS_AT_HOME])
def test_tables_that_others_refer_to_are_changed_with_their_rows(in_use: Use, revision: str) -> None:
    engine = in_use(revision)
    before = counted(engine)
    assert set(before.values()) == {1}
    migrate.upgrade(engine)
    assert counted(engine).items() >= before.items()
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM resident"))


def test_a_row_that_refers_to_nothing_stops_it(in_use: Use) -> None:
    engine = in_use(FIRST)
    with migrate._tables_unbound(engine) as connection:
        connection.execute(sa.text("DELETE FROM campaign"))
    with pytest.raises(RuntimeError, match="1 rows refer to nothing, first in contact"):
        migrate.upgrade(engine)
    with engine.connect() as connection:
        assert not migrate.is_current(connection)
