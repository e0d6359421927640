"""Residents sign in by their real name: who they are is proved, and the link still leads to one resident only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.chat import ChatVisit
from models.column_types import key_ring
from models.resident import Resident
from outreach_api.clock import SystemClock
from outreach_api.settings import Settings
from outreach_api.web.app import create_app
from tests.builders import a_database
from tests.chat.parlour import Browser, Parlour
from tests.conversations.street import Neighbour, Street
from tests.signin.conftest import CHEN, OURS, Identities, asked_for
from tests.web.conftest import FakeHouse, cards


@pytest.fixture
def parlour(tmp_path: Path, identities: Identities) -> Iterator[Parlour]:
    sessions = a_database(f"sqlite:///{tmp_path}/chat.db")
    street = Street(sessions, cards())
    settings = Settings(_env_file=None, home=tmp_path, public_url=OURS, real_name=identities.real_name())
    with Parlour(street, FakeHouse(sessions, settings, clock=street.clock)) as parlour:
        # The provider's tokens are of this very moment.
        parlour.app = create_app(parlour.house, wall_clock=SystemClock())
        yield parlour
    sessions.engine.dispose()


def a_neighbour(parlour: Parlour) -> Neighbour:
    chen = parlour.street.a_resident()
    with parlour.street.sessions.write() as session:
        index = key_ring().blind_index(CHEN, kind="id_number")
        session.get_one(Resident, chen.resident_id).id_number_index = index
    return chen


def go_round(browser: Browser, identities: Identities, who: str) -> str:
    """To the provider and back; where the page then is."""
    away = browser.client.get(f"/c/{browser.token}/real-name")
    assert away.status_code == 303
    assert browser.token not in away.headers["location"]
    answer = browser.client.get(identities.sign_in(away.headers["location"], who))
    assert answer.status_code == 303
    return str(answer.headers["location"])


def is_in(browser: Browser) -> bool:
    return bool(browser.client.get(f"/c/{browser.token}/state").json()["open"])


def test_the_resident_is_let_in_and_is_known(parlour: Parlour, identities: Identities) -> None:
    browser = parlour.a_browser(parlour.a_link(a_neighbour(parlour)))
    page = browser.client.get(f"/c/{browser.token}").text
    assert "实名登录" in page
    assert go_round(browser, identities, "chen") == f"/c/{browser.token}"
    assert is_in(browser)
    assert browser.standing()["real_name"]
    assert "83岁" in str(browser.lines()[-1]["shown"]["panels"])
    assert "元" in browser.answers("有多少钱")


def test_somebody_else_is_not_let_in_and_costs_the_link_no_try(parlour: Parlour, identities: Identities) -> None:
    browser = parlour.a_browser(parlour.a_link(a_neighbour(parlour)))
    for _ in range(4):
        assert go_round(browser, identities, "daughter").endswith("?said=another")
    assert not is_in(browser)
    assert browser.say_who().status_code == 200


def test_a_link_locked_by_guesses_opens_to_the_resident(parlour: Parlour, identities: Identities) -> None:
    browser = parlour.a_browser(parlour.a_link(a_neighbour(parlour)))
    for _ in range(3):
        browser.say_who(surname="李")
    assert browser.say_who().json() == {"denied": "locked"}
    go_round(browser, identities, "chen")
    assert is_in(browser)


def test_who_does_not_sign_in_is_back_at_the_page(parlour: Parlour, identities: Identities) -> None:
    browser = parlour.a_browser(parlour.a_link(a_neighbour(parlour)))
    assert go_round(browser, identities, "").endswith("?said=cancelled")
    assert not is_in(browser)


def test_a_round_of_another_browser_ends_nowhere(parlour: Parlour, identities: Identities) -> None:
    token = parlour.a_link(a_neighbour(parlour))
    browser, foreign = parlour.a_browser(token), parlour.a_browser(token)
    away = browser.client.get(f"/c/{token}/real-name").headers["location"]
    back = identities.sign_in(away, "chen")
    assert foreign.client.get(back).status_code == 400
    assert browser.client.get(back.replace(asked_for(back)["state"], "x")).status_code == 400
    assert parlour.street.all(ChatVisit) == []


def test_a_link_that_leads_nowhere_leads_to_no_provider(parlour: Parlour) -> None:
    browser = parlour.a_browser("no-such-token")
    assert browser.client.get("/c/no-such-token/real-name").status_code == 404


def test_the_cookie_of_the_round_is_for_no_script_and_no_other_path(parlour: Parlour) -> None:
    browser = parlour.a_browser(parlour.a_link(a_neighbour(parlour)))
    cookie = browser.client.get(f"/c/{browser.token}/real-name").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/real-name/callback"} <= set(cookie.split("; "))
    assert browser.token not in cookie
