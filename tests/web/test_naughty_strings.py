"""Whatever is written, by whatever way: kept, no fault of ours, no stop missed, no consent made up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from httpx import Response
from pydantic import SecretStr
from sqlalchemy import select

from models.conversation import Conversation, Inbound
from models.vocabulary import InboundState, MatchState, Role
from outreach_api.channels.twilio_forms import MOST_BODY_BYTES
from outreach_api.settings import Settings
from outreach_api.web.app import create_app
from sandbox.carrier.signature import sign
from tests.builders import a_database, a_staff_member
from tests.chat.parlour import Browser, Parlour
from tests.conversations.street import Neighbour, Street
from tests.web.conftest import PASSWORD_HASH, FakeHouse, TestClient, cards, sign_in
from tests.wechat.account import Account, settings

PUBLIC, TOKEN = "http://testserver", "the-auth-token"
SCRIPT = "<script>alert(1)</script>"
NAUGHTY = (
    SCRIPT,
    "a\x00b\x07\x1b[31m",
    "\u202egnp.exe\u2066\u2069",
    "\u200b\u200d\ufeff\u00ad",
    "👩‍👩‍👧‍👦🏳️‍🌈👌",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "𠮷﷽ﷺ",
    "'; DROP TABLE inbound; --",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    '=HYPERLINK("http://x";"y")',
    "]]></Content><Content>",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "/restart",
    '/affirm{"a": 1}',
    "%s%n%00",
    "\r\nset-cookie: a=b",
    "\ufffe\ufdd0\U0010ffff",
    "-1e309",
    "null",
    "长" * 900,
)
MARKS = ("\x00", "\x1b", "\u200b", "\u200d", "\ufeff", "\u202e", "\u00ad", "\u3000", "️", "😡", "/", "=", "'", "\u0301")
STOPS = ("退订", "TD", "ＴＤ", "停止")
numbers = count(1)


@dataclass
class Town:
    """One house with all of its ways in, and people who write by them."""

    street: Street
    account: Account
    client: TestClient
    parlour: Parlour
    house: FakeHouse

    def somebody(self) -> Neighbour:
        number = next(numbers)
        return self.street.a_resident(number=f"+86136{number:08d}", name=f"陈{number}")

    def text(self, who: Neighbour, words: str, **fields: str) -> Response:
        form = {"MessageSid": f"SM{next(numbers)}", "From": who.number, "To": "+10690", "Body": words} | fields
        path = "/webhooks/twilio/inbound"
        headers = {
            "X-Twilio-Signature": sign(TOKEN, PUBLIC + path, form),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer: Response = self.client.post(path, content=urlencode(form), headers=headers)
        return answer

    def by_texts(self) -> tuple[Neighbour, Callable[[str], Any]]:
        who = self.somebody()
        return who, lambda words: self.text(who, words)

    def by_wechat(self) -> tuple[Neighbour, Callable[[str], Any]]:
        who, openid = self.somebody(), f"o{next(numbers):027d}"
        self.account.bound(who, openid)
        return who, lambda words: self.account.call(self.account.xml(openid, text=words))

    def by_the_page(self) -> tuple[Neighbour, Callable[[str], Any]]:
        who = self.somebody()
        browser: Browser = self.parlour.a_page(who)
        return who, browser.post

    def heard(self) -> list[str]:
        return [inbound.text for inbound in self.street.all(Inbound)]

    def answer_all(self) -> None:
        while self.street.answer().inbound_ids:
            pass


WAYS = ("by_texts", "by_wechat", "by_the_page")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    home = tmp_path_factory.mktemp("naughty")
    sessions = a_database(f"sqlite:///{home}/town.db")
    street = Street(sessions, cards())
    chosen = Settings(
        _env_file=None, home=home, public_url=PUBLIC, twilio_auth_token=SecretStr(TOKEN), wechat=settings()
    )
    house = FakeHouse(sessions, chosen, clock=street.clock)
    app = create_app(house, wall_clock=street.clock)
    with TestClient(app, follow_redirects=False) as client, Parlour(street, house) as parlour:
        yield Town(street, Account(street, house, client), client, parlour, house)
    sessions.engine.dispose()


@pytest.mark.parametrize("way", WAYS)
def test_what_was_taken_is_kept_and_answered_and_nobody_has_agreed(town: Town, way: str) -> None:
    who, write = getattr(town, way)()
    for words in NAUGHTY:
        before = len(town.heard())
        answer = write(words)
        assert answer.status_code < 500, (words, answer.text[:300])
        kept = town.heard()[before:]
        assert len(kept) == (answer.status_code == 200), words
        assert SCRIPT not in answer.text
    town.answer_all()
    assert {inbound.state for inbound in town.street.all(Inbound)} == {InboundState.DONE}
    assert town.street.consents == []
    assert town.street.state_of(who) is MatchState.IN_OUTREACH


@pytest.mark.parametrize("way", WAYS)
def test_a_stop_is_heard_whatever_is_around_it(town: Town, way: str) -> None:
    for mark, stop in zip(MARKS, STOPS * len(MARKS), strict=False):
        who, write = getattr(town, way)()
        answer = write(f"{mark}{stop}{mark}")
        assert answer.status_code == 200, (mark, stop)
        town.answer_all()
        assert town.street.state_of(who) is MatchState.OPTED_OUT, (mark, stop)


def test_what_is_too_long_is_refused_before_it_is_read(town: Town) -> None:
    who = town.somebody()
    assert town.text(who, "长" * MOST_BODY_BYTES).status_code == 413
    assert town.account.call("x" * 1_000_000).status_code < 500
    browser = town.parlour.a_page(who)
    assert browser.post("长" * 1_000_000).status_code in {413, 422}


@pytest.mark.parametrize("words", NAUGHTY, ids=range(len(NAUGHTY)))
def test_no_field_of_a_webhook_brings_a_fault_of_ours(town: Town, words: str) -> None:
    who = town.somebody()
    for field in ("MessageSid", "From", "To", "NumMedia"):
        assert town.text(who, "你好", **{field: words}).status_code < 500
    path = "/webhooks/twilio/status?contact=1"
    form = {"MessageSid": words, "MessageStatus": words, "ErrorCode": words, "To": words}
    headers = {"X-Twilio-Signature": sign(TOKEN, PUBLIC + path, form)}
    assert town.client.post(path, data=form, headers=headers).status_code < 500


def test_a_colleague_sees_it_as_text(town: Town) -> None:
    who, write = town.by_texts()
    for words in NAUGHTY:
        write(words)
    town.answer_all()
    with town.street.sessions.write() as session:
        staff = a_staff_member(session, Role.SUPERVISOR, password_hash=PASSWORD_HASH)
        talk = session.scalars(select(Conversation.id).where(Conversation.resident_id == who.resident_id)).first()
    assert sign_in(town.client, staff) == 303
    page = town.client.get(f"/conversations/{talk}")
    assert page.status_code == 200
    assert SCRIPT not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
