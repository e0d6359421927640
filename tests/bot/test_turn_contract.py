"""docs/interfaces.md §1, against the real Rasa."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.bot.conftest import Ask, Bot, a_turn

pytestmark = pytest.mark.rasa

YES = {"do": "reply", "value": "yes"}
NO = {"do": "reply", "value": "no"}
HUMAN = [
    {"do": "outcome", "outcome": "escalated"},
    {"do": "case", "kind": "human", "reason": "requested"},
]
NOT_UNDERSTOOD = [
    {"do": "outcome", "outcome": "escalated"},
    {"do": "case", "kind": "human", "reason": "not_understood"},
]
GIBBERISH = "嘚啵嘚啵咕噜呱唧"


def outcome(name: str) -> dict[str, str]:
    return {"do": "outcome", "outcome": name}


@pytest.mark.parametrize(
    ("text", "state", "directives"),
    [
        ("好的", {}, [YES]),
        ("不是", {}, [NO]),
        ("不是", {"asked": None, "stage": "open"}, [{"do": "say", "line": "acknowledged"}]),
        ("我想申请这个补贴", {}, [outcome("interested")]),
        ("谢谢，不需要", {}, [outcome("declined"), {"do": "say", "line": "thanks"}]),
        ("我已经在领了", {}, [outcome("already_enrolled")]),
        ("要带什么证件", {}, [{"do": "answer", "topic": "documents"}]),
        ("一个月有几多钱", {}, [{"do": "answer", "topic": "amount"}]),
        ("去哪里办", {}, [{"do": "answer", "topic": "where"}]),
        ("你是谁", {}, [{"do": "say", "line": "who_we_are"}]),
        ("能不能上门来我家办", {}, [{"do": "case", "kind": "home_visit", "reason": "requested"}]),
        ("我不会用智能手机", {}, [{"do": "ask", "question": "home_visit"}]),
        ("转人工", {}, HUMAN),
        ("我要投诉你们态度太差", {}, [{"do": "case", "kind": "complaint", "reason": "complaint"}]),
        ("我们楼下路灯坏了", {}, [{"do": "case", "kind": "appeal", "reason": "reported"}]),
        ("打错电话了", {}, [outcome("wrong_person")]),
        ("我妈妈上个月去世了", {}, [outcome("deceased")]),
        ("我已经搬到东莞去了", {}, [outcome("moved")]),
        (
            "我是她女儿",
            {},
            [{"do": "say", "line": "family_welcome"}, {"do": "ask", "question": "mandate"}],
        ),
        ("明天下午三点再打给我", {"channel": "voice"}, [outcome("callback")]),
        ("我在开会没空", {"channel": "voice"}, [{"do": "ask", "question": "callback_time"}]),
        ("退订", {}, [outcome("opted_out")]),
        ("没听清，再说一遍", {"channel": "voice"}, [{"do": "repeat"}]),
        ("你说慢一点", {"channel": "voice"}, [{"do": "prefer", "preference": "slow"}, {"do": "repeat"}]),
        ("你好", {"asked": None, "stage": "open"}, [{"do": "say", "line": "greeting"}]),
        ("再见", {"asked": None, "stage": "open"}, [{"do": "say", "line": "goodbye"}]),
        ("很满意", {"stage": "survey", "asked": "rating"}, [{"do": "rate", "score": "satisfied"}]),
        ("一般吧", {"stage": "survey", "asked": "rating"}, [{"do": "rate", "score": "neutral"}]),
        ("不满意", {"stage": "survey", "asked": "rating"}, [{"do": "rate", "score": "dissatisfied"}]),
        (
            "钱一直没到账",
            {"stage": "survey", "asked": "rating"},
            [
                {"do": "rate", "score": "dissatisfied"},
                {"do": "case", "kind": "complaint", "reason": "survey_problem"},
            ],
        ),
    ],
)
def test_a_meaning_becomes_its_directives(
    ask: Ask, text: str, state: dict[str, Any], directives: list[dict[str, str]]
) -> None:
    assert ask(text, **state)["directives"] == directives


def test_a_bare_word_means_what_the_stage_makes_of_it(ask: Ask) -> None:
    assert ask("好", asked="interest")["directives"] == [YES]
    assert ask("好", stage="survey", asked="rating")["directives"] == [{"do": "rate", "score": "satisfied"}]
    assert ask("好", stage="survey", asked="resolved")["directives"] == [YES]


def test_a_number_follows_the_menu_just_given(ask: Ask) -> None:
    menu = ["ask_amount", "ask_where"]
    chosen = ask("2", asked="which_reading", misses=1, menu=menu)
    assert chosen["directives"] == [{"do": "answer", "topic": "where"}]
    assert chosen["ranking"] == [{"intent": "ask_where", "confidence": 1.0}]


def test_what_is_not_understood_is_asked_about_once_then_goes_to_a_person(ask: Ask) -> None:
    first = ask(GIBBERISH, misses=0)["directives"]
    assert [directive["do"] for directive in first] == ["clarify"]
    assert 2 <= len(first[0]["readings"]) <= 3
    assert "out_of_scope" not in first[0]["readings"]
    assert ask(GIBBERISH, misses=1)["directives"] == NOT_UNDERSTOOD


@pytest.mark.parametrize("text", ["", "   ", "。。。", "🐶", "' OR 1=1; --", "<script>alert(1)</script>", "字" * 6000])
def test_any_text_gets_directives(ask: Ask, text: str) -> None:
    assert ask(text)["directives"]


def test_a_leading_slash_is_no_command(ask: Ask) -> None:
    assert ask("/affirm 退订")["directives"] == [outcome("opted_out")]
    assert ask("/好")["directives"] == ask("好")["directives"]


def test_an_answer_names_its_model_and_readings(ask: Ask) -> None:
    answer = ask("可以，要带什么证件")
    assert answer["model"]
    assert [(clause["text"], clause["intent"]) for clause in answer["clauses"]] == [
        ("可以", "affirm"),
        ("要带什么证件", "ask_documents"),
    ]
    assert 0 < answer["ranking"][0]["confidence"] <= 1


def test_the_same_turn_gives_the_same_answer_whatever_came_between(bot: Bot) -> None:
    body = a_turn("可以，要带什么证件")
    first = bot.turn(body).content
    for between in ("退订", "我爸去世了", GIBBERISH):
        bot.turn(a_turn(between))
    assert bot.turn(body).content == first


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "the body"),
        ({"text": "好"}, "state"),
        ({"text": 1, "state": {"stage": "offer", "channel": "sms"}}, "text"),
        (a_turn("好", stage="later"), "stage"),
        (a_turn("好", asked="weather"), "asked"),
        (a_turn("好", channel="fax"), "channel"),
        (a_turn("好", misses=-1), "misses"),
        (a_turn("好", misses=True), "misses"),
        (a_turn("好", menu="affirm"), "menu"),
    ],
)
def test_a_turn_outside_the_contract_is_refused_by_field(bot: Bot, body: Any, field: str) -> None:
    response = bot.turn(body)
    assert response.status_code == httpx.codes.BAD_REQUEST
    assert field in response.json()["error"]


def test_what_is_not_json_is_refused(bot: Bot) -> None:
    headers = {"Authorization": f"Bearer {bot.secret}"}
    response = bot.client.post("/webhooks/turn/webhook", content=b"\xff{", headers=headers)
    assert response.status_code == httpx.codes.BAD_REQUEST


def test_a_large_body_is_refused(bot: Bot) -> None:
    assert bot.turn(a_turn("字" * 40_000)).status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "好".encode()}])
def test_without_the_secret_nothing_is_answered(bot: Bot, header: dict[str, Any]) -> None:
    response = bot.client.post("/webhooks/turn/webhook", json=a_turn("好"), headers=header)
    assert response.status_code == httpx.codes.UNAUTHORIZED


def test_no_other_door_is_open(bot: Bot) -> None:
    for path in ("/webhooks/rest/webhook", "/model/parse", "/conversations/x/messages", "/status"):
        assert bot.client.post(path, json={"sender": "x", "message": "好"}).status_code == httpx.codes.NOT_FOUND
