"""One application and one small database a module, and callers of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import delete

from models.api_request import CallerPace
from models.report_views import renew_views
from models.session import Sessions
from models.vocabulary import Role
from outreach_api.clock import VirtualClock
from outreach_api.settings import Settings
from outreach_api.web.app import create_app
from outreach_api.web.rate_limit import TOKEN_FAILURES, SharedLimit
from outreach_api.web.tokens import Scope
from tests.builders import NOON, a_database, a_staff_member, an_api_token
from tests.web.conftest import FakeHouse, TestClient

SYSTEM = "a system"


@dataclass
class Api:
    """The application, and who calls it."""

    client: TestClient
    house: FakeHouse
    wall_clock: VirtualClock
    people: dict[Role, int]

    @property
    def sessions(self) -> Sessions:
        return self.house.sessions

    def call(self, method: str, path: str, *, by: Role | str | None = Role.SUPERVISOR, **given: Any) -> Any:
        """As somebody of a role, as a system that acts for nobody, or without a token."""
        headers = dict(given.pop("headers", {}))
        if by is not None:
            headers["authorization"] = f"Bearer {by if isinstance(by, str) else by.value}"
        return self.client.request(method, f"/api/v1{path}", headers=headers, **given)

    def get(self, path: str, **given: Any) -> Any:
        return self.call("GET", path, **given)

    def post(self, path: str, body: Any = None, **given: Any) -> Any:
        return self.call("POST", path, json=body, **given)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    home = tmp_path_factory.mktemp("api")
    sessions = a_database(f"sqlite:///{home}/api.db")
    house = FakeHouse(sessions, Settings(_env_file=None, home=home, public_url="http://testserver"))
    people: dict[Role, int] = {}
    with sessions.engine.begin() as connection:
        renew_views(connection)
    with sessions.write() as session:
        # Number 1 is the one that a test of every route revokes.
        an_api_token(session, "spare", Scope.CASES)
        an_api_token(session, SYSTEM, *Scope)
        for role in Role:
            people[role] = a_staff_member(session, role).id
            an_api_token(session, role.value, *Scope, staff_id=people[role])
    wall_clock = VirtualClock(NOON)
    with TestClient(create_app(house, wall_clock=wall_clock)) as client:
        yield Api(client, house, wall_clock, people)
    sessions.engine.dispose()


def forget_failures(api: Api) -> None:
    """As if nobody had come with a wrong token in the last minute."""
    with api.sessions.write() as session:
        session.execute(delete(CallerPace))
    api.client.app.state.token_failures = SharedLimit(api.sessions, "token", *TOKEN_FAILURES)  # type: ignore[attr-defined]
