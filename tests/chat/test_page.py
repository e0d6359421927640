"""Getting in, staying in, and being kept out; and that a message sent again is one message."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from pathlib import Path

import pytest

from models.chat import ChatLink
from models.conversation import Inbound, Message
from models.resident import Resident
from outreach_api.chat.links import LinkRefused, revoke_link
from outreach_api.chat.visits import note_seen
from outreach_api.settings import ROOT
from tests.chat.parlour import Parlour
from tests.conversations.street import ALLOWANCE

STATIC = ROOT / "outreach_api" / "web" / "static"


def test_the_page_has_nothing_personal_and_asks_nobody_else(parlour: Parlour) -> None:
    browser = parlour.a_browser(parlour.a_link(parlour.street.a_resident()))
    answer = browser.client.get(f"/c/{browser.token}")
    assert answer.status_code == 200
    assert "桂芳" not in answer.text
    assert browser.token not in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    # Nothing is loaded from elsewhere; only sources and telephone numbers are links.
    assert not re.search(r'(src|href)="https?:', answer.text)


def test_all_of_the_page_is_smaller_than_60_kb_as_it_is_sent(parlour: Parlour) -> None:
    browser = parlour.a_browser(parlour.a_link(parlour.street.a_resident()))
    paths = re.findall(r'(?:src|href)="(/static/[^"]+)"', browser.client.get(f"/c/{browser.token}").text)
    assert {Path(path).name for path in paths} == {"chat.css", "chat.js", "seal.svg"}
    sizes = [len(browser.client.get(path).content) for path in [f"/c/{browser.token}", *paths]]
    assert sum(sizes) < 60_000
    assert len(gzip.compress((STATIC / "chat.js").read_bytes())) < 10_000


def test_nothing_is_told_before_somebody_has_said_who_they_are(parlour: Parlour) -> None:
    browser = parlour.a_browser(parlour.a_link(parlour.street.a_resident()))
    assert browser.client.get(f"/c/{browser.token}/state").json() == {"open": False, "locked": False}
    assert browser.post("同意").status_code == 401
    assert parlour.stream(browser) == [("status", 401)]
    assert parlour.street.all(Inbound) == []


def test_three_failures_lock_the_link_for_everybody_and_a_person_looks(parlour: Parlour) -> None:
    token = parlour.a_link(parlour.street.a_resident())
    denied = [parlour.a_browser(token).say_who("李", 5).json()["denied"] for _ in range(3)]
    assert denied == ["wrong", "wrong", "locked"]
    assert parlour.a_browser(token).say_who().json() == {"denied": "locked"}
    assert parlour.street.cases == [("human", "unknown_caller")]


def test_locked_out_others_who_is_in_stays_in(parlour: Parlour) -> None:
    chen = parlour.street.a_resident()
    page = parlour.a_page(chen)
    for _ in range(3):
        parlour.a_browser(page.token).say_who("李", 5)
    assert page.post("有多少钱").status_code == 200


def test_neither_half_of_the_answer_is_enough(parlour: Parlour) -> None:
    browser = parlour.a_browser(parlour.a_link(parlour.street.a_resident()))
    assert browser.say_who("陈", 6).status_code == 403
    assert browser.say_who("程", 5).status_code == 403
    assert browser.say_who("陈", 5).status_code == 200


def test_no_digits_of_an_id_are_taken(parlour: Parlour) -> None:
    browser = parlour.a_browser(parlour.a_link(parlour.street.a_resident()))
    said = {"surname": "陈", "month": 5, "relation": None, "id_digits": "1234"}
    assert browser.client.post(f"/c/{browser.token}/identity", json=said).status_code == 422


def test_an_expired_a_revoked_and_an_unknown_link_lead_nowhere(parlour: Parlour) -> None:
    chen = parlour.street.a_resident()
    expired = parlour.a_link(chen, lasts=timedelta(minutes=1))
    revoked = parlour.a_page(chen)
    parlour.street.clock.set(parlour.street.clock.now() + timedelta(minutes=2))
    with parlour.street.sessions.write() as session:
        revoke_link(session.get_one(ChatLink, parlour.links[revoked.token]), now=parlour.street.clock.now())
    for token in (expired, revoked.token, "a-token-that-was-never-given"):
        page = revoked.client.get(f"/c/{token}")
        assert page.status_code == 404
        assert "不能用了" in page.text
        assert revoked.client.get(f"/c/{token}/state").status_code == 404
    assert revoked.post("同意").status_code == 404


def test_a_visit_ends_with_its_hours_and_when_it_is_left(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident())
    assert page.client.post(f"/c/{page.token}/leave").status_code == 204
    assert page.post("同意").status_code == 401
    page.say_who()
    parlour.street.clock.set(parlour.street.clock.now() + timedelta(hours=13))
    assert page.client.get(f"/c/{page.token}/state").json()["open"] is False


def test_the_secret_of_one_link_opens_no_other(parlour: Parlour) -> None:
    chen = parlour.a_page(parlour.street.a_resident())
    other = parlour.a_link(parlour.street.a_resident(name="王阿伯", number="+8613800000002"))
    secret = next(iter(chen.client.cookies.values()))
    chen.client.cookies.clear()
    chen.client.cookies.set("chat", secret)
    assert chen.client.get(f"/c/{chen.token}/state").json()["open"] is True
    assert chen.client.get(f"/c/{other}/state").json()["open"] is False


def test_the_token_and_the_secret_are_kept_nowhere(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident())
    secret = next(iter(page.client.cookies.values()))
    with parlour.street.sessions.read() as session:
        for table in ("chat_link", "chat_visit"):
            rows = str(session.connection().exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608
            assert page.token not in rows
            assert secret not in rows


def test_a_message_sent_again_and_again_is_one_message(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident())
    for _ in range(3):
        assert page.post("有多少钱", client_id="11111111-aaaa").json() == {"client_id": "11111111-aaaa"}
    parlour.street.answer()
    page.post("有多少钱", client_id="11111111-aaaa")
    parlour.street.answer()
    written = [each for each in parlour.street.all(Message) if each.text == "有多少钱"]
    assert len(written) == 1
    assert [line.get("client_id") for line in page.lines() if line["by"] == "me"] == ["11111111-aaaa"]


def test_who_writes_without_a_pause_is_asked_to_wait(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident())
    answers = [page.post("在吗", client_id=f"{number:08d}-aaaa").status_code for number in range(62)]
    assert answers == [200] * 60 + [429] * 2
    parlour.street.clock.set(parlour.street.clock.now() + timedelta(minutes=1))
    assert page.post("在吗", client_id="00000061-aaaa").status_code == 200


def test_the_same_client_id_on_two_links_is_two_messages(parlour: Parlour) -> None:
    for number, name in (("+8613800000001", "陈桂芳"), ("+8613800000002", "陈阿婆")):
        page = parlour.a_page(parlour.street.a_resident(number=number, name=name))
        page.post("有多少钱", client_id="11111111-aaaa")
    assert len(parlour.street.all(Inbound)) == 2


def test_the_stream_replays_from_the_last_line_seen_and_says_what_waits(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident())
    page.answers("有多少钱")
    page.post("要带什么", client_id="22222222-bbbb")
    events = parlour.stream(page)
    lines = [data for event, data in events if event == "line"]
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    (standing,) = [data for event, data in events if event == "standing"]
    assert standing["waiting"] == [{"client_id": "22222222-bbbb", "text": "要带什么"}]
    later = parlour.stream(page, after=lines[-2]["id"])
    assert [data["id"] for event, data in later if event == "line"] == [lines[-1]["id"]]


def test_a_page_whose_link_was_revoked_is_told_that_it_is_over(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident())
    visit_id = page.page().visit_id
    now = parlour.street.clock.now() + timedelta(minutes=2)
    with parlour.street.sessions.write() as session:
        assert note_seen(session, {visit_id}, now=now) == frozenset()
        revoke_link(session.get_one(ChatLink, parlour.links[page.token]), now=now)
        assert note_seen(session, {visit_id}, now=now) == {visit_id}


def test_too_much_too_long_and_a_made_up_button_are_refused(parlour: Parlour) -> None:
    page = parlour.a_page(parlour.street.a_resident(ALLOWANCE))
    assert page.post("长" * 1001).status_code == 422
    assert page.post("").status_code == 422
    assert page.post("我同意", button="applied_by_reply").status_code == 422
    assert page.post("我同意", client_id="'; drop").status_code == 422
    assert page.client.post(f"/c/{page.token}/messages", content=b"x" * 1_100_000).status_code == 413
    assert parlour.street.all(Inbound) == []


def test_no_link_for_whom_nobody_could_say_who_they_are(parlour: Parlour) -> None:
    chen = parlour.street.a_resident()
    with parlour.street.sessions.write() as session:
        session.get_one(Resident, chen.resident_id).birth_date = None
    with pytest.raises(LinkRefused):
        parlour.a_link(chen)
