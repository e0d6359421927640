"""What a call may say, how it says it, and what it hears as talk about the talking."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from models.vocabulary import Channel
from outreach_api.conversations.copy_deck import FIRM_LINES, LINES, OFFERS, for_channel
from outreach_api.voice.lines import AFTER_IDENTITY, BEFORE_IDENTITY
from outreach_api.voice.rendering import LONGEST_IN_ONE_GO, sentences, spoken, unsaid
from outreach_api.voice.small_words import (
    asks_to_wait,
    is_enough,
    is_hello,
    is_more,
    is_not_in,
    name_without_month,
    sounds_cantonese,
    takes_leave,
)
from scheduler.policies.card import PolicyCard

BENEFITS = ("津贴", "补贴", "体检", "低保", "救助", "护理", "残疾", "高龄")


def test_nothing_said_before_identity_is_personal(cards: Mapping[str, PolicyCard]) -> None:
    names = {name for card in cards.values() for name in (card.short_name, card.name.zh)}
    for key, said in BEFORE_IDENTITY.items():
        assert (key, [name for name in (*names, *BENEFITS) if name in said]) == (key, [])
        # Only a time is ever filled in.
        assert "{" not in said.replace("{when}", ""), key


def test_that_guard_sees_something() -> None:
    assert any("{policy}" in text for text in OFFERS.values())
    assert any("办" in text for text in AFTER_IDENTITY.values())


def test_no_line_asks_for_what_a_fraudster_asks() -> None:
    asked = "".join([*BEFORE_IDENTITY.values(), *AFTER_IDENTITY.values()])
    assert not [word for word in ("身份证号", "银行卡", "密码", "验证码", "转账") if word in asked]


def test_nobody_on_the_phone_is_told_to_write(cards: Mapping[str, PolicyCard]) -> None:
    writing = re.compile(r"回复|不用回(?:了|。|$)|请回|就回|[，您]回“|发“")
    answers = [card.how_to_apply.say for card in cards.values() if card.how_to_apply and card.how_to_apply.say]
    written = [*LINES.values(), *FIRM_LINES.values(), *answers]
    assert any(writing.search(text) for text in written)
    assert [said for text in written if writing.search(said := for_channel(text, Channel.VOICE))] == []


def test_a_long_answer_comes_in_pieces_and_nothing_is_lost() -> None:
    text = "".join(f"这是第{number}句，说的是怎么办理这件事情。" for number in "一二三四五六七八九")
    said, rest = spoken(text).now, spoken(text).rest
    assert sum(map(len, said)) <= LONGEST_IN_ONE_GO
    assert "".join(said + rest) == text


def test_a_short_answer_is_said_at_once() -> None:
    assert spoken("好的。知道了。").rest == ()


def test_a_numbered_choice_is_spoken_as_one() -> None:
    assert sentences("您说的是哪一项？1.高龄津贴 2.免费体检。")[1] == "第1个，高龄津贴 第2个，免费体检。"


def test_amounts_are_no_choice() -> None:
    assert sentences("每月1.5元。") == ("每月1.5元。",)


def test_what_was_not_heard_to_its_end_is_said_again() -> None:
    said = ("第一句话。", "第二句话。", "第三句话。")
    assert unsaid(said, "第一句话，第二") == ("第二句话。", "第三句话。")
    assert unsaid(said, "第一句话。第二句话。第三句话。") == ()


@pytest.mark.parametrize(
    ("text", "hears"),
    [
        ("接着说", is_more),
        ("按键1", is_more),
        ("不用了", is_enough),
        ("喂？", is_hello),
        ("等一下啊", asks_to_wait),
        ("等我拿笔", asks_to_wait),
        ("奶奶不在家", is_not_in),
        ("妈妈不让我接电话", is_not_in),
        ("没有了，再见", takes_leave),
    ],
)
def test_small_words_are_heard(text: str, hears: object) -> None:
    assert hears(text)  # type: ignore[operator]


@pytest.mark.parametrize("text", ["不要", "好", "同意", "我不想办了", "他不在了", "奶奶走了"])
def test_what_decides_something_is_no_small_word(text: str) -> None:
    assert not any(hears(text) for hears in (takes_leave, is_not_in, asks_to_wait, is_hello))


@pytest.mark.parametrize(
    ("text", "half"),
    [("我姓陈", "姓陈"), ("免贵姓王", "姓王"), ("我是陈桂芳", "姓陈"), ("我是她女儿", None), ("姓陈五月", None)],
)
def test_half_a_name_is_kept(text: str, half: str | None) -> None:
    assert name_without_month(text) == half


def test_cantonese_is_recognised_by_its_own_signs() -> None:
    assert sounds_cantonese("你係边个，我唔识", "")
    assert sounds_cantonese("喂", "yue-Hant-HK")
    assert not sounds_cantonese("你好，我姓陈", "cmn-Hans-CN")
