"""A resident's own words: one of many ways to say a thing, with the small habits people have when they type."""

from __future__ import annotations

import tomllib
from pathlib import Path
from random import Random

from sandbox.world import Person

_PHRASES: dict[str, tuple[str, ...]] = {
    key: tuple(text.strip().splitlines())
    for key, text in tomllib.loads(Path(__file__).with_name("phrases.toml").read_text(encoding="utf-8")).items()
}
_OPENERS = ("你好，", "请问", "您好，", "那个，", "哦，", "喂，", "小同志，", "麻烦问下，")
_ENDINGS = ("", "？", "呀", "？谢谢", "呢", "？麻烦了")
_BARE = frozenset(
    {"agree_keyword", "opt_out_exact", "greeting", "satisfied", "no", "daughter_name", "call_child", "left_post"}
)
"""Said as they stand: an exact word with trimmings would not be one any more."""


def phrases(key: str) -> tuple[str, ...]:
    return _PHRASES[key]


def say(key: str, person: Person, dice: Random) -> str:
    text = dice.choice(_PHRASES[key]).format(age=person.age, community=person.community, parent=_parent(person, dice))
    if key in _BARE:
        return text
    if key.startswith("ask_"):
        opener = dice.choice(_OPENERS) if dice.random() < 0.3 else ""
        ending = dice.choice(_ENDINGS) if text[-1] not in "啊吗呀不" else dice.choice(("", "？"))
        return opener + text + ending
    return text + dice.choice(("", "", "", "。", "！", " "))


def _parent(person: Person, dice: Random) -> str:
    return dice.choice(("爸", "父亲", "老爸") if person.gender == "男" else ("妈", "母亲", "老妈"))


def introduction(person: Person, dice: Random) -> str:
    """Surname and birth month, or firm and surname, as one gives them when asked; never more than that."""
    if person.is_firm:
        return f"{person.name}，姓{person.clerk[0]}"
    year, month = person.birth_month.split("-")
    surname = person.name[0]
    return dice.choice(
        (
            f"姓{surname}，{year}年{int(month)}月",
            f"我姓{surname}，{int(month)}月生的，{year}年",
            f"{surname}，{year}年{int(month)}月生",
            f"免贵姓{surname}，{year[2:]}年{int(month)}月份的",
        )
    )
