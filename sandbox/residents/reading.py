"""What a resident takes from a text: is something asked, and how would one answer it?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Asked(StrEnum):
    """What the text wants to hear. The order is the order of looking."""

    SILENCE = "silence"
    RATING = "rating"
    SURVEY = "survey"
    IDENTITY = "identity"
    CHOICE = "choice"
    KEYWORD = "keyword"
    HOME_VISIT = "home_visit"
    WHEN = "when"
    RELATION = "relation"
    YES_OR_NO = "yes_or_no"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Option:
    digit: str
    label: str


@dataclass(frozen=True, slots=True)
class Reading:
    asked: Asked
    keyword: str = ""
    options: tuple[Option, ...] = ()
    policies: frozenset[str] = frozenset()


_POLICY_WORDS: tuple[tuple[str, str], ...] = (
    (r"高龄|老人津贴", "elderly-allowance"),
    (r"体检", "elderly-health-check"),
    (r"残疾|生活补贴", "disabled-living-subsidy"),
    (r"初创|创业资助", "startup-subsidy"),
)
_FAREWELL = r"不会?再(给您|向您|为您)?(发|打扰|联系|收到)|不再(发|打扰|联系|给您|收到)|已(为您)?退订|节哀"
_SURVEY = r"钱到账了吗|哪里不方便|还有什么想跟我们说|等了大概多少分钟|没让您满意"
_RATING = r"满意(吗|不满意|度)|打(个)?分|评价"
_IDENTITY = r"(姓什么|贵姓|您?的?姓|姓氏).{0,20}(出生|生日|几月|年月)|(出生年月|出生月份|哪年哪月)"
_OPTION = re.compile(r"(?<![\d月日元])[“\"「]?([1-9])[”\"」]?[\.、．)）:：\s]\s*([^\n；;，,。1-9]{1,24})")
_REPLY_OPTION = re.compile(r"回复?[“\"「]?([1-9])[”\"」]?(?:表示|是|为|就是)?([^\n；;，,。“\"]{1,16})")
_SPOKEN_OPTION = re.compile(r"第([1-9])个，([^\s，。]{1,24})")
_SPOKEN_LIST = re.compile(r"(?<![\d第])([1-9])，([^；，。]{1,24})")
_KEYWORD = re.compile(r"(?:回复?|发|输入)(?:一个)?[“\"「『](同意|是|好|确认|要|愿意|办理|申请)[”\"」』]")
_HOME_VISIT = r"上门.{0,16}[吗？?]|(去|到)您?家.{0,12}[吗？?]"
_WHEN = r"(什么时候|几点|哪天|何时|什么时间).{0,14}[？?]?"
_RELATION = r"您是.{0,14}(什么人|家人|亲属|家属|哪位)|什么关系|怎么称呼"
_PATTERNS: tuple[tuple[Asked, re.Pattern[str]], ...] = tuple(
    (asked, re.compile(pattern))
    for asked, pattern in (
        (Asked.HOME_VISIT, _HOME_VISIT),
        (Asked.RELATION, _RELATION),
        (Asked.WHEN, _WHEN),
        (Asked.YES_OR_NO, r"[吗？?]|是不是|要不要|请回复"),
    )
)


def read(text: str) -> Reading:
    policies = frozenset(policy for pattern, policy in _POLICY_WORDS if re.search(pattern, text))
    if re.search(_FAREWELL, text):
        return Reading(Asked.SILENCE, policies=policies)
    if re.search(_SURVEY, text):
        return Reading(Asked.SURVEY, options=_options(text) or _counted(_SPOKEN_LIST, text), policies=policies)
    if re.search(_RATING, text):
        return Reading(Asked.RATING, policies=policies)
    if re.search(_IDENTITY, text):
        return Reading(Asked.IDENTITY, policies=policies)
    keyword = _KEYWORD.search(text)
    options = () if keyword else _options(text)
    if len(options) >= 2:
        return Reading(Asked.CHOICE, options=options, policies=policies)
    if keyword:
        return Reading(Asked.KEYWORD, keyword=keyword[1], policies=policies)
    return Reading(_first_asked(text), policies=policies)


def _options(text: str) -> tuple[Option, ...]:
    """A numbered choice begins at 1 and counts up; anything else is an amount or a date."""
    for pattern in (_SPOKEN_OPTION, _REPLY_OPTION, _OPTION):
        found = _counted(pattern, text)
        if found:
            return found
    return ()


def _counted(pattern: re.Pattern[str], text: str) -> tuple[Option, ...]:
    found = tuple(Option(match[1], match[2].strip()) for match in pattern.finditer(text))
    counts = [option.digit for option in found] == [str(n + 1) for n in range(len(found))]
    return found if len(found) >= 2 and counts else ()


def _first_asked(text: str) -> Asked:
    return next((asked for asked, pattern in _PATTERNS if pattern.search(text)), Asked.NOTHING)
