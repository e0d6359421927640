"""An agent works the queue by keyboard alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from models.case import Case
from models.match import Match
from models.staff import Staff
from models.vocabulary import CaseKind, CaseState, MatchState, Role
from outreach_api.care.find import find_care
from outreach_api.care.report import note_worry
from outreach_api.cases.appeals import About, take_appeal
from outreach_api.settings import Settings
from outreach_api.stalls.stall_days import StallPlan, plan_stall
from tests.builders import NOON, a_database, a_match, a_resident, a_staff_member
from tests.web.browsing import barriers, fits, listen, served, sign_in_as
from tests.web.conftest import PASSWORD_HASH, FakeHouse

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("OUTREACH_SCREENSHOTS")


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, busy_database: tuple[Path, int]
) -> Iterator[tuple[FakeHouse, str]]:
    folder = tmp_path_factory.mktemp("queue")
    shutil.copy(busy_database[0], folder / "office.db")
    house = FakeHouse(a_database(f"sqlite:///{folder}/office.db"), Settings(_env_file=None, home=folder))
    with house.sessions.write() as session:
        for text, department in (("楼下路灯坏了", "街道城管"), ("半夜施工吵", "街道城管"), ("井盖松了", None)):
            take_appeal(session, text, About(department=department, street="东门街道"), by="staff:1", now=NOON)
        note_worry(session, "隔壁老伯好几天没见出门", reported_by=None, message_id=None, now=NOON)
        plan = StallPlan(NOON.date() + timedelta(days=2), "上午9点到11点半", "翠景花园", "东门街道", estates=("翠景",))
        plan_stall(session, plan, by="staff:1", today=NOON.date(), now=NOON)
        a_staff_member(session, Role.AGENT, username="agent", password_hash=PASSWORD_HASH, display_name="何晓敏")
        a_staff_member(session, Role.SUPERVISOR, username="boss", password_hash=PASSWORD_HASH)
    find_care(house.sessions, {}, today=NOON.date(), now=NOON)
    with served(house) as url:
        yield house, url
    house.sessions.engine.dispose()


def test_an_agent_works_the_queue_by_keyboard_alone(
    browser: Browser, office: tuple[FakeHouse, str], complaints: list[str]
) -> None:
    house, url = office
    page = browser.new_page()
    listen(page, complaints)
    sign_in_as(page, url, "agent")
    page.goto(f"{url}/cases?kind=human")
    keys = page.keyboard
    keys.press("j")
    keys.press("j")
    keys.press("k")
    expect(page.locator(".cases tbody th a").first).to_be_focused()
    keys.press("Enter")
    expect(page.locator("h1")).to_contain_text("转人工")
    keys.press("n")
    expect(page.locator(".mark.state-accepted")).to_have_text("办理中")
    case_id = int(page.url.rpartition("/")[2])
    keys.press("w")
    keys.type("已经打电话说明了")
    keys.press("Escape")
    keys.press("1")
    expect(page.locator("h1")).to_contain_text(f"#{case_id}")
    expect(page.locator(".timeline li").first).to_contain_text("办结")
    keys.press("l")
    expect(page.locator("h1")).to_have_text("工单")
    page.close()
    assert complaints == []
    with house.sessions.read() as session:
        case = session.get_one(Case, case_id)
        agent = session.scalars(select(Staff.id).where(Staff.username == "agent")).one()
        assert (case.state, case.staff_id) == (CaseState.RESOLVED, agent)
        assert [change.note for change in case.changes][-1] == "已经打电话说明了"


def test_a_supervisor_gives_several_cases_to_a_colleague(
    browser: Browser, office: tuple[FakeHouse, str], complaints: list[str]
) -> None:
    _, url = office
    page = browser.new_page()
    listen(page, complaints)
    sign_in_as(page, url, "boss")
    page.goto(f"{url}/cases?kind=policy_question")
    before = page.locator(".pick").count()
    for place in range(2):
        page.locator(".pick").nth(place).check()
    page.locator("#assign-staff").select_option(index=0)
    page.fill("#assign-why", "林姐请假")
    page.click(".assign button")
    expect(page.locator(".good-notice")).to_contain_text("2")
    assert before >= 2
    page.goto(f"{url}/cases/board")
    expect(page.locator(".lane")).to_have_count(len(CaseKind))
    page.close()
    assert complaints == []


def test_the_desk_closes_a_walk_in(browser: Browser, office: tuple[FakeHouse, str], complaints: list[str]) -> None:
    house, url = office
    with house.sessions.write() as session:
        match = a_match(session, a_resident(session, name="梁惠芳", birth_date=date(1948, 11, 2)))
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    listen(page, complaints)
    sign_in_as(page, url, "agent")
    page.goto(f"{url}/desk")
    assert barriers(page) == []
    page.fill("#name", "梁惠芳")
    page.fill("#born", "1948-11")
    page.keyboard.press("Enter")
    expect(page.locator(".at-desk h2")).to_contain_text("梁*")
    assert fits(page)
    assert barriers(page) == []
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / "desk-390.png", full_page=True)
    page.click(".at-desk-item button")
    expect(page.locator(".notice")).to_contain_text("大厅办成")
    context.close()
    assert complaints == []
    with house.sessions.read() as session:
        assert session.get_one(Match, match.id).state is MatchState.APPLIED_AT_HALL
