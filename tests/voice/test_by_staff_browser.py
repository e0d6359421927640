"""A supervisor's call, from the console: they see it go on, take it over, speak in it and hand it back."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect

from models.vocabulary import Role
from outreach_api.voice.settings import Transport
from outreach_api.web.access import SESSION_COOKIE
from outreach_api.web.auth import sign_in_vouched
from sandbox.carrier.listening import Act, HangUp, Say, Waiting
from sandbox.carrier.switchboard import Answer
from tests.builders import a_staff_member
from tests.voice.lab import ME, Lab
from tests.web.browsing import listen

pytestmark = [pytest.mark.browser, pytest.mark.rasa, pytest.mark.xdist_group("rasa")]
PATIENCE_SECONDS = 60.0
WORDS = "我是街道的小何，这个事我来跟您说。"
QUESTION = "要带什么证件"


@dataclass
class OnThePhone:
    """Somebody who says who they are, waits for a person's words, asks, and asks again when told to."""

    heard: list[str] = field(default_factory=list)
    known: threading.Event = field(default_factory=threading.Event)
    """They have said who they are."""
    spoken_to: threading.Event = field(default_factory=threading.Event)
    handed_back: threading.Event = field(default_factory=threading.Event)
    began: float = field(default_factory=time.monotonic)
    questions: int = 0

    def hear(self, said: str) -> Act:
        if said:
            self.heard.append(said)
        if len(self.heard) == 1 and not self.known.is_set():
            self.known.set()
            return Say(ME)
        if WORDS not in self.all:
            return self._wait()
        self.spoken_to.set()
        if self.questions == 0:
            # To the person: the assistant keeps quiet.
            self.questions = 1
            return Say(QUESTION)
        if not self.handed_back.is_set():
            return self._wait()
        if self.questions == 1:
            self.questions = 2
            return Say(QUESTION)
        return HangUp()

    @property
    def all(self) -> str:
        return "".join(self.heard)

    def _wait(self) -> Act:
        if time.monotonic() - self.began > PATIENCE_SECONDS:
            return HangUp()
        time.sleep(0.02)
        return Waiting()


def test_a_supervisor_speaks_in_a_call_from_the_console(browser: Browser, lab: Lab, complaints: list[str]) -> None:
    lab.use(Transport.RELAY)
    lab.into_contact_hours()
    resident_id, number, matches = lab.a_resident()
    with lab.house.sessions.write() as session:
        boss = a_staff_member(session, Role.SUPERVISOR, display_name="何晓敏").username
    lab.plan_call(resident_id, number, matches)
    other_end = OnThePhone()
    lab.answers[number] = Answer(answered_by="human", listener=other_end)
    call = threading.Thread(target=lab.settle)
    call.start()
    assert other_end.known.wait(PATIENCE_SECONDS)
    url = lab.house.settings.public_url
    token = sign_in_vouched(lab.house.sessions, boss, now=datetime.now(UTC))
    page = browser.new_page()
    page.context.add_cookies(
        [{"name": name, "value": value, "url": url} for name, value in ((SESSION_COOKIE, token), ("locale", "zh"))]
    )
    listen(page, complaints)
    page.goto(f"{url}/conversations?among=on_the_phone")
    page.locator(".talk a").first.click()
    expect(page.locator(".transcript")).to_contain_text("五月生")
    page.locator("button:has-text('接手')").first.click()
    expect(page.locator("main")).to_contain_text("您接手了")
    page.fill("#words", WORDS)
    page.click("button:has-text('发送')")
    expect(page.locator(".line.by-staff").last).to_contain_text(WORDS)
    assert other_end.spoken_to.wait(PATIENCE_SECONDS)
    expect(page.locator(".transcript")).to_contain_text(QUESTION)
    page.click("text=交还给助手")
    expect(page.locator("main")).to_contain_text("现在由助手回答")
    other_end.handed_back.set()
    call.join(PATIENCE_SECONDS)
    expect(page.locator(".transcript")).to_contain_text("颐年卡")
    page.close()
    assert other_end.questions == 2
    before, after = other_end.all.split(WORDS, 1)
    assert "颐年卡" not in before
    assert "颐年卡" in after
    assert complaints == []
