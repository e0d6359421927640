"""A visitor goes offline, records three visits, and comes back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from models.case import Team, Visit
from models.vocabulary import DayPart, MatchState, Role
from outreach_api.cases.appointments import appoint
from outreach_api.cases.routing import Slot
from outreach_api.settings import Settings
from tests.builders import NOON, a_case, a_database, a_match, a_resident, a_staff_member, a_team
from tests.web.browsing import barriers, fits, listen, served, sign_in_as
from tests.web.conftest import PASSWORD_HASH, FakeHouse

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("OUTREACH_SCREENSHOTS")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[FakeHouse]:
    """Three doors expect the team today; behind the first two benefits wait."""
    house = FakeHouse(a_database(f"sqlite:///{tmp_path}/visits.db"), Settings(_env_file=None, home=tmp_path))
    with house.sessions.write() as session:
        team: Team = a_team(session, "T01")
        a_staff_member(session, Role.TEAM_MEMBER, username="visitor", password_hash=PASSWORD_HASH, team_id=team.id)
        for name in ("陈秀兰", "黄志强", "李桂英"):
            resident = a_resident(session, name=name, focus_groups=["独居"])
            case = a_case(session, a_match(session, resident, state=MatchState.IN_QUEUE))
            if name == "陈秀兰":
                a_match(session, resident, policy_id="elderly-health-check")
            appoint(session, case, team.id, Slot(NOON.date(), DayPart.MORNING), by="system", now=NOON)
    yield house
    house.sessions.engine.dispose()


def test_three_visits_without_a_net_are_brought_home_once(
    browser: Browser, house: FakeHouse, complaints: list[str]
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    with served(house) as url:
        port = int(url.rpartition(":")[2])
        listen(page, complaints)
        sign_in_as(page, url, "visitor")
        page.goto(f"{url}/visits/day")
        expect(page.locator(".door")).to_have_count(3)
        page.evaluate("navigator.serviceWorker.ready")
        page.reload()
        expect(page.locator(".door")).to_have_count(3)
        assert fits(page)
        assert barriers(page) == []
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / "visits-online.png", full_page=True)
    assert complaints == []

    # The server is gone, as in a stairwell: the page opens from what the phone kept.
    page.reload()
    first, second, third = (page.locator(".door").nth(number) for number in range(3))
    expect(page.locator("#net-state")).to_contain_text("没有网络")
    first.locator("summary").click()
    first.locator('input[id^="born"]').fill("195103")
    expect(first.locator(".identity")).to_have_text("出生年月对得上")
    first.locator('[data-outcome="applied"]').click()
    expect(first.locator('[role="alert"]')).to_contain_text("同意")
    first.locator('input[name="consent"]').check()
    first.locator("textarea").fill("材料齐全")
    first.locator('[data-outcome="applied"]').click()
    expect(first.locator(".recorded")).to_be_visible()
    second.locator('[data-outcome="not_home"]').click()
    third.locator('[data-outcome="declined"]').click()
    expect(page.locator("#sync-state")).to_contain_text("4")
    page.reload()
    expect(page.locator(".recorded")).to_have_count(3)
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / "visits-offline.png", full_page=True)
    assert "陈" not in page.evaluate(READ_STORE)

    with served(house, port=port):
        page.click("#sync-now")
        expect(page.locator("#sync-state")).to_have_text("都已同步")
        expect(page.locator(".recorded")).to_have_count(3)
        page.click("#sync-now")
        page.locator(".account summary").click()
        page.locator('form[action="/sign-out"] button').click()
        expect(page.locator("h1")).to_have_text("登录")
        assert page.evaluate(KEPT_NAMES) == []
    context.close()
    with house.sessions.read() as session:
        visits = session.scalars(select(Visit).order_by(Visit.id)).all()
        outcomes = [(visit.policy_id, visit.outcome.value, visit.consented_at is not None) for visit in visits]
    assert outcomes == [
        ("elderly-allowance", "applied", True),
        ("elderly-health-check", "applied", True),
        ("elderly-allowance", "not_home", False),
        ("elderly-allowance", "declined", False),
    ]


IN_STORE = """async (ask) => {
  const database = await new Promise((done) => {
    const asked = indexedDB.open("visits", 1);
    asked.onsuccess = () => done(asked.result);
  });
  return new Promise((done) => {
    const asked = database.transaction("kept").objectStore("kept")[ask]();
    asked.onsuccess = () => done(asked.result);
  });
}"""
KEPT_NAMES = f"async () => ({IN_STORE})('getAllKeys')"
READ_STORE = f"""async () => (await ({IN_STORE})('getAll'))
  .map((kept) => kept.data ? new TextDecoder().decode(kept.data) : String(kept)).join()"""
