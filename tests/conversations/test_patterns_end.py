"""No message keeps a pattern busy: 谢谢谢谢… from one resident must not hold up everybody's answers."""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest

import outreach_api.cases
import outreach_api.channels
import outreach_api.chat
import outreach_api.conversations
import outreach_api.residents
import outreach_api.surveys
import outreach_api.voice
import outreach_api.wechat
import scheduler.planning
import scheduler.roster
from outreach_api.conversations import cues
from outreach_api.conversations.exact_words import read_exact_word
from outreach_api.conversations.firms import has_left_the_post

PACKAGES = (
    outreach_api.cases, outreach_api.channels, outreach_api.chat, outreach_api.conversations, outreach_api.residents,
    outreach_api.surveys, outreach_api.voice, outreach_api.wechat, scheduler.planning, scheduler.roster,
)  # fmt: skip
CPU_SECONDS = 2.0
"""A pattern that ends takes a thousandth of this; one that does not would take years."""
LENGTH = 60
AT_MOST = {cues._KEYWORD.pattern: cues._LONGEST_WITH_KEYWORD}
"""What is never held against a longer text."""
MOST_WORDS = 40


class TooLong(Exception):  # noqa: N818
    pass


def within_time(work: Callable[[], Any]) -> Any:
    """Its own processor time counts, not the clock on the wall."""

    def end(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def patterns_in(value: object, depth: int = 0) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 4 and isinstance(value, Mapping):
        for pair in value.items():
            yield from patterns_in(pair, depth + 1)
    elif depth < 4 and isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from patterns_in(one, depth + 1)


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"{package.__name__}.{found.name}")


def all_patterns() -> dict[str, re.Pattern[str]]:
    every = (module for package in PACKAGES for module in modules_of(package))
    return {one.pattern: one for module in every for value in vars(module).values() for one in patterns_in(value)}


def units_of(pattern: str) -> list[str]:
    """What a pattern itself speaks of, once and in pairs: whatever it takes apart in several ways is among them."""
    words = list(dict.fromkeys(re.findall(r"[\u4e00-\u9fff]{1,4}|[0-9a-z]{1,4}", pattern)))[:MOST_WORDS]
    return [*words, *dict.fromkeys(word[0] for word in words), *map("".join, pairwise(words))]


def is_held_up(pattern: re.Pattern[str]) -> str | None:
    """What keeps it busy, if something does."""
    length = AT_MOST.get(pattern.pattern, LENGTH)
    for unit in units_of(pattern.pattern):
        for text in ((unit * length)[:length], (unit * length)[: length - 1] + "\u2606"):
            try:
                within_time(lambda text=text: (pattern.search(text), pattern.fullmatch(text)))  # type: ignore[misc]
            except TooLong:
                return text
    return None


def test_no_pattern_is_kept_busy_by_its_own_words() -> None:
    found = all_patterns()
    assert len(found) > 100
    assert {name: text for name, one in found.items() if (text := is_held_up(one))} == {}


def test_the_check_itself_sees_one() -> None:
    assert is_held_up(re.compile("(谢谢|谢)+$")) is not None


@pytest.mark.parametrize("tail", ["", "您了", "，我自己去办", "x"])
@pytest.mark.parametrize("unit", ["谢谢", "等我", "刚刚", "哈哈", "好的", "我们"])
def test_a_message_of_one_word_over_and_over_is_read(unit: str, tail: str) -> None:
    text = unit * 400 + tail
    within_time(lambda: (read_exact_word(text), cues.goes_alone(text), has_left_the_post(text)))


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("好的我自己去办", True),
        ("等我自己过去就行", True),
        ("我们自己来吧谢谢", True),
        ("明白了到时候自己去", True),
        ("自己人", False),
    ],
)  # fmt: skip
def test_who_goes_alone_is_heard_as_before(text: str, alone: bool) -> None:
    assert cues.goes_alone(text) is alone


@pytest.mark.parametrize("text", ["退订谢谢", "退订谢谢谢谢", "您好退订", "退订了吧谢谢啦", "我说退订啊"])
def test_fillers_around_an_exact_word_are_passed_over_as_before(text: str) -> None:
    word = read_exact_word(text)
    assert word is not None
    assert word.kind.value == "opt_out"
