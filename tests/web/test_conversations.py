"""Supervisors watch conversations, take them over, judge them, and find them by what was said."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from models.conversation import Conversation
from models.event import Event
from models.vocabulary import Author, ConversationOutcome, EventKind, Role
from outreach_api.conversations.takeover import write_as_staff
from outreach_api.conversations.words_said import find_by_words, remember_words
from outreach_api.settings import Settings
from tests.builders import NOON, a_conversation, a_database, a_resident, a_staff_member
from tests.web.browsing import listen, served, sign_in_as
from tests.web.conftest import PASSWORD_HASH, FakeHouse, TestClient, form_token

PICTURES = os.environ.get("OUTREACH_SCREENSHOTS")
SignedIn = Callable[[Role], TestClient]


def a_talk(house: FakeHouse, text: str, *, name: str = "陈秀兰", **values: object) -> int:
    with house.sessions.write() as session:
        talk = a_conversation(session, a_resident(session, name=name), (Author.RESIDENT, text), **values)
        remember_words(session, talk.id, text)
        return talk.id


def test_the_words_find_what_was_said_and_never_what_is_masked(house: FakeHouse) -> None:
    first = a_talk(house, "老人证要不要带，我电话13812345678")
    second = a_talk(house, "我叫陈秀兰，老人 证在家")
    a_talk(house, "不用了谢谢")
    with house.sessions.read() as session:
        assert find_by_words(session, "老人证", limit=9).conversation_ids == [second, first]
        assert find_by_words(session, "老人证要", limit=9).conversation_ids == [first]
        for masked in ("陈秀兰", "13812345678", "1234"):
            assert find_by_words(session, masked, limit=9).conversation_ids == []
        assert find_by_words(session, "证", limit=9).conversation_ids == []


def test_looking_on_goes_through_all_that_were_found(house: FakeHouse) -> None:
    wanted = [a_talk(house, f"要带身份证吗{number}") for number in range(7)]
    seen: list[int] = []
    before = None
    with house.sessions.read() as session:
        while True:
            found = find_by_words(session, "身份证", before=before, limit=3)
            seen += found.conversation_ids
            before = found.next_before
            if before is None:
                break
    assert seen == wanted[::-1]


def test_the_list_is_filtered_and_paged_by_its_address(house: FakeHouse, signed_in: SignedIn) -> None:
    for number in range(35):
        a_talk(house, f"第{number}位")
    a_talk(house, "我要投诉", outcome=ConversationOutcome.ESCALATED)
    client = signed_in(Role.SUPERVISOR)
    page = client.get("/conversations").text
    assert page.count('class="talk"') == 30
    following = page.split('rel="next"')[0].rpartition('href="')[2].split('"')[0].replace("&amp;", "&")
    assert client.get(following).text.count('class="talk"') == 6
    assert client.get("/conversations?outcome=escalated").text.count('class="talk"') == 1
    assert client.get("/conversations?among=mine").text.count('class="talk"') == 0
    token = form_token(page)
    found = client.post("/conversations/search", data={"csrf": token, "words": "投诉"}).text
    assert found.count('class="talk"') == 1


def test_a_flag_stands_until_somebody_has_seen_to_it(house: FakeHouse, signed_in: SignedIn) -> None:
    talk = a_talk(house, "答非所问")
    client = signed_in(Role.SUPERVISOR)
    token = form_token(client.get("/").text)
    empty = client.post(f"/conversations/{talk}/mark", data={"csrf": token})
    assert empty.headers["location"].endswith("said=said_mark_empty")
    mark = {"csrf": token, "flag": "wrong_answer", "score": "2", "note": "金额说错"}
    client.post(f"/conversations/{talk}/mark", data=mark)
    assert "答错了" in client.get("/conversations?among=flagged").text
    client.post(f"/conversations/{talk}/marks/1/settle", data={"csrf": token})
    assert 'class="talk"' not in client.get("/conversations?among=flagged").text
    assert "金额说错" in client.get(f"/conversations/{talk}").text


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, busy_database: tuple[Path, int]
) -> Iterator[tuple[FakeHouse, str]]:
    folder = tmp_path_factory.mktemp("talks")
    shutil.copy(busy_database[0], folder / "office.db")
    house = FakeHouse(a_database(f"sqlite:///{folder}/office.db"), Settings(_env_file=None, home=folder))
    for number, text in enumerate(("要带什么材料", "我不会用手机", "钱什么时候到账", "家里老人走不动")):
        a_talk(house, text, name=("林国栋", "黄志强", "欧阳慧", "李桂英")[number])
    with house.sessions.write() as session:
        a_staff_member(session, Role.SUPERVISOR, username="boss", password_hash=PASSWORD_HASH, display_name="何晓敏")
    with served(house) as url:
        yield house, url
    house.sessions.engine.dispose()


@pytest.mark.browser
def test_a_supervisor_watches_takes_over_and_hands_back(
    browser: Browser, office: tuple[FakeHouse, str], complaints: list[str]
) -> None:
    house, url = office
    page = browser.new_page()
    listen(page, complaints)
    sign_in_as(page, url, "boss")
    page.goto(f"{url}/conversations")
    expect(page.locator("#live-state")).to_have_text("实时更新")
    page.fill("#words", "到账")
    page.keyboard.press("Enter")
    expect(page.locator(".talk")).to_have_count(1)
    page.click(".talk a")
    talk_id = int(page.url.rpartition("/")[2])
    page.click("text=接手 >> nth=0")
    expect(page.locator("main")).to_contain_text("您接手了")
    expect(page.locator("#live-state")).to_have_text("实时更新")
    with house.sessions.write() as session:
        talk = session.get_one(Conversation, talk_id)
        assert talk.taken_over_by is not None
        write_as_staff(session, talk, "同事补一句", now=NOON)
        session.add(Event(at=NOON, kind=EventKind.TURN_TAKEN, facts={"conversation": talk_id}))
    expect(page.locator(".transcript")).to_contain_text("同事补一句")
    page.fill("#words", "下个月五号到账。")
    page.click("text=发送")
    expect(page.locator(".line.by-staff").last).to_contain_text("下个月五号到账。")
    page.select_option("#flag", "follow_up")
    page.check("input[name=score][value='4']")
    page.click("text=保存评价")
    expect(page.locator(".mark.flag")).to_contain_text("要跟进")
    page.click("text=交还给助手")
    expect(page.locator("main")).to_contain_text("现在由助手回答")
    page.close()
    assert complaints == []
