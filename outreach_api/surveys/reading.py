"""What an answer says: numbers and words by rule, a rating in own words by the assistant's reading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from outreach_api.conversations.exact_words import KEY_MARK, normalise
from outreach_api.surveys.questionnaire import AnswerKind, Question

# Longer ones first: 不满意 holds 满意.
RATING_WORDS = (
    ("很不满意", "1"), ("非常不满意", "1"), ("太差", "1"), ("不太满意", "2"), ("不满意", "2"), ("一般", "3"),
    ("还行", "3"), ("还可以", "4"), ("非常满意", "5"), ("很满意", "5"), ("太好了", "5"), ("满意", "4"), ("挺好", "4"),
)  # fmt: skip
RATING_OF_SCORE = {"satisfied": "4", "neutral": "3", "dissatisfied": "2"}
_NUMERALS = str.maketrans("一二三四五六七八九", "123456789")
_RATING = re.compile(r"(?:我?(?:打|给|选|评)?)?([1-5])(?:分|星|颗星)?")
# A no that is about surveys by its own words, and about nothing else: whoever wants no calls at all says no such thing.
_REFUSAL = re.compile(
    r"(?:以后|以後|你们|请|麻烦|我)*(?:不|别|不要|不用|不想|不需要|不愿意|拒绝|唔使|唔好|唔想)"
    r"(?:再|做|参加|接受|搞|给我|对我|打|来|收到|接到)*(?:回访|调查|问卷)(?:电话|短信)?(?:了|啦|啊|吧|喇|呀|谢谢)*"
)
_STAYS_OUT = "不参加"
_CORRECTION = re.compile(
    r"^(?:不对|说错了?|写错了?|按错了?|更正|改成|改为|改一下|改)[，,。:：\s]*(?:改成|改为|应该是|是)?[，,。:：\s]*(.+)$"
)
NOT_PAID = "money_not_received"
THEMES: Mapping[str, tuple[str, ...]] = {
    "money_not_received": ("没到账", "没收到钱", "钱没到", "没发", "补贴没"),
    "waiting": ("等", "慢", "拖", "久"),
    "attitude": ("态度", "凶", "不耐烦", "不理"),
    "papers": ("材料", "证明", "复印"),
    "distance": ("远", "跑"),
    "wording": ("听不懂", "看不懂", "不明白"),
    "praise": ("谢谢", "挺好", "满意", "感谢", "不错"),
}
THEME_OF_INTENT = {
    "complaint": "complaint", "survey_problem": "problem", "ask_payment_date": "money_not_received", "thanks": "praise",
    "ask_documents": "papers", "rate_satisfied": "praise",
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    value: str
    text: str | None = None
    themes: tuple[str, ...] = ()


def read_answer(question: Question, text: str) -> Said | None:
    """The answer that the words alone give, or None. Free text is never read here: it might be a stop."""
    plain = normalise(text).removeprefix(KEY_MARK).translate(_NUMERALS)
    if question.kind is AnswerKind.RATING:
        return _rating(plain)
    if question.kind is AnswerKind.SINGLE:
        chosen = _numbered(question, plain) or _worded(question, plain)
        return Said(chosen[0]) if len(chosen) == 1 else None
    if question.kind is AnswerKind.MULTI:
        chosen = _numbered(question, plain) or _worded(question, plain)
        return Said(",".join(chosen)) if chosen else None
    if question.kind is AnswerKind.NUMBER:
        numbers = [int(run) for run in re.findall(r"\d+", normalise(text))]
        return Said(str(numbers[0])) if len(numbers) == 1 and numbers[0] <= question.most else None
    return None


def _rating(plain: str) -> Said | None:
    number = _RATING.fullmatch(plain)
    if number:
        return Said(number[1])
    word = next((value for word, value in RATING_WORDS if plain.startswith(word) and len(plain) <= len(word) + 2), None)
    return Said(word) if word else None


def _numbered(question: Question, plain: str) -> list[str]:
    """Options named by their numbers, where the message is nothing but numbers."""
    if not re.fullmatch(r"(?:[1-9]|选|第|个|和)+", plain):
        return []
    codes = list(question.options)
    places = dict.fromkeys(int(digit) for digit in re.findall(r"[1-9]", plain))
    return [codes[place - 1] for place in places] if all(place <= len(codes) for place in places) else []


def _worded(question: Question, plain: str) -> list[str]:
    """Options whose words the message has; a word inside a longer one that also fits does not count."""
    hits = [(word, code) for code, words in question.options.items() for word in words if normalise(word) in plain]
    longest = [(w, c) for w, c in hits if not any(w != other and w in other for other, _ in hits)]
    return list(dict.fromkeys(code for _, code in longest))


def read_reading(
    question: Question, text: str, directives: Iterable[Mapping[str, Any]], intents: list[str]
) -> Said | None:
    """The answer that the assistant's reading gives: a rating in own words, or free text with its themes."""
    if question.kind is AnswerKind.RATING:
        score = next((d["score"] for d in directives if d["do"] == "rate"), None)
        return Said(RATING_OF_SCORE[score], text, themes_of(text, intents)) if score else None
    if question.kind is AnswerKind.TEXT:
        return Said("text", text, themes_of(text, intents))
    return None


def themes_of(text: str, intents: Iterable[str]) -> tuple[str, ...]:
    plain = normalise(text)
    by_word = [theme for theme, words in THEMES.items() if any(word in plain for word in words)]
    by_intent = [THEME_OF_INTENT[intent] for intent in intents if intent in THEME_OF_INTENT]
    return tuple(dict.fromkeys([*by_word, *by_intent]))


def refuses(text: str) -> bool:
    """Whether this is a wish for no more surveys, and no more than that."""
    plain = normalise(text)
    return plain == _STAYS_OUT or _REFUSAL.fullmatch(plain) is not None


def correction_in(text: str) -> str | None:
    """What an answer is corrected to, as in 改成3 or 说错了，是2."""
    found = _CORRECTION.match(text.strip())
    return found[1] if found else None
