"""Reports and surveys in a browser, on a phone and on a desk: everything fits, can be read, and leads somewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from models.report import CampaignForecast
from models.vocabulary import Role
from outreach_api.reports.definitions import FORECAST_MEASURES
from outreach_api.settings import Settings
from tests.builders import NOON, a_database, a_staff_member
from tests.web.browsing import listen, served, sign_in_as
from tests.web.conftest import PASSWORD_HASH, FakeHouse
from tests.web.test_surveys import a_survey_at_home

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("OUTREACH_SCREENSHOTS")
POLICY = "elderly-allowance"
DAYS = 28


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, busy_database: tuple[Path, int]) -> Iterator[tuple[str, int]]:
    """The address of a console with a day's work, a forecast and a survey at home, and the survey's case."""
    folder = tmp_path_factory.mktemp("reports")
    shutil.copy(busy_database[0], folder / "office.db")
    house = FakeHouse(a_database(f"sqlite:///{folder}/office.db"), Settings(_env_file=None, home=folder))
    with house.sessions.write() as session:
        a_staff_member(session, Role.SUPERVISOR, username="boss", password_hash=PASSWORD_HASH)
        bands = {name: [[day, 2.0 * day, 3.0 * day] for day in range(1, DAYS + 1)] for name in FORECAST_MEASURES}
        session.add(
            CampaignForecast(
                policy_id=POLICY,
                made_at=NOON - timedelta(days=40),
                made_by="terminal",
                starts_on=NOON.date() - timedelta(days=14),
                days=DAYS,
                seeds=100,
                matches=133,
                assumptions={"text_parts": 2, "yuan_per_part": 0.05},
                expected=bands,
            )
        )
    case_id = a_survey_at_home(house.sessions)
    with served(house) as url:
        yield url, case_id
    house.sessions.engine.dispose()


def test_every_chart_is_drawn_and_is_a_table_too(
    browser: Browser, office: tuple[str, int], complaints: list[str]
) -> None:
    url, case_id = office
    page = browser.new_page()
    listen(page, complaints)
    sign_in_as(page, url, "boss")
    drawn = 0
    for path in (f"/reports?policy={POLICY}", "/reports?kind=weekly", "/surveys", f"/cases/{case_id}/survey"):
        page.goto(url + path)
        charts = page.locator(".report-chart")
        assert page.locator(".report-chart canvas").count() == charts.count()
        for place in range(charts.count()):
            assert charts.nth(place).locator("xpath=..").locator("tbody tr").count() > 0
        drawn += charts.count()
    page.close()
    assert drawn > 0
    assert complaints == []


def test_a_figure_leads_to_its_definition_and_to_its_list(
    browser: Browser, office: tuple[str, int], complaints: list[str]
) -> None:
    url, _ = office
    page = browser.new_page()
    listen(page, complaints)
    sign_in_as(page, url, "boss")
    page.goto(f"{url}/reports?policy={POLICY}")
    page.get_by_role("link", name="已办成", exact=True).first.click()
    expect(page.locator("#def-done")).to_be_in_viewport()
    figure = page.locator(".report-figures > div", has=page.get_by_role("link", name="已办成", exact=True))
    said = figure.locator(".report-value").inner_text()
    figure.locator(".report-value a").click()
    expect(page.locator(".heading .quiet")).to_contain_text(f"{said} 行")
    page.close()
    assert complaints == []
