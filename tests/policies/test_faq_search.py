"""Questions in other words: found, or honestly not found."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreach_api.settings import ROOT
from scheduler.policies.faq_search import FaqIndex
from scheduler.policies.load import load_cards

# Policy, the FAQ it means or "-" for none, and how somebody asks it.
PARAPHRASES = [
    tuple(line.split("\t"))
    for line in Path(__file__).with_name("paraphrases.tsv").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(scope="module")
def index() -> FaqIndex:
    return FaqIndex.of(load_cards(ROOT / "policies"))


def test_paraphrases_find_their_faq_and_never_another(index: FaqIndex) -> None:
    asked = [row for row in PARAPHRASES if row[1] != "-"]
    found = [(index.find(said, [policy]), question) for policy, question, said in asked]
    assert not [each.faq.question for each, question in found if each and each.faq.question != question]
    assert sum(each is not None for each, _ in found) >= 0.9 * len(asked)


def test_what_no_faq_asks_is_abstained_from(index: FaqIndex) -> None:
    strangers = [row for row in PARAPHRASES if row[1] == "-"]
    assert [said for policy, _, said in strangers if index.find(said, [policy])] == []


@pytest.mark.parametrize("said", ["怎么申请", "要带什么", "多久能批", "要什么材料", "什么条件"])
def test_a_bare_topic_is_not_close_to_a_special_case(index: FaqIndex, said: str) -> None:
    cards = load_cards(ROOT / "policies")
    assert not [each for card in cards if (each := index.find(said, [card])) and each.is_close]


def test_only_the_items_asked_about_answer(index: FaqIndex) -> None:
    assert index.find("光荣证丢了还能领吗", ["elderly-allowance"]) is None
    assert index.find("光荣证丢了还能领吗", ["only-child-parent-reward"])


def test_nothing_asked_finds_nothing(index: FaqIndex) -> None:
    assert index.find("", ["elderly-allowance"]) is None
    assert FaqIndex([]).find("怎么申请", ["elderly-allowance"]) is None
