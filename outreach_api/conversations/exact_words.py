"""Words that count exactly as written, before and without the bot: stops, a death, a wrong number, 同意, a number.

Only a whole message counts, never a word inside a sentence: 我不要退订 is not 退订.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from scheduler.plain_yaml import read_yaml


class Exact(StrEnum):
    OPT_OUT = "opt_out"
    RESTORE = "restore"
    DECEASED = "deceased"
    WRONG_NUMBER = "wrong_number"
    HUMAN = "human"
    NOTICE = "notice"
    """What their data is used for."""
    AGREE = "agree"
    OWN_WORD = "own_word"
    NUMBER = "number"
    ALL = "all"
    PREFERENCE = "preference"
    WANT = "want"
    WANT_NOT = "want_not"
    ASK = "ask"
    RECEIVED = "received"
    EMOJI = "emoji"
    EMPTY = "empty"
    KEY = "key"
    """A key of the phone; what it means hangs on what was asked."""
    APPLY = "apply"
    """The button of the chat page under the consent text; its value is the item and the version it was shown in."""
    HELP = "help"
    """The button that asks for help with an item."""


@dataclass(frozen=True)
class ExactWord:
    """`agreed` with a number: the resident wrote 同意 and the number together."""

    kind: Exact
    value: str = ""
    agreed: bool = False

    @property
    def number(self) -> int | None:
        return int(self.value) if self.kind is Exact.NUMBER else None


BUTTONS = frozenset({Exact.APPLY, Exact.HELP})
STOPS = frozenset({Exact.OPT_OUT, Exact.DECEASED, Exact.WRONG_NUMBER})
# These bind at once, whatever else waits for the bot.
SAFETY = STOPS | {Exact.HUMAN, Exact.RESTORE}

CUT_OFF = "（话没说完）"
"""How a sentence ends that a hang-up cut short."""
KEY_MARK = "按键"
"""A key that was pressed during a call is kept as this word and the key."""
_KEYS = {"9": Exact.OPT_OUT, "0": Exact.HUMAN}
_WORDS: Mapping[str, str] = read_yaml(Path(__file__).with_name("exact_words.yaml").read_text("utf-8"))
_TABLE: Mapping[str, Exact] = MappingProxyType(
    {str(word): Exact(kind) for kind, words in _WORDS.items() for word in str(words).split()}
)

# How they wish to be reached. A longer message says more than that, and is the bot's to read.
LONGEST_PREFERENCE = 14
LONGEST_WITH_PREFERENCE = 40
_PREFERENCES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"(别|不要|不用|不想|唔好)(再)?(让|用|叫)?(机器人?|自动语音|ai)(给我|来)?(打|来电|电话)"
            r"|(别|不要|不用|唔好)(再)?打(我)?电话[^。]{0,8}(发|用)(个)?(短信|信息|微信|文字)"
            r"|(发|用)(个)?(短信|信息|微信|文字)(给我|告诉我|通知)?(就行|就好|就可以|就得)"
        ),
        "no_robot_calls",
    ),
    (re.compile(r"(中午|午休|睡午觉)[^。]{0,4}(别|不要|不方便|唔好)[^。]{0,4}(打|发|吵|联系)"), "not_at_noon"),
    (
        re.compile(r"(打|联系|找|发|搵)(给|俾)?我?的?(女儿|闺女|女|大女儿|小女儿)(吧|就行|就好|好了)?$"),
        "daughter_first",
    ),
    (re.compile(r"(打|联系|找|发|搵)(给|俾)?我?的?(儿子|仔|大儿子|小儿子)(吧|就行|就好|好了)?$"), "son_first"),
    (re.compile(r"(字|字体)[^。]{0,4}大(一点|点|些|啲)"), "large_type"),
    (re.compile(r"(讲|说|講)(白话|广东话|粤语|白話|廣東話)"), "cantonese"),
    (re.compile(r"(只|就)(能|要|想)?(上门|来家里)(说|谈|办)?(就行|就好)?$"), "visit_only"),
)
# An explicit death, alone in a short message; hearsay, questions and negations are the bot's to read.
_DEATH = re.compile(
    r"(您好|你好)?(他|她|我(爸|妈|父亲|母亲|爷爷|奶奶|外公|外婆)|老人家?|老爷子|老太太|老先生|本人|人|机主)?"
    r"(已经?|早就|早已|都|刚|前几?天|上个?月|上周|去年|前年|今年)*(去世|过世|病逝|病故|逝世|离世|過世)(了|啦|咗)?"
    r"(好?几?(天|个?月|年)(了)?|很久了?|好久了?)?"
)
_NOT_A_STOP = re.compile(
    r"(不|没|没有|别|唔|冇)(是|要|想|用|说|点|好|给我|能)*退[订訂]|[误错](点|按|发)?了?退[订訂]|不小心.*退[订訂]"
)
_TAKES_BACK = re.compile(
    r"[误点按发搞弄]错|误[点按发操]|手滑|不小心|不是(有意|故意)|恢复|恢復|重新订|还是(发|打|通知)我"
)
_STAYS_STOPPED = re.compile(
    r"(没|没有|不是|唔系)(误|[点按发搞弄]错)|(别|不要|不用|唔好|不想|不能)(再|给我)?(恢复|发|打|联系|烦)|[发打搞]错(人|号|电话|地方)|就是要退"
)
_OPENERS = re.compile(r"(?:我说|那个|这个|喂|您好|你好)*+")
_CLOSERS = frozenset("谢吧啊呀哦呢嘛哈啦喔噢")
_NUMBER = re.compile(
    r"(?P<agree>同意)?(我?(选|要|办|申请|回复?))?第?"
    r"(?P<number>[1-9]|[一二三四五六七八九])(项|个|号|样|條|条)?(?P<after>同意)?"
)
_NUMERALS = {numeral: str(value) for value, numeral in enumerate("一二三四五六七八九", start=1)}


def normalise(text: str) -> str:
    """Full width to half, lower case, without punctuation, quotes, spaces and symbols."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if unicodedata.category(sign)[0] in "LN")


def read_exact_word(text: str) -> ExactWord | None:
    """The exact word that the whole message is, or None. Whether it applies is the dialogue's to say."""
    if text.startswith(KEY_MARK) and len(text) == len(KEY_MARK) + 1:
        key = text[-1]
        return ExactWord(_KEYS.get(key, Exact.KEY), key)
    plain = normalise(text)
    if not plain:
        return ExactWord(Exact.EMOJI if text.strip() and not _is_punctuation(text) else Exact.EMPTY)
    bare = _without_fillers(plain)
    for candidate in (plain, bare):
        if candidate in _TABLE:
            return ExactWord(_TABLE[candidate], candidate)
    if _DEATH.fullmatch(plain):
        return ExactWord(Exact.DECEASED)
    number = _NUMBER.fullmatch(bare)
    if number:
        value = _NUMERALS.get(number["number"], number["number"])
        return ExactWord(Exact.NUMBER, value, agreed=bool(number["agree"] or number["after"]))
    return _preference(plain) if len(plain) <= LONGEST_PREFERENCE else None


def _without_fillers(plain: str) -> str:
    """Without 喂 and 您好 before it and 谢谢, 了吧, 啦 behind; in one pass, however often they are said."""
    opening = _OPENERS.match(plain)
    begin, end = opening.end() if opening else 0, len(plain)
    while end > begin and plain[end - 1] in _CLOSERS:
        end -= 2 if plain.endswith("了吧", begin, end) else 1
    return plain[begin:end]


def heard_exactly(text: str, button: str | None) -> ExactWord | None:
    """What a button said that was pressed, else the exact word that the text is."""
    kind, _, value = (button or "").partition(":")
    return ExactWord(Exact(kind), value) if kind in BUTTONS else read_exact_word(text)


def was_cut_off(text: str) -> bool:
    """Whether the line went dead before this was said to its end: then it is no yes and no no."""
    return text.endswith(CUT_OFF)


def denies_a_stop(text: str) -> bool:
    """Whether the message says that it is no stop (我不要退订), whatever the bot made of it."""
    return bool(_NOT_A_STOP.search(normalise(text)))


def preferences_in(text: str) -> list[str]:
    """How they wish to be reached, said in a longer message: 别让机器打，打给我女儿."""
    plain = normalise(text)
    if len(plain) > LONGEST_WITH_PREFERENCE:
        return []
    return [name for pattern, name in _PREFERENCES if pattern.search(plain)]


def takes_a_stop_back(text: str) -> bool:
    """哎呀发错了，我不是要退订: said after a stop, it undoes it, unless another stop stands beside it."""
    plain = normalise(text)
    return bool(_TAKES_BACK.search(plain) or _NOT_A_STOP.search(plain)) and not _STAYS_STOPPED.search(plain)


def _preference(plain: str) -> ExactWord | None:
    name = next((name for pattern, name in _PREFERENCES if pattern.search(plain)), None)
    return ExactWord(Exact.PREFERENCE, name) if name else None


def _is_punctuation(text: str) -> bool:
    return all(unicodedata.category(sign)[0] in "PZC" for sign in text)
