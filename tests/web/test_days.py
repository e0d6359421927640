"""A day at the console, role by role, in a browser: what somebody does, the next one finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from models.vocabulary import Role
from tests.web.browsing import listen
from tests.web.full_office import POLICY, Office, a_full_office
from tests.web.test_no_barriers import opened

pytestmark = pytest.mark.browser
PURPOSE = "居民来电，核对号码"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, busy_database: tuple[Path, int]) -> Iterator[Office]:
    with a_full_office(tmp_path_factory.mktemp("days"), busy_database) as office:
        yield office


def test_an_auditor_reads_what_a_supervisor_revealed_and_why(
    browser: Browser, office: Office, complaints: list[str]
) -> None:
    boss = opened(browser, office, Role.SUPERVISOR, "zh", "light", 1440)
    auditor = opened(browser, office, Role.AUDITOR, "zh", "light", 1440)
    for page in (boss, auditor):
        listen(page, complaints)
    resident = f"/residents/{office.parts['resident_id']}"
    boss.goto(office.url + resident)
    boss.click("text=查看完整 >> nth=0")
    boss.check("input[name=detail][value=phone]")
    boss.fill("#purpose", PURPOSE)
    boss.click("button:has-text('查看完整')")
    expect(boss.locator(".revealed")).to_contain_text("+86")
    number = boss.locator(".revealed").inner_text().split("+86")[1].strip()
    auditor.goto(office.url)
    auditor.click("nav >> text=审计记录")
    auditor.fill("#f-action", "reveal.phone")
    auditor.fill("#f-subject", resident.strip("/").replace("residents/", "resident:"))
    auditor.keyboard.press("Enter")
    entry = auditor.locator("tbody tr", has_text="reveal.phone").first
    expect(entry).to_contain_text(PURPOSE)
    expect(entry).to_contain_text("何晓敏")
    assert number not in auditor.content()
    auditor.goto(office.url + resident)
    expect(auditor.locator("h1")).to_contain_text("陈*")
    # An auditor reads, and neither reveals nor changes anything.
    assert auditor.locator("main form").count() == 0
    for page in (boss, auditor):
        page.context.close()
    assert complaints == []


def test_an_analyst_follows_a_figure_and_looks_no_further(
    browser: Browser, office: Office, complaints: list[str]
) -> None:
    page = opened(browser, office, Role.ANALYST, "en", "dark", 1440)
    listen(page, complaints)
    page.goto(office.url)
    page.click("nav >> text=Reports")
    page.goto(f"{office.url}/reports?policy={POLICY}")
    expect(page.locator(".report-chart canvas").first).to_be_visible()
    done = page.locator(".report-figures > div", has=page.get_by_role("link", name="Done", exact=True))
    assert int(done.locator(".report-value").inner_text()) > 0
    # Whose the figures are is for others: no list leads from them.
    assert done.locator(".report-value a").count() == 0
    page.click("nav >> text=Campaigns")
    page.click("main tbody a >> nth=0")
    expect(page.locator("#progress-title")).to_be_visible()
    assert page.locator("main form").count() == 0
    page.click("nav >> text=Needs")
    expect(page.locator("h1")).to_have_text("Needs")
    for address in ("/residents", f"/cases/{office.parts['case_id']}", "/reports/list", "/audit"):
        answer = page.goto(office.url + address)
        assert answer is not None
        assert answer.status == 403
    page.context.close()
    assert [said for said in complaints if "403" not in said] == []
