"""A house with a chat page, and a street whose people are behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from outreach_api.settings import Settings
from tests.builders import a_database
from tests.chat.parlour import Parlour
from tests.conversations.street import Street
from tests.web.conftest import FakeHouse, cards


@pytest.fixture
def parlour(tmp_path: Path) -> Iterator[Parlour]:
    sessions = a_database(f"sqlite:///{tmp_path}/chat.db")
    street = Street(sessions, cards())
    settings = Settings(_env_file=None, home=tmp_path, public_url="http://testserver")
    with Parlour(street, FakeHouse(sessions, settings, clock=street.clock)) as parlour:
        yield parlour
    sessions.engine.dispose()
