from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from outreach_api.settings import Settings
from outreach_api.web.app import create_app
from tests.builders import a_database
from tests.conversations.street import Street
from tests.web.conftest import FakeHouse, TestClient, cards
from tests.wechat.account import AES_KEY, Account, settings


@pytest.fixture
def account(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Account]:
    """In plain mode, unless the test asks for `sealing`."""
    sealed = "sealing" in request.fixturenames
    sessions = a_database(f"sqlite:///{tmp_path}/wechat.db")
    street = Street(sessions, cards())
    wechat = settings(aes_key=AES_KEY) if sealed else settings()
    house = FakeHouse(sessions, Settings(_env_file=None, home=tmp_path, wechat=wechat), clock=street.clock)
    with TestClient(create_app(house, wall_clock=street.clock)) as client:
        yield Account(street, house, client)
    sessions.engine.dispose()


@pytest.fixture
def sealing() -> None:
    """Asked for by a test whose account has an EncodingAESKey."""
