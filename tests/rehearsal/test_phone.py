"""The phone to try, in a browser: from ring to goodbye at both widths, by keyboard, nothing fetched from elsewhere."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from rich.console import Console
from sqlalchemy import func, select

from models.contact import Contact
from models.match import Match
from models.vocabulary import Channel, ContactState, MatchState
from outreach_api.processes import free_port
from outreach_api.rehearsal.phone import Life, PhoneDemo, PhonePlan
from sandbox.phone.words import WORDS
from tests.bot.conftest import Bot
from tests.web.browsing import barriers, fits, listen

# One after the other: they are one newcomer's steps.
pytestmark = [pytest.mark.rasa, pytest.mark.browser, pytest.mark.xdist_group("phone")]
WAIT = 20_000
PICTURES = os.environ.get("PHONE_PICTURES")


class Living:
    """A house that goes on by itself, and the address of its phone."""

    def __init__(self, life: Life, port: int) -> None:
        self.life = life
        self.url = f"http://127.0.0.1:{port}/phone"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def _go_on(self) -> None:
        while not self._ended.wait(0.1):
            self.life.go_on()

    def end(self) -> None:
        self._ended.set()
        self._thread.join(20)


@pytest.fixture(scope="module")
def living(assistant: Bot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    home: Path = tmp_path_factory.mktemp("phone") / "home"
    plan = PhonePlan(free_port(), home, (str(assistant.client.base_url), assistant.secret))
    with PhoneDemo(plan, Console(file=io.StringIO())).opened() as life:
        made = Living(life, plan.port)
        yield made
        made.end()


def open_phone(browser: Browser, living: Living, complaints: list[str], width: int, lang: str) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 860}, bypass_csp=True).new_page()
    listen(page, complaints)
    elsewhere = urlsplit(living.url).netloc
    page.on("request", lambda asked: complaints.append(asked.url) if urlsplit(asked.url).netloc != elsewhere else None)
    page.goto(f"{living.url}?lang={lang}")
    return page


def look(page: Page, name: str) -> None:
    """It fits, nothing keeps anybody out; a picture of it, where pictures are wanted."""
    if PICTURES:
        page.screenshot(
            path=f"{PICTURES}/{name}-{page.viewport_size['width'] if page.viewport_size else 0}.png", full_page=True
        )
    assert fits(page)
    assert barriers(page) == []


def say(page: Page, words: str, until: str) -> None:
    page.fill("#said", words)
    page.keyboard.press("Enter")
    expect(page.locator("#lines li").last).to_contain_text(until, timeout=WAIT)


def calls_come_to(living: Living, state: ContactState, number: int) -> bool:
    """Whether so many calls are in this state, once the last receipt is in."""
    query = select(func.count()).where(Contact.channel == Channel.VOICE, Contact.state == state)
    until = time.monotonic() + WAIT / 1000
    while time.monotonic() < until:
        with living.life.house.sessions.read() as session:
            if session.scalar(query) == number:
                return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(("width", "lang"), [(390, "zh"), (1440, "en")])
def test_a_call_is_rung_answered_talked_through_and_ended(
    browser: Browser, living: Living, complaints: list[str], width: int, lang: str
) -> None:
    page = open_phone(browser, living, complaints, width, lang)
    expect(page.locator("h1")).to_have_text({"zh": "一部电话", "en": "A phone"}[lang])
    expect(page.locator("#bubbles")).to_contain_text("罗湖民政", timeout=WAIT)
    look(page, "texts")
    page.focus("#call-me")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_focused(timeout=WAIT)
    look(page, "ring")
    page.keyboard.press("Enter")
    expect(page.locator("#lines li").first).to_contain_text("姓什么", timeout=WAIT)
    expect(page.locator("#said")).to_be_focused()
    look(page, "opening")
    page.locator("#sayings button").first.click()
    expect(page.locator("#lines li").last).to_contain_text("体检", timeout=WAIT)
    if lang == "zh":
        # With two things open, 1 is the first of them.
        page.locator("#hang-up").focus()
        page.keyboard.press("1")
        expect(page.locator("#lines li").last).to_contain_text("高龄津贴", timeout=WAIT)
    look(page, "talk")
    say(page, "没有了，再见", "再见")
    expect(page.locator("#close")).to_be_focused(timeout=WAIT)
    look(page, "goodbye")
    page.keyboard.press("Enter")
    expect(page.locator("#bubbles")).to_be_visible()
    look(page, "after")
    page.close()
    assert complaints == []


def test_what_was_agreed_by_a_key_is_an_application_and_every_call_is_settled(living: Living) -> None:
    with living.life.house.sessions.read() as session:
        states = set(session.scalars(select(Match.state)))
    assert MatchState.APPLIED_BY_REPLY in states
    assert calls_come_to(living, ContactState.ANSWERED, 2)


def test_a_call_is_declined_and_a_text_is_answered(browser: Browser, living: Living, complaints: list[str]) -> None:
    page = open_phone(browser, living, complaints, 390, "zh")
    page.click("#call-me")
    page.click("#decline", timeout=WAIT)
    expect(page.locator("#bubbles")).to_be_visible(timeout=WAIT)
    page.fill("#text", "要带什么材料")
    page.keyboard.press("Enter")
    expect(page.locator("#bubbles li").last).to_contain_text("身份证", timeout=WAIT)
    page.close()
    assert calls_come_to(living, ContactState.BUSY, 1)
    assert complaints == []


def test_every_word_of_the_page_is_there_in_both_languages() -> None:
    zh, en = WORDS.values()
    assert zh.keys() == en.keys()
    assert all(zh.values())
    assert all(en.values())
