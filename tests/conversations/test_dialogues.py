"""Dialogues as residents hold them, over all items, with the trained bot; half of them were never looked at.

`set` is `worked_on` or `held_out`. Both were written before the assistant was measured on them; only the first was
read while mending it. A wrong outcome here and there is a figure; an invented consent, or a word after a stop, is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from outreach_api.conversations.converse import converse
from outreach_api.conversations.copy_deck import LINES
from outreach_api.conversations.rasa_bot import RasaBot
from scheduler.policies.card import PolicyCard

DIALOGUES = [
    json.loads(line) for line in Path(__file__).with_name("dialogues.jsonl").read_text(encoding="utf-8").splitlines()
]
AIM = 0.95
Told = list[tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture(
    scope="module", params=["worked_on", pytest.param("held_out", marks=pytest.mark.exhaustive)], ids=lambda each: each
)
def told(request: pytest.FixtureRequest, rasa: RasaBot, cards: Mapping[str, PolicyCard]) -> Told:
    dialogues = [each for each in DIALOGUES if each["set"] == request.param]
    answers = converse((json.dumps(each, ensure_ascii=False) for each in dialogues), rasa, cards)
    return list(zip(dialogues, map(json.loads, answers), strict=True))


@pytest.mark.rasa
def test_dialogues_come_to_the_right_end(told: Told) -> None:
    wrong = [
        (each["turns"], answer["outcome"], each["expect"]["outcome"])
        for each, answer in told
        if answer["outcome"] not in each["expect"]["outcome"]
    ]
    assert len(wrong) <= (1 - AIM) * len(told), wrong


@pytest.mark.rasa
def test_no_consent_is_invented(told: Told) -> None:
    invented = [each["turns"] for each, answer in told if answer["consent"] and not each["expect"]["consent"]]
    assert not invented


@pytest.mark.rasa
def test_after_a_stop_nothing_is_said(told: Told) -> None:
    for each, answer in told:
        replies = [" ".join(lines) for lines in answer["replies"]]
        stopped = [place for place, reply in enumerate(replies) if _acknowledges(reply)]
        for reply in replies[stopped[0] + 1 :] if stopped else ():
            if LINES["restored"] in reply:
                break
            assert not reply, each["turns"]


def _acknowledges(reply: str) -> bool:
    return any(LINES[key][:12] in reply for key in ("opted_out", "wrong_number", "condolence"))


def test_every_item_is_spoken_of(cards: Mapping[str, PolicyCard]) -> None:
    assert {each["policy"] for each in DIALOGUES} == set(cards)
