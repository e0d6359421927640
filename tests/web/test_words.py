from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from models.vocabulary import CaseState, MatchState
from outreach_api.cases.steps import STEPS_IN, Step
from outreach_api.reports.phases import PHASE_OF, Phase
from outreach_api.web.page import FOLDER
from outreach_api.web.vocabulary_words import INTENTS, VOCABULARY
from outreach_api.web.words import WORDS, Locale, Speaker

CHINESE = re.compile(r"[一-鿿]")
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
# A resident's page speaks to residents, as the assistant on it does: in Chinese alone.
FOR_RESIDENTS = {"chat.html"}


@pytest.mark.parametrize("kind", VOCABULARY, ids=lambda kind: kind.__name__)
def test_every_value_of_a_vocabulary_has_its_words(kind: type[StrEnum]) -> None:
    assert set(VOCABULARY[kind]) == {value.value for value in kind}


def test_english_words_hold_no_chinese_and_nothing_is_left_out() -> None:
    pairs = {key: pair for words in VOCABULARY.values() for key, pair in words.items()} | WORDS | INTENTS
    assert [key for key, (zh, _) in pairs.items() if not zh] == []
    # The switch to the other language is written in that language.
    assert [key for key, (_, en) in pairs.items() if CHINESE.search(en)] == ["language_other"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_say_nothing_that_is_not_in_the_catalogue(template: Path) -> None:
    text = template.read_text()
    assert set(re.findall(r"""\bt\(["'](\w+)["']\)""", text)) <= set(WORDS)
    assert template.name in FOR_RESIDENTS or not CHINESE.search(text.replace("、", ""))


def test_composed_keys_are_all_there() -> None:
    keys = {f"phase_{phase}" for phase in Phase} | {f"step_{step}" for step in Step}
    assert keys <= set(WORDS)


def test_every_state_has_its_phase_and_its_steps() -> None:
    assert set(PHASE_OF) == set(MatchState)
    assert set(STEPS_IN) == set(CaseState)


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (30, "1 分", "1 min"),
        (4800, "1 小时 20 分", "1 h 20 min"),
        (-183600, "2 天 3 小时", "2 d 3 h"),
        (86400, "1 天", "1 d"),
    ],
)
def test_a_span_is_said_in_its_two_greatest_units(seconds: int, zh: str, en: str) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    assert Speaker(Locale.ZH, zone).span(seconds) == zh
    assert Speaker(Locale.EN, zone).span(seconds) == en
