"""Free questions: the FAQ of a card that asks the same in other words, by BM25 over characters, or none."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from models.vocabulary import Topic
from scheduler.policies.card import PolicyCard

_K1, _B = 1.2, 0.5
SURE = 0.38
"""The share of a question's weight that an FAQ must cover; measured on paraphrases in tests/policies."""

CLOSE = 0.32

# One spelling for what is said in many ways, dialect among them.
_SAME = (
    ("几多钱|多少钱|几钱|几块|多少块", "多少"),
    ("边度|喺边|哪里|哪儿|哪个地方|何处|去哪", "哪"),
    ("点样|怎样|咋|点搞|怎么样|如何", "怎么"),
    ("几时|啥时候|什么时候|哪天|几号", "何时"),
    ("乜嘢|咩|啥", "什么"),
    ("小孩子?|娃娃?|宝宝|细路|孩子", "孩子"),
    ("外地户口|外地户籍|非深户|不是深户|不是深圳户口|没有深圳户口|无深户|外地人", "外地户口"),
    ("弄丢|丢了|不见了|没了|找不到|搞丢|遗失", "丢了"),
    ("同时|一起|一块儿?|都拿|两样", "一起"),
    ("可不可以|能不能|可以|得唔得|行不行|行唔行", "能"),
    ("唔", "不"), ("冇|没有", "没"), ("係", "是"), ("嘅", "的"), ("畀|俾", "给"), ("佢", "他"),
    ("领取|拿到|享受|领到", "领"), ("办理|申办|申请", "申请"), ("岁数|年纪|年龄", "岁"),
    ("爸爸|父亲|老豆", "爸"), ("妈妈|母亲", "妈"),
)  # fmt: skip
_SILENT = frozenset("的了吗呢啊呀吧嘛么哦噢喔我你您他她它们这那个就都也还又和跟请想问是有在到把被给")


@dataclass(frozen=True, slots=True)
class Faq:
    """A question with its reviewed answer, of a card or kept from what a person answered."""

    policy_id: str
    topic: Topic
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Found:
    faq: Faq
    likeness: float
    """How much of the question's weight the FAQ covers, from 0 to 1."""
    covered: float
    """How much of the FAQ's weight the question covers."""

    @property
    def is_close(self) -> bool:
        """Asked in nearly these words, not only in a few of them: 怎么申请 alone is in many FAQs."""
        return self.covered >= CLOSE


class FaqIndex:
    """All FAQs of all cards; how telling a word is depends on all of them."""

    def __init__(self, faqs: Iterable[Faq]) -> None:
        self._faqs = tuple(faqs)
        self._counts = [Counter(_terms(faq.question)) for faq in self._faqs]

    @classmethod
    def of(cls, cards: Mapping[str, PolicyCard], kept: Iterable[Faq] = ()) -> FaqIndex:
        on_cards = (Faq(card.id, faq.topic, faq.q, faq.a) for card in cards.values() for faq in card.faqs)
        return cls([*on_cards, *kept])

    def find(self, question: str, policies: Collection[str], *, topic: Topic | None = None) -> Found | None:
        """The FAQ of these policies that asks the same, if one surely does."""
        terms = set(_terms(question))
        weight = sum(self._telling(term) for term in terms)
        candidates = [
            Found(faq, self._score(terms, counts) / weight, self._share(counts, terms))
            for faq, counts in zip(self._faqs, self._counts, strict=True)
            if weight and faq.policy_id in policies and topic in (None, faq.topic)
        ]
        best = max(candidates, key=lambda found: found.likeness, default=None)
        return best if best and best.likeness >= SURE else None

    def _score(self, terms: Collection[str], counts: Counter[str]) -> float:
        length = 1 - _B + _B * counts.total() / self._usual_length
        return sum(
            self._telling(term) * counts[term] * (_K1 + 1) / (counts[term] + _K1 * length)
            for term in terms
            if term in counts
        )

    def _share(self, counts: Counter[str], terms: Collection[str]) -> float:
        whole = sum(self._telling(term) for term in counts)
        return sum(self._telling(term) for term in counts if term in terms) / whole if whole else 0.0

    def _telling(self, term: str) -> float:
        seen = self._seen[term]
        return math.log(1 + (len(self._faqs) - seen + 0.5) / (seen + 0.5))

    @cached_property
    def _seen(self) -> Counter[str]:
        return Counter(term for counts in self._counts for term in counts)

    @cached_property
    def _usual_length(self) -> float:
        return sum(counts.total() for counts in self._counts) / max(len(self._counts), 1)


@lru_cache(maxsize=4096)
def _terms(text: str) -> tuple[str, ...]:
    """Characters and their neighbours, without the small words."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    for said, meant in _SAME:
        plain = re.sub(said, meant, plain)
    words = [sign for sign in plain if unicodedata.category(sign)[0] in "LN" and sign not in _SILENT]
    return (*words, *(first + second for first, second in pairwise(words)))
