"""A provider of identities on a loopback port, and what we are to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from models.id_number import check_character
from outreach_api.processes import free_port
from outreach_api.rehearsal.server import ServerThread
from outreach_api.signin.settings import RealNameSettings, StaffOidcSettings
from sandbox.identity.door import build_app
from sandbox.identity.provider import Client, Provider

OURS = "http://testserver"
CHEN, DAUGHTER = (first_17 + check_character(first_17) for first_17 in ("44030319510305002", "44030319780712002"))
SECRET = "a-client's secret"
PEOPLE = {
    "chen": {"name": "陈桂芳", "id_number": CHEN},
    "daughter": {"name": "陈小玲", "id_number": DAUGHTER},
    "li": {"name": "李敏", "preferred_username": "li.min"},
}
CLIENTS = {
    "residents": Client("residents", SECRET, (f"{OURS}/real-name/callback",)),
    "console": Client("console", SECRET, (f"{OURS}/sign-in/oidc/callback",)),
}


@dataclass
class Identities:
    """The provider, and a browser's way through its page."""

    provider: Provider
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False))

    def sign_in(self, address: str, who: str) -> str:
        """Open the page that we sent the browser to, and sign in; the path it comes back to."""
        page = self.http.get(address)
        assert page.status_code == 200, page.text
        (asked,) = re.findall(r'name="asked" value="([^"]+)"', page.text)
        answer = self.http.post(urlsplit(address)._replace(query="").geturl(), data={"asked": asked, "subject": who})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].removeprefix(OURS)

    def real_name(self, **values: Any) -> RealNameSettings:
        given = {"issuer": self.provider.issuer, "client_id": "residents", "client_secret": SECRET} | values
        return RealNameSettings(_env_file=None, **given)

    def staff(self) -> StaffOidcSettings:
        return StaffOidcSettings(_env_file=None, issuer=self.provider.issuer, client_id="console", client_secret=SECRET)


def asked_for(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.fixture(scope="session")
def running_provider() -> Iterator[Provider]:
    port = free_port()
    provider = Provider(f"http://127.0.0.1:{port}", CLIENTS, PEOPLE)
    with ServerThread(build_app(provider), host="127.0.0.1", port=port):
        yield provider


@pytest.fixture
def identities(running_provider: Provider) -> Iterator[Identities]:
    running_provider.changes = {}
    running_provider.claims_in_token = True
    found = Identities(running_provider)
    yield found
    found.http.close()
