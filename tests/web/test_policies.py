"""An editor changes an item, a second person lets it count, and what no card answers is seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, expect

from models.vocabulary import Author, CaseKind, CaseReason, Channel, Role, Topic
from outreach_api.catalogue.confirmations import confirm, confirmed_in, quarter_of
from outreach_api.catalogue.needs import by_department, unanswered
from outreach_api.settings import ROOT, Settings
from scheduler.policies.answers import Answer, answer
from tests.builders import NOON, a_case, a_conversation, a_database, a_match, a_staff_member
from tests.web.browsing import listen, served, sign_in_as
from tests.web.conftest import PASSWORD_HASH, FakeHouse, TestClient, cards, form_token

PICTURES = os.environ.get("OUTREACH_SCREENSHOTS")
SignedIn = Callable[[Role], TestClient]
ALLOWANCE = (ROOT / "policies" / "elderly-allowance.yaml").read_text("utf-8")


def a_new_version(day: str = "2026-10-01") -> str:
    """Another amount for the youngest, from a later day on."""
    text = (
        ALLOWANCE.replace("version: 1\n", "version: 2\n", 1).replace("yuan: 200", "yuan: 260").replace("200元", "260元")
    )
    head, _, rest = text.partition("effective_from:")
    return f"{head}effective_from: {day}\n{rest.partition(chr(10))[2]}"


def a_question(house: FakeHouse, text: str, *, policy: str = "elderly-allowance", intent: str = "ask_proxy") -> None:
    with house.sessions.write() as session:
        match = a_match(session, policy_id=policy)
        talk = a_conversation(session, match.resident, (Author.RESIDENT, text))
        asked = talk.messages[0]
        asked.reading = {"ranking": [{"intent": intent, "confidence": 0.9}], "exact": None}
        a_case(
            session,
            match,
            kind=CaseKind.POLICY_QUESTION,
            reason=CaseReason.NO_ANSWER_ON_CARD,
            conversation_id=talk.id,
            message_id=asked.id,
        )


def test_needs_are_counted_by_department_item_and_theme_and_masked(house: FakeHouse) -> None:
    for _ in range(2):
        a_question(house, "陈秀兰问：儿子在外地能代办吗，电话13812345678")
    a_question(house, "能寄到家吗", intent="ask_where")
    a_question(house, "体检要多久", policy="elderly-health-check", intent="out_of_scope")
    with house.sessions.read() as session:
        found = unanswered(session, since=NOON - timedelta(days=30))
        assert unanswered(session, since=NOON + timedelta(days=400)) == []
    first = found[0]
    assert (first.policy_id, first.theme, first.asked, first.waiting) == ("elderly-allowance", "ask_proxy", 2, 2)
    assert not any("秀兰" in text or "13812345678" in text for need in found for text in need.examples)
    assert [sum(need.asked for need in rows) for rows in by_department(found, cards()).values()] == [3, 1]


def test_who_answers_a_question_is_given_a_suggestion(house: FakeHouse, signed_in: SignedIn) -> None:
    a_question(house, "一年要认证几回呀")
    a_question(house, "能让孙子办吗", intent="ask_proxy")
    a_question(house, "今天天气", intent="out_of_scope")
    client = signed_in(Role.AGENT)
    pages = [client.get(f"/cases/{number}").text for number in (1, 2, 3)]
    assert ['id="suggested"' in page for page in pages] == [True, True, False]
    assert "11月" in pages[0].split("suggested")[1].split("</p>")[0]
    assert "家里人" in pages[1].split("suggested")[1].split("</p>")[0]


def test_a_quarter_is_confirmed_once_and_for_a_version(house: FakeHouse) -> None:
    card = cards()["elderly-allowance"]
    assert [quarter_of(date(2026, month, 1)) for month in (1, 3, 4, 12)] == ["2026Q1", "2026Q1", "2026Q2", "2026Q4"]
    with house.sessions.write() as session:
        for remark in ("", "已核对"):
            confirm(session, card, remark=remark, by="staff:1", now=NOON, today=NOON.date())
        session.flush()
        done = confirmed_in(session, "2026Q3")
        assert {key: (row.version, row.remark) for key, row in done.items()} == {card.id: (card.version, "已核对")}
        assert confirmed_in(session, "2026Q4") == {}


def test_every_fault_is_said_with_its_line(signed_in: SignedIn) -> None:
    client = signed_in(Role.POLICY_EDITOR)
    token = form_token(client.get("/policies/new?like=elderly-allowance").text)
    broken = ALLOWANCE.replace("kind: cash", "kind: gold", 1)
    line = broken.splitlines().index("kind: gold") + 1
    answered = client.post("/policies/check", data={"csrf": token, "text": broken})
    assert answered.status_code == 422
    assert f"第几行： {line}" in answered.text
    old = client.post("/policies/submit", data={"csrf": token, "text": ALLOWANCE})
    assert old.status_code == 422
    assert "version: 2" in old.text


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeHouse, str]]:
    folder = tmp_path_factory.mktemp("policies")
    house = FakeHouse(a_database(f"sqlite:///{folder}/office.db"), Settings(_env_file=None, home=folder))
    a_question(house, "儿子在外地能代办吗")
    a_question(house, "钱能不能打到女儿卡上", intent="out_of_scope")
    with house.sessions.write() as session:
        for username, role in (("editor", Role.POLICY_EDITOR), ("boss", Role.SUPERVISOR)):
            a_staff_member(session, role, username=username, password_hash=PASSWORD_HASH, display_name=username)
    with served(house) as url:
        yield house, url
    house.sessions.engine.dispose()


@pytest.mark.browser
def test_an_amount_changes_from_its_day_on_once_a_second_person_agrees(
    browser: Browser, office: tuple[FakeHouse, str], complaints: list[str]
) -> None:
    house, url = office
    pages = {}
    for username in ("editor", "boss"):
        pages[username] = browser.new_context().new_page()
        listen(pages[username], complaints)
        sign_in_as(pages[username], url, username)
    editor, boss = pages["editor"], pages["boss"]
    editor.goto(f"{url}/policies/elderly-allowance")
    editor.click("text=写新版本")
    editor.fill("#text", a_new_version().replace("kind: cash", "kind: gold", 1))
    editor.click("text=检查并试答")
    editor.click(".faults a[data-line]")
    chosen = "(({value, selectionStart, selectionEnd}) => value.slice(selectionStart, selectionEnd))"
    assert editor.evaluate(f"{chosen}(document.activeElement)") == "kind: gold"
    expect(editor.locator("h1")).to_have_text("写新版本")
    # The browser tells its console of any answer that is a refusal.
    assert "422" in complaints.pop()
    editor.fill("#text", a_new_version())
    editor.fill("#question", "高龄津贴一年要认证几回")
    editor.click("text=检查并试答")
    expect(editor.locator(".good-notice")).to_be_visible()
    expect(editor.locator("tr.changed").first).to_contain_text("260")
    editor.click("text=提交审核")
    expect(editor.locator(".notice")).to_contain_text("已提交")
    expect(editor.locator(".diff-plus").first).to_contain_text("version: 2")
    assert editor.locator("button:has-text('通过')").count() == 0
    address = editor.url.partition("?")[0]
    boss.goto(address)
    boss.click("button:has-text('通过')")
    expect(boss.locator(".mark").first).to_contain_text("已通过")
    boss.goto(f"{url}/policies/elderly-allowance")
    expect(boss.locator("main")).to_contain_text("v2")
    boss.click("text=本季度内容属实")
    expect(boss.locator(".notice")).to_contain_text("已记下")
    for page in pages.values():
        page.context.close()
    assert complaints == []

    def said(day: date) -> str:
        card = house.book.on(day)["elderly-allowance"]
        found = answer(card, Topic.AMOUNT, age_years=72, today=day, channel=Channel.SMS)
        assert isinstance(found, Answer)
        return found.text

    assert "200" in said(date(2026, 9, 30))
    assert "260" in said(date(2026, 10, 1))
