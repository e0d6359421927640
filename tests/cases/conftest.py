from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from models.session import Sessions
from tests.builders import a_database


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    sessions = a_database(f"sqlite:///{tmp_path}/cases.db")
    yield sessions
    sessions.engine.dispose()


@pytest.fixture
def session(sessions: Sessions) -> Iterator[Session]:
    with sessions.write() as session:
        yield session
