"""Words that belong to the call itself and not to its matter: go on, enough, wait, hello, nothing more."""

from __future__ import annotations

import re
from pathlib import Path

from outreach_api.conversations.exact_words import KEY_MARK, normalise
from outreach_api.conversations.speaking import relation_in
from scheduler.plain_yaml import read_yaml

_WORDS = {
    kind: frozenset(words.split())
    for kind, words in read_yaml(Path(__file__).with_name("small_words.yaml").read_text("utf-8")).items()
}
_WAIT = re.compile(r"(你|您)?(先)?(等一下|等一会儿?|等等|稍等|等会儿?|等我一下|等下)(啊|哈|吧)?(我.{0,10})?|等我.{1,8}")
_NOT_IN = re.compile(
    r"(他|她|老人|老人家|奶奶|爷爷|外婆|外公|我?妈妈?|我?爸爸?|大人|家里人)?(现在|刚刚?|今天)?"
    r"(不在家|没在家|出去了|出门了|睡觉了|睡着了|在睡觉|买菜去了|去买菜了|不让我接电话)(你是谁呀?)?"
)
_NAME_ONLY = re.compile(r"(免贵|我)?(姓(?P<surname>[\u4e00-\u9fff]{1,2})|(是|叫)(?P<full>[\u4e00-\u9fff]{2,4}))的?")
# Signs of Cantonese that Mandarin doesn't write.
_CANTONESE = frozenset("唔嘅咩喺佢冇啲咗嚟哋睇嗰咁乜畀俾係")
CANTONESE_SIGNS = 2


def is_more(text: str) -> bool:
    return text == f"{KEY_MARK}1" or normalise(text) in _WORDS["more"]


def is_enough(text: str) -> bool:
    return text == f"{KEY_MARK}2" or normalise(text) in _WORDS["enough"]


def is_hello(text: str) -> bool:
    return normalise(text) in _WORDS["hello"]


def is_backchannel(text: str) -> bool:
    return normalise(text) in _WORDS["backchannel"]


def is_nothing_more(text: str) -> bool:
    return normalise(text) in _WORDS["nothing_more"]


def takes_leave(text: str) -> bool:
    """A goodbye that decides nothing, whatever was asked."""
    return normalise(text) in _WORDS["leaving"]


def is_nothing_at_all(text: str) -> bool:
    """没有: an answer, where something was asked."""
    return normalise(text) in _WORDS["nothing"]


def is_not_in(text: str) -> bool:
    """Whoever picked up says that the one we want is out or asleep: nobody has died."""
    return bool(_NOT_IN.fullmatch(normalise(text)))


def name_without_month(text: str) -> str | None:
    """`姓陈` of 我姓陈 or 我是陈桂芳: half of what we ask for. Who says whose daughter they are is not meant."""
    found = _NAME_ONLY.fullmatch(normalise(text))
    if found is None or relation_in(text) is not None:
        return None
    return f"姓{found['full'][0] if found['full'] else found['surname']}"


def asks_to_wait(text: str) -> bool:
    return bool(_WAIT.fullmatch(normalise(text)))


def sounds_cantonese(text: str, language: str) -> bool:
    return language.lower().startswith("yue") or len(_CANTONESE & set(text)) >= CANTONESE_SIGNS
