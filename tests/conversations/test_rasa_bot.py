"""The bot over HTTP: closed list, next process on failure, never an unusable answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from models.vocabulary import Channel, Question, Stage
from outreach_api.conversations.bot import BotUnavailable, Turn, TurnState
from outreach_api.conversations.directives import check_turn
from outreach_api.conversations.rasa_bot import RasaBot
from outreach_api.settings import ROOT
from scheduler.plain_yaml import read_yaml

STATE = TurnState(Stage.OFFER, Question.INTEREST, Channel.SMS)
GOOD = {"directives": [{"do": "reply", "value": "yes"}], "ranking": [{"intent": "affirm", "confidence": 0.9}]}
Answerer = Callable[[httpx.Request], httpx.Response]


def a_bot(answer: Answerer, *urls: str) -> RasaBot:
    return RasaBot(urls or ("http://one",), secret="s3cret", timeout_seconds=1, transport=httpx.MockTransport(answer))


def test_the_request_is_the_one_of_the_contract() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=GOOD)

    turn = a_bot(answer).turn("好", STATE)
    assert turn.directives == ({"do": "reply", "value": "yes"},)
    assert seen[0].url.path == "/webhooks/turn/webhook"
    assert seen[0].headers["authorization"] == "Bearer s3cret"
    assert b'"asked":"interest"' in seen[0].content.replace(b" ", b"")


def test_the_next_process_is_asked_when_one_fails() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "one":
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json=GOOD)

    bot = a_bot(answer, "http://one", "http://two")
    assert [bot.turn("好", STATE).directives for _ in range(3)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"directives": []},
        {"directives": [{"do": "transfer_money"}]},
        {"directives": [{"do": "reply", "value": "maybe"}]},
        {"directives": [{"do": "outcome", "outcome": "applied_by_reply"}]},
        {"directives": "all"},
        [],
    ],
)
def test_an_unusable_answer_is_no_answer(body: Any) -> None:
    with pytest.raises(BotUnavailable):
        a_bot(lambda _request: httpx.Response(200, json=body)).turn("好", STATE)


@pytest.mark.parametrize("response", [httpx.Response(500), httpx.Response(403), httpx.Response(200, text="<html>")])
def test_a_failing_process_is_no_answer(response: httpx.Response) -> None:
    with pytest.raises(BotUnavailable):
        a_bot(lambda _request: response).turn("好", STATE)


def test_no_process_at_all_says_what_to_set() -> None:
    with pytest.raises(BotUnavailable, match="OUTREACH_BOT_URLS"):
        RasaBot((), secret="", timeout_seconds=1).turn("好", STATE)


def test_the_bots_domain_speaks_only_what_we_know() -> None:
    domain = read_yaml((ROOT / "domain.yml").read_text("utf-8"))
    lists = [
        each["custom"]["directives"]
        for variants in domain["responses"].values()
        for each in variants
        if "custom" in each
    ]
    assert len(lists) > 30
    for directives in lists:
        filled = [{"readings": ["affirm"], **each} if each["do"] == "clarify" else each for each in directives]
        check_turn(Turn(tuple(filled), ()))
