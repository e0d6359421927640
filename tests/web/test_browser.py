"""The console as a browser sees it: both widths, both languages, both themes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from models.event import Event
from models.vocabulary import EventKind, MatchState, Role
from outreach_api.settings import Settings
from tests.builders import NOON, a_database, a_match, a_staff_member
from tests.web.browsing import served
from tests.web.conftest import PASSWORD, PASSWORD_HASH, FakeHouse

pytestmark = pytest.mark.browser


class Office:
    """A running console with a day's work in it."""

    def __init__(self, house: FakeHouse, case_id: int, url: str) -> None:
        self.house, self.case_id, self.url = house, case_id, url


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, busy_database: tuple[Path, int]) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    path, case_id = busy_database
    shutil.copy(path, folder / "office.db")
    house = FakeHouse(a_database(f"sqlite:///{folder}/office.db"), Settings(_env_file=None, home=folder))
    with house.sessions.write() as session:
        a_staff_member(session, Role.SUPERVISOR, username="boss", password_hash=PASSWORD_HASH)
    with served(house) as url:
        yield Office(house, case_id, url)
    house.sessions.engine.dispose()


def sign_in(page: Page, office: Office, complaints: list[str], *, locale: str = "zh", theme: str = "light") -> None:
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.goto(f"{office.url}/display?locale={locale}&theme={theme}&back=/sign-in")
    page.fill("#username", "boss")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text({"zh": "总览", "en": "Overview"}[locale])


def test_the_overview_moves_without_reload(browser: Browser, office: Office, complaints: list[str]) -> None:
    page = browser.new_page()
    sign_in(page, office, complaints)
    expect(page.locator("#live-state")).to_have_text("实时更新")
    total = page.locator(".figure .big").first
    before = int(total.inner_text())
    with office.house.sessions.write() as session:
        a_match(session, state=MatchState.NEW)
        session.add(Event(at=NOON, kind=EventKind.MATCHES_FOUND, facts={"policy": "elderly-allowance"}))
    expect(total).to_have_text(str(before + 1))
    page.close()
    assert complaints == []


def test_a_filter_replaces_the_list_and_is_in_the_address(
    browser: Browser, office: Office, complaints: list[str]
) -> None:
    page = browser.new_page()
    sign_in(page, office, complaints)
    page.goto(f"{office.url}/cases")
    page.select_option("#f-kind", "complaint")
    expect(page).to_have_url(f"{office.url}/cases?kind=complaint")
    expect(page.locator(".case-kind").first).to_have_text("投诉")
    page.close()
    assert complaints == []


def test_the_first_case_is_reached_by_keyboard_alone(browser: Browser, office: Office, complaints: list[str]) -> None:
    page = browser.new_page()
    sign_in(page, office, complaints)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    for _ in range(40):
        page.keyboard.press("Tab")
        focused: dict[str, Any] = page.evaluate("({href: document.activeElement.getAttribute('href') || ''})")
        if focused["href"] == "/cases":
            break
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("工单")
    page.close()


def test_it_works_without_scripts(browser: Browser, office: Office) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{office.url}/sign-in")
    page.fill("#username", "boss")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.goto(f"{office.url}/cases")
    page.select_option("#f-kind", "complaint")
    page.click(".filters button")
    assert "kind=complaint" in page.url
    page.click("tbody a >> nth=0")
    assert page.locator(".timeline li").count() >= 1
    context.close()
