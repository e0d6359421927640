"""What a firm's clerk says: which firm they speak for, and that it is no longer them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from outreach_api.conversations.cues import asks_something, clauses_of
from outreach_api.conversations.decision import Person
from outreach_api.conversations.exact_words import normalise

_SHORTEST_NAME = 2
_BEFORE = re.compile(r"^(中国)?(广东省?)?(深圳市?)?((罗湖|福田|南山|宝安|龙岗|盐田|龙华|坪山|光明)区?)?")
_AFTER = re.compile(r"((股份)?有限(责任)?公司|公司|有限合伙|普通合伙|个人独资企业|分公司)+$")
_IN_BRACKETS = re.compile(r"[(（].*?[)）]")
_KIND_OF_FIRM = re.compile(r"公司|单位|企业|工作室|商行|经营部|事务所|科技|贸易|[店厂行社](?=[,，。、\s]|$)")
_NOT_ME = (
    r"(这件事|这事|这块|这个)?(现在|已经?|早就|早已|都|我们|公司|单位|这边)*"
    r"(换(了)?(个)?人(负责|管|做|对接|(?=了|啦))|不(再)?(是)?(由)?我(来)?(负责|管|做|对接)|不归我(负责|管))(了|啦)?"
)
_LEFT = (
    r"(本人|我|他|她)?(?:已经?|早就|早已|都|上个?月|去年|前不久|刚刚?)*+"
    r"(从?(那家|这家|原来的?|你们说的)?(公司|单位|那里|那边|这里)?)?(已经?|早就|都)*(离职|辞职|离开|调走|调岗|退休)(很久|好久|大半年)?(公司|单位)?(了|啦)?"
)
_LEFT_THE_POST = re.compile(
    f"{_NOT_ME}|{_LEFT}|我?(已经?|早就)?不在(这|那|这家|那家|这个|那个)?(公司|单位)(上班|工作|做|干)?(了|啦)?"
)


def firms_named(firms: Sequence[Person], text: str) -> list[Person]:
    """The firms whose name, with or without place and legal form, and whose clerk's surname the text has.

    Of two names of which one holds the other, the longer one that is there is meant.
    """
    said = normalise(text)
    there = [firm for firm in firms if (core := _core(firm.name)) and core in said]
    meant = [firm for firm in there if not any(_core(firm.name) in _core(one.name) for one in there if one is not firm)]
    return [firm for firm in meant if _says_clerk(firm, said)]


def sounds_like_a_firm(text: str) -> bool:
    return bool(_KIND_OF_FIRM.search(text))


def has_left_the_post(text: str) -> bool:
    """换人负责了, 我已经离职了: as a clause of its own, told and not asked."""
    return not asks_something(text) and any(_LEFT_THE_POST.fullmatch(normalise(part)) for part in clauses_of(text))


def _core(name: str) -> str:
    """深圳市桥东科技有限公司 → 桥东科技; a name that is nothing but that stays as it is."""
    bare = normalise(_AFTER.sub("", _IN_BRACKETS.sub("", name)))
    core = _BEFORE.sub("", bare)
    return core if len(core) >= _SHORTEST_NAME else normalise(name)


def _says_clerk(firm: Person, said: str) -> bool:
    """The surname, said beside the firm's name: one that is only a sign of that name does not count."""
    surname = (firm.clerk or "").strip()[:1]
    rest = said.replace(normalise(firm.name), "").replace(_core(firm.name), "")
    return bool(surname) and surname in rest
