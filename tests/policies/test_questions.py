"""Questions that residents really ask: each is answered with its ground, or abstained from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from models.vocabulary import Channel, Topic
from scheduler.policies.answers import Abstain, answer
from scheduler.policies.load import load_cards

HERE = Path(__file__).parent
CARDS = load_cards(HERE.parents[1] / "policies")
TODAY = date(2026, 3, 2)
WE_SHALL_ASK = "-"


@dataclass(frozen=True)
class Asked:
    policy: str
    topic: Topic
    question: str
    words: str


def _read() -> list[Asked]:
    lines = (HERE / "questions.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [Asked(policy, Topic(topic), question, words) for policy, topic, question, words in rows]


ASKED = _read()


def test_every_item_is_asked_about() -> None:
    assert {asked.policy for asked in ASKED} >= set(CARDS) - {"maternal-health-check"}


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked.policy}-{asked.topic}")
def test_a_question_gets_its_answer_or_an_honest_abstention(asked: Asked) -> None:
    card = CARDS[asked.policy]
    given = answer(card, asked.topic, age_years=None, today=TODAY, channel=Channel.SMS)
    if asked.words == WE_SHALL_ASK:
        assert isinstance(given, Abstain)
        return
    spoken = "" if isinstance(given, Abstain) else given.text
    told = [faq.a for faq in card.faqs if faq.topic is asked.topic]
    assert any(asked.words in text for text in (spoken, *told))
