"""`bot converse`: dialogues as JSON lines, through the service of production."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from outreach_api.conversations.converse import BadDialogue, converse
from scheduler.policies.card import PolicyCard
from tests.conversations.street import ALLOWANCE, CHECK_UP, ScriptedBot, Street


def hold(cards: Mapping[str, PolicyCard], *dialogues: dict[str, Any]) -> list[dict[str, Any]]:
    lines = [json.dumps(dialogue, ensure_ascii=False) for dialogue in dialogues]
    return [json.loads(line) for line in converse(lines, ScriptedBot(), cards)]


def test_each_line_has_its_answer_in_order(street: Street) -> None:
    answers = hold(
        street.cards,
        {"id": "a", "channel": "sms", "policy": ALLOWANCE, "stage": "offer", "turns": ["有多少钱", "同意"]},
        {"id": "b", "channel": "chat", "policy": CHECK_UP, "stage": "offer", "turns": ["退订", "好"]},
        {"id": "c", "channel": "voice", "policy": ALLOWANCE, "stage": "offer", "turns": ["", "你们太慢了"]},
    )
    assert [answer["id"] for answer in answers] == ["a", "b", "c"]
    first, second, third = answers
    assert (first["outcome"], first["consent"], first["topics"]) == ("applied_by_reply", True, ["amount"])
    assert (second["outcome"], second["replies"][1], second["consent"]) == ("opted_out", [], False)
    assert (third["outcome"], third["case"]) == ("no_decision", "complaint")
    assert all(set(answer) == {"id", "replies", "outcome", "case", "topics", "consent"} for answer in answers)


def test_a_survey_is_rated(street: Street) -> None:
    bot = ScriptedBot({"一般": [{"do": "rate", "score": "neutral"}]})
    line = json.dumps({"id": 1, "policy": ALLOWANCE, "stage": "survey", "turns": ["一般"]})
    (answer,) = (json.loads(each) for each in converse([line], bot, street.cards))
    assert "改进" in answer["replies"][0][0]
    assert bot.asked[0][1].stage == "survey"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "line 1"),
        ('{"id": 1, "policy": "nothing", "turns": []}', "no card 'nothing'"),
        ('{"id": 1, "policy": "elderly-allowance", "turns": "好"}', "turns"),
    ],
)
def test_a_bad_line_says_where_it_is_wrong(street: Street, line: str, fault: str) -> None:
    with pytest.raises(BadDialogue, match=fault):
        list(converse([line], ScriptedBot(), street.cards))
