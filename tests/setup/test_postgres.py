from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text


@pytest.mark.postgres
def test_each_test_gets_an_empty_database_of_its_own(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE resident (id int)"))
        assert connection.execute(text("SHOW server_encoding")).scalar() == "UTF8"
    engine.dispose()


@pytest.mark.postgres
def test_nothing_of_another_test_is_left_in_it(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_tables WHERE tablename = 'resident'")).scalar() == 0
    engine.dispose()
