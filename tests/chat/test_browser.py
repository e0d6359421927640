"""The chat page in a browser: a phone's width and a desk's, a broken line, two tabs, large type, keyboard, axe."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pydantic import SecretStr

from models.column_types import key_ring
from models.conversation import Conversation, Inbound
from models.resident import Resident
from models.vocabulary import MatchState, Role
from outreach_api.clock import SystemClock
from outreach_api.conversations.takeover import take_over, tell_the_page, write_as_staff
from outreach_api.processes import free_port
from outreach_api.rehearsal.server import ServerThread
from outreach_api.settings import Settings
from outreach_api.signin.settings import RealNameSettings
from outreach_api.web.app import create_app
from sandbox.identity.door import build_app as identity_app
from sandbox.identity.provider import Client, Provider
from tests.builders import a_database, a_staff_member
from tests.chat.parlour import Parlour
from tests.conversations.street import ALLOWANCE, CHECK_UP, Neighbour, Street
from tests.signin.conftest import CHEN
from tests.web.conftest import FakeHouse, cards

pytestmark = pytest.mark.browser
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PICTURES = os.environ.get("CHAT_PICTURES")


@dataclass
class Open:
    """A running house whose worker answers, and where it is."""

    parlour: Parlour
    url: str
    people: int = 0

    @property
    def street(self) -> Street:
        return self.parlour.street

    def a_neighbour(self, *policies: str) -> Neighbour:
        self.people += 1
        return self.street.a_resident(*policies, number=f"+861380000{self.people:04d}")

    def link(self, who: Neighbour) -> str:
        return f"{self.url}/c/{self.parlour.a_link(who)}"

    def wait_for(self, who: Neighbour, state: MatchState) -> None:
        deadline = time.monotonic() + 30
        while self.street.state_of(who) is not state:
            assert time.monotonic() < deadline, self.street.state_of(who)
            time.sleep(0.05)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    folder = tmp_path_factory.mktemp("chat")
    sessions = a_database(f"sqlite:///{folder}/chat.db")
    street = Street(sessions, cards())
    port, provider_port = free_port(), free_port()
    url, issuer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{provider_port}"
    provider = Provider(
        issuer,
        {"chat": Client("chat", "a-secret", (f"{url}/real-name/callback",))},
        {"chen": {"name": "陈桂芳", "id_number": CHEN}},
    )
    real_name = RealNameSettings(_env_file=None, issuer=issuer, client_id="chat", client_secret=SecretStr("a-secret"))
    settings = Settings(_env_file=None, home=folder, public_url=url, real_name=real_name)
    identities = ServerThread(identity_app(provider), host="127.0.0.1", port=provider_port)
    with identities, Parlour(street, FakeHouse(sessions, settings, clock=street.clock)) as parlour:
        # The provider's tokens are of this very moment.
        parlour.app = create_app(parlour.house, wall_clock=SystemClock())
        stop = threading.Event()

        def work() -> None:
            while not stop.wait(0.05):
                street.answer()

        worker = threading.Thread(target=work)
        with ServerThread(parlour.app, host="127.0.0.1", port=port):
            worker.start()
            yield Open(parlour, settings.public_url)
            stop.set()
            worker.join()
    sessions.engine.dispose()


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    yield context
    context.close()


def say_who(page: Page, surname: str = "陈", month: str = "5") -> None:
    page.fill("#surname", surname)
    page.select_option("#month", month)
    page.click("#enter")


def write(page: Page, text: str) -> None:
    page.fill("#words", text)
    page.keyboard.press("Enter")


def newest(page: Page) -> Any:
    return page.locator(".line.us:not(.typing) .bubble").last


def breaches(page: Page) -> list[str]:
    """What axe-core finds, as rule and place."""
    page.add_script_tag(url="/static/vendor/axe-core/axe.min.js")
    found = page.evaluate("async () => (await axe.run()).violations.map(v => v.id + ' ' + v.nodes[0].target)")
    return list(found)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png")


@pytest.mark.parametrize("width", [360, 390, 1440])
def test_from_the_link_to_the_outcome(browser: Browser, house: Open, width: int) -> None:
    chen = house.a_neighbour(ALLOWANCE)
    complaints: list[str] = []
    asked: set[str] = set()
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    page.goto(house.link(chen))
    expect(page.locator("#surname")).to_be_focused()
    assert breaches(page) == []
    picture(page, f"{width}-identity")
    say_who(page)
    panel = page.locator(".panel").first
    expect(panel.locator("h2")).to_have_text(house.street.cards[ALLOWANCE].short_name)
    expect(panel.locator(".amount")).to_contain_text("83岁")
    page.click("#chips button:has-text('要带什么')")
    expect(page.locator(".line.me .bubble").last).to_contain_text("要带什么")
    expect(page.locator(".panel")).to_have_count(2)
    assert fits(page)
    assert breaches(page) == []
    picture(page, f"{width}-question")
    page.locator(".panel .main-button").last.click()
    expect(newest(page)).to_contain_text("已经帮您登记申请")
    for button in page.locator(".panel .main-button").all():
        expect(button).to_be_disabled()
    picture(page, f"{width}-outcome")
    house.wait_for(chen, MatchState.APPLIED_BY_REPLY)
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [1, 0]
    assert page.evaluate("localStorage.getItem('large')") == ""
    assert asked == {house.url.split("/")[2]}
    context.close()
    assert complaints == []


def test_written_while_the_line_is_broken_it_arrives_once(context: BrowserContext, house: Open) -> None:
    chen = house.a_neighbour(ALLOWANCE)
    page = context.new_page()
    page.goto(house.link(chen))
    say_who(page)
    expect(page.locator(".panel")).to_have_count(1)
    context.set_offline(True)
    write(page, "有多少钱")
    write(page, "要带什么")
    expect(page.locator("#notice")).to_contain_text("网络断了")
    expect(page.locator(".line.me .mark").first).to_have_text("连上以后会发出")
    picture(page, "390-offline")
    # Meanwhile something is said that the page must catch up with.
    house.street.post(chen.number, "去哪里办")
    context.set_offline(False)
    expect(page.locator(".panel")).to_have_count(3)
    expect(page.locator(".line.me .mark")).to_have_text(["短信"])
    said = [text.split("：", 1)[-1].strip() for text in page.locator(".line.me .bubble").all_inner_texts()]
    assert sorted(said) == sorted(["有多少钱", "要带什么", "去哪里办"])
    expect(page.locator("#typing")).to_be_hidden()
    mine = [each.text for each in house.street.all(Inbound) if each.sender == chen.number]
    assert sorted(mine) == sorted(["有多少钱", "要带什么", "去哪里办"])


def test_an_answer_lost_on_the_way_doubles_nothing(context: BrowserContext, house: Open) -> None:
    chen = house.a_neighbour(ALLOWANCE)
    page = context.new_page()
    page.goto(house.link(chen))
    say_who(page)
    expect(page.locator(".panel")).to_have_count(1)
    lost: list[int] = []

    def lose_the_first_two_answers(route: Any) -> None:
        answer = route.fetch()
        if len(lost) < 2:
            lost.append(answer.status)
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route("**/messages", lose_the_first_two_answers)
    write(page, "有多少钱")
    expect(page.locator(".panel")).to_have_count(2)
    page.wait_for_timeout(3500)
    expect(page.locator(".line.me")).to_have_count(1)
    expect(page.locator("#typing")).to_be_hidden()
    assert lost == [200, 200] or lost == [200]
    assert len([each for each in house.street.all(Inbound) if each.sender == chen.number]) == 1


def test_two_tabs_show_the_same_talk(context: BrowserContext, house: Open) -> None:
    link = house.link(house.a_neighbour(ALLOWANCE))
    first, second = context.new_page(), context.new_page()
    first.goto(link)
    say_who(first)
    expect(first.locator(".panel")).to_have_count(1)
    second.goto(link)
    expect(second.locator(".panel")).to_have_count(1)
    write(first, "有多少钱")
    for page in (first, second):
        expect(page.locator(".line.me .bubble")).to_have_count(1)
        expect(page.locator(".panel")).to_have_count(2)


def test_a_person_takes_over_and_is_seen_to(context: BrowserContext, house: Open) -> None:
    chen = house.a_neighbour(ALLOWANCE)
    page = context.new_page()
    page.goto(house.link(chen))
    say_who(page)
    page.click("#chips button:has-text('找人工')")
    expect(newest(page)).to_contain_text("工作人员")
    with house.street.sessions.write() as session:
        staff = a_staff_member(session, Role.AGENT)
        talk = session.query(Conversation).order_by(Conversation.id.desc()).first()
        assert talk is not None
        tell_the_page(session, talk, "chat_staff_here", now=house.street.clock.now())
        take_over(session, talk, staff.id)
        write_as_staff(session, talk, "我是小李，您说。", now=house.street.clock.now())
    expect(page.locator(".aside")).to_contain_text("工作人员来了")
    expect(page.locator(".line.staff .bubble")).to_contain_text("我是小李")
    write(page, "谢谢")
    expect(page.locator(".line.me .bubble").last).to_contain_text("谢谢")
    expect(page.locator("#typing")).to_be_hidden()
    picture(page, "390-staff")


def test_a_wrong_name_three_times_locks_the_link(context: BrowserContext, house: Open) -> None:
    page = context.new_page()
    page.goto(house.link(house.a_neighbour()))
    for _ in range(2):
        say_who(page, surname="李")
        expect(page.locator("#identity-error")).to_contain_text("没对上")
    say_who(page, surname="李")
    expect(page.locator("#identity-error")).to_contain_text("12345")
    expect(page.locator("#enter")).to_be_disabled()
    page.reload()
    expect(page.locator("#enter")).to_be_disabled()
    picture(page, "390-locked")


def test_the_resident_goes_to_the_provider_and_comes_back_known(context: BrowserContext, house: Open) -> None:
    chen = house.a_neighbour(ALLOWANCE)
    with house.street.sessions.write() as session:
        resident = session.get_one(Resident, chen.resident_id)
        resident.id_number_index = key_ring().blind_index(CHEN, kind="id_number")
    page = context.new_page()
    link = house.link(chen)
    page.goto(link)
    page.click(".second-button")
    page.click("button:has-text('不登录')")
    expect(page.locator("#identity-error")).to_contain_text("没有实名登录")
    assert page.url == link
    page.click(".second-button")
    page.click("button:has-text('陈桂芳')")
    expect(page.locator(".panel .amount")).to_contain_text("83岁")
    expect(page.locator("#who")).to_have_text("已实名核对")
    assert page.url == link
    assert breaches(page) == []
    picture(page, "390-real-name")


def test_an_expired_link_says_what_to_do(context: BrowserContext, house: Open) -> None:
    page = context.new_page()
    token = house.parlour.a_link(house.a_neighbour(), lasts=timedelta(0))
    page.goto(f"{house.url}/c/{token}")
    expect(page.locator("h2")).to_have_text("这个链接不能用了")
    assert breaches(page) == []


def test_a_foreign_link_says_what_to_do(context: BrowserContext, house: Open) -> None:
    page = context.new_page()
    page.goto(f"{house.url}/c/a-token-that-was-never-given")
    expect(page.locator("h2")).to_have_text("这个链接不能用了")
    assert breaches(page) == []


def test_family_is_named_as_such_and_has_no_button_to_apply(context: BrowserContext, house: Open) -> None:
    page = context.new_page()
    page.goto(house.link(house.a_neighbour(ALLOWANCE, CHECK_UP)))
    page.check("[value=family]")
    say_who(page)
    expect(page.locator("#who")).to_have_text("您是子女，帮老人问")
    expect(page.locator(".panel")).to_have_count(2)
    expect(page.locator(".panel .main-button")).to_have_count(0)
    picture(page, "390-family")


def test_in_large_type_everything_is_larger_and_still_fits(context: BrowserContext, house: Open) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(house.link(house.a_neighbour(ALLOWANCE)))
    say_who(page)
    size = "parseFloat(getComputedStyle(document.querySelector('.bubble')).fontSize)"
    before = page.evaluate(size)
    page.click("#larger")
    assert page.evaluate(size) > before * 1.3
    assert fits(page)
    assert breaches(page) == []
    picture(page, "360-large")
    page.reload()
    expect(page.locator("#larger")).to_have_attribute("aria-pressed", "true")


def test_by_keyboard_alone(context: BrowserContext, house: Open) -> None:
    chen = house.a_neighbour(ALLOWANCE)
    page = context.new_page()
    page.goto(house.link(chen))
    expect(page.locator("#surname")).to_be_focused()
    page.keyboard.type("陈")
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#words")).to_be_focused()
    expect(page.locator(".panel")).to_have_count(1)
    page.keyboard.type("有多少钱")
    page.keyboard.press("Enter")
    expect(page.locator(".panel")).to_have_count(2)
    apply = page.get_by_role("button", name="同意申请").last
    apply.focus()
    page.keyboard.press("Enter")
    expect(newest(page)).to_contain_text("已经帮您登记申请")
    house.wait_for(chen, MatchState.APPLIED_BY_REPLY)
    expect(page.get_by_role("log", name="对话")).to_be_visible()
    expect(page.get_by_role("textbox", name="写消息")).to_be_focused()
