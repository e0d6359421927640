"""Residents react to what they are told, in their own words and at their own time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.residents.crowd import addressed
from sandbox.residents.personas import PERSONAS, persona_of
from sandbox.residents.phrases import phrases
from sandbox.residents.reading import Asked, read
from sandbox.residents.resident import PATIENCE, Answer, Resident
from sandbox.street.world import _SHARES
from sandbox.timeline import CHINA, local
from sandbox.world import Person, subscribers

TEN = datetime(2026, 3, 2, 10, tzinfo=CHINA)
OFFER = "桥东社区:您可能可以领高龄老人津贴,每月200元起。想办请回复“同意”,不想再收到请回复“退订”。"
Build = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (OFFER, Asked.KEYWORD),
        ("请问您要办哪一项?\n1. 高龄津贴\n2. 免费体检", Asked.CHOICE),
        ("回复1要领多少钱,回复2去哪里办", Asked.CHOICE),
        ("为了核对,请告诉我您姓什么、哪年哪月出生。", Asked.IDENTITY),
        ("需要我们上门帮您办吗?", Asked.HOME_VISIT),
        ("那我们什么时候再联系您方便?", Asked.WHEN),
        ("您是老人家的什么人?", Asked.RELATION),
        ("您想申请吗?", Asked.YES_OR_NO),
        ("好的,以后不再给您发短信了。", Asked.SILENCE),
        ("这次服务您满意吗?1满意 2一般 3不满意", Asked.RATING),
        ("70到79岁每月200元,80到89岁每月300元。", Asked.NOTHING),
    ],
)
def test_a_text_is_read_for_what_it_asks(text: str, asked: Asked) -> None:
    assert read(text).asked is asked


def test_amounts_and_dates_are_not_taken_for_a_choice() -> None:
    assert read("1. 同意 2. 不要").options[0].label.startswith("同意")
    assert read("每月20日前发,3月5日起可以办").options == ()


def _a_resident(a_person: Build, **changes: Any) -> Resident:
    return Resident.of(Person.model_validate(a_person(**changes)))


def _talk(resident: Resident, *texts: str) -> list[Answer | None]:
    now, answers = TEN, []
    for text in texts:
        answer = resident.receive(text, now)
        answers.append(answer)
        now = (answer.at if answer else now) + timedelta(minutes=2)
    return answers


def _first_answers(a_person: Build, persona: str, *texts: str) -> list[list[str]]:
    talks = [_talk(_a_resident(a_person, persona=persona, seed=seed), *texts) for seed in range(60)]
    return [[answer.text for answer in talk if answer] for talk in talks]


def test_who_agrees_uses_the_word_that_was_asked_for(a_person: Build) -> None:
    said = [talk[0].rstrip("。！") for talk in _first_answers(a_person, "agree", OFFER) if talk]
    assert len(said) > 40
    assert set(said) == {"同意"}


def test_who_agrees_in_own_words_confirms_when_asked(a_person: Build) -> None:
    for talk in _first_answers(a_person, "agree_own_words", OFFER, "要办的话,请回复“同意”。"):
        if len(talk) == 2:
            assert talk[0] in {p + end for p in phrases("want") for end in ("", "。", "！", " ")}
            assert talk[1].rstrip("。！") == "同意"


def test_questions_come_before_a_decision(a_person: Build) -> None:
    talks = _first_answers(a_person, "ask_then_hall", OFFER, "每月200元。", "带身份证。", "去社区。", "好的。")
    assert all(2 <= len(talk) <= 4 for talk in talks if talk)
    assert len({talk[0] for talk in talks if talk}) > 25


def test_a_stop_is_marked_and_followed_by_silence(a_person: Build) -> None:
    for persona in ("opt_out", "opt_out_own_words"):
        for seed in range(20):
            first, second = _talk(_a_resident(a_person, persona=persona, seed=seed), OFFER, "好的,不再给您发了。")
            assert second is None or first is None
            assert first is None or first.stop


def test_a_numbered_choice_is_answered_by_number_or_by_its_words(a_person: Build) -> None:
    choice = "没听明白,您是想:\n1. 问在哪里办\n2. 要人上门帮忙\n3. 不用了"
    said = {talk[-1] for talk in _first_answers(a_person, "needs_visit", OFFER, choice) if len(talk) == 2}
    assert said == {"2", "要人上门帮忙"}


def test_the_silent_never_write(a_person: Build) -> None:
    for persona in ("silent", "unreachable", "go_to_hall", "apply_online"):
        assert not any(_first_answers(a_person, persona, OFFER, "您想申请吗?"))


def test_identity_is_given_as_surname_and_birth_month_only(a_person: Build) -> None:
    ask = "请告诉我您姓什么、哪年哪月出生。"
    said = [talk[-1] for talk in _first_answers(a_person, "daughter_agrees", OFFER, ask) if len(talk) == 2]
    assert said
    assert all("陈" in text and "4月" in text and "440303" not in text and "桂兰" not in text for text in said)


def test_answers_come_mostly_by_day_and_never_before_the_text(a_person: Build) -> None:
    evening = datetime(2026, 3, 2, 19, 50, tzinfo=CHINA)
    residents = [_a_resident(a_person, persona="declined", seed=seed) for seed in range(300)]
    times = [answer.at for resident in residents if (answer := resident.receive(OFFER, evening))]
    asleep = sum(local(at).hour >= 22 or local(at).hour < 7 for at in times)
    assert all(at > evening for at in times)
    assert 0 < asleep < len(times) / 8


def test_in_a_household_with_one_phone_the_one_named_answers(a_person: Build) -> None:
    wife = Person.model_validate(a_person())
    husband = Person.model_validate(a_person(id="R2", name="何国强", gender="男"))
    line = subscribers((wife, husband))[wife.phones[0].number]
    assert addressed(line, "何国强您好") is husband
    assert addressed(line, "何先生您好") is husband
    assert addressed(line, "您好") is wife


def test_nobody_talks_for_ever(a_person: Build) -> None:
    for persona in PERSONAS:
        answers = _talk(_a_resident(a_person, persona=persona, seed=3), *["您想申请吗?"] * 40)
        assert sum(answer is not None for answer in answers) <= PATIENCE


def test_one_seed_is_one_person(a_person: Build) -> None:
    one, two = (_talk(_a_resident(a_person, persona="ask_then_online", seed=5), OFFER, "好", "好") for _ in range(2))
    assert one == two


def test_every_persona_of_the_street_has_a_script(a_person: Build) -> None:
    for shares in _SHARES.values():
        for persona in shares:
            person = Person.model_validate(a_person(persona=persona))
            assert persona_of(person)
            assert all(phrases(line) for line in Resident.of(person).script)
