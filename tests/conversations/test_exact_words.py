"""Exact words: whole messages only, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach_api.conversations.exact_words import Exact, denies_a_stop, read_exact_word


def kind_of(text: str) -> Exact | None:
    word = read_exact_word(text)
    return word.kind if word else None


@pytest.mark.parametrize(
    "text",
    [
        "退订",
        "TD",
        "t",
        " T ",
        "ＴＤ",
        "R",
        "n",
        "STOP",
        "“退订”",
        "退 订。",
        "取消订阅",
        "退訂",
        "别再打了！",
        "退订谢谢",
    ],
)
def test_stop_words_are_read_however_they_are_written(text: str) -> None:
    assert kind_of(text) is Exact.OPT_OUT


@pytest.mark.parametrize("text", ["退休", "退伙怎么办", "退费", "T恤", "怎么退订啊这个", "我退休了"])
def test_a_stop_word_inside_a_sentence_is_not_one(text: str) -> None:
    assert kind_of(text) is not Exact.OPT_OUT


@pytest.mark.parametrize("text", ["我不要退订", "没说退订啊", "误点了退订", "唔好退订", "我没有退订", "不小心点了退订"])
def test_a_denied_stop_is_seen(text: str) -> None:
    assert denies_a_stop(text)
    assert kind_of(text) is not Exact.OPT_OUT


@pytest.mark.parametrize("text", ["退订", "给我退订", "不办了，退订", "别打了"])
def test_a_stop_is_not_taken_for_its_denial(text: str) -> None:
    assert not denies_a_stop(text)


@pytest.mark.parametrize(
    "text", ["同意", "“同意”", "同意。", "【同意】", "同 意", "我同意", "同意，谢谢", "同意申请！"]
)
def test_agreement_is_read_however_it_is_written(text: str) -> None:
    assert kind_of(text) is Exact.AGREE


@pytest.mark.parametrize("text", ["不同意", "同意什么", "同意不了", "我没同意", "谁说我同意了", "同意吗", "好", "1"])
def test_nothing_else_is_agreement(text: str) -> None:
    assert kind_of(text) is not Exact.AGREE


@pytest.mark.parametrize(
    ("text", "number", "agreed"),
    [("2", 2, False), ("２", 2, False), ("第一个", 1, False), ("同意1", 1, True), ("三", 3, False)],
)
def test_numbers_are_read(text: str, number: int, agreed: bool) -> None:
    word = read_exact_word(text)
    assert word
    assert (word.number, word.agreed) == (number, agreed)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("人工", Exact.HUMAN),
        ("0", Exact.HUMAN),
        ("他已经去世了", Exact.DECEASED),
        ("老人上个月过世了", Exact.DECEASED),
        ("打错了", Exact.WRONG_NUMBER),
        ("收到", Exact.RECEIVED),
        ("嗯嗯", Exact.RECEIVED),
        ("👌👌", Exact.EMOJI),
        ("", Exact.EMPTY),
        ("？？", Exact.EMPTY),
        ("恢复", Exact.RESTORE),
        ("本人同意", Exact.OWN_WORD),
    ],
)
def test_other_words(text: str, kind: Exact) -> None:
    assert kind_of(text) is kind


@pytest.mark.parametrize("text", ["我老伴去世了能领吗", "手续都走完了在等审核", "他走了一趟社区", "发错了"])
def test_what_may_mean_something_else_is_left_to_the_bot(text: str) -> None:
    assert kind_of(text) is None


@pytest.mark.parametrize(
    ("text", "preference"),
    [
        ("别让机器人打", "no_robot_calls"),
        ("中午别打", "not_at_noon"),
        ("找我女儿", "daughter_first"),
        ("字大一点", "large_type"),
        ("讲白话", "cantonese"),
    ],
)
def test_preferences_are_read(text: str, preference: str) -> None:
    word = read_exact_word(text)
    assert word
    assert (word.kind, word.value) == (Exact.PREFERENCE, preference)


@given(st.text(max_size=60))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    read_exact_word(text)
    denies_a_stop(text)
