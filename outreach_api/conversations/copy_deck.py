"""Every fixed sentence that residents get from the assistant; the sentences themselves are in copy_deck.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from models.vocabulary import Audience, Channel
from outreach_api.conversations.decision import Line
from scheduler.plain_yaml import read_yaml

_DECK = read_yaml(Path(__file__).with_name("copy_deck.yaml").read_text(encoding="utf-8"))
LINES: Mapping[str, str] = MappingProxyType(_DECK["lines"])
FIRM_LINES: Mapping[str, str] = MappingProxyType(_DECK["firm_lines"])
"""Said to a firm's clerk in the place of the line of the same name."""
READINGS: Mapping[str, str] = MappingProxyType(_DECK["readings"])
"""How an intent is offered in a numbered choice."""
OFFERS: Mapping[str, str] = MappingProxyType({**_DECK["offers"], **_DECK["firm_offers"]})
QUESTION_LINES = frozenset(_DECK["questions"])
"""Those that put a question: what is said next answers it."""
# On the phone nobody replies by writing.
_SPOKEN = (
    ("请回复数字", "请说第几个"),
    ("请回复", "请说"),
    ("回复", "说"),
    ("发消息", "打电话"),
    ("不要就不用回", "不要就说不要"),
    ("就不用回了", "就说不用"),
    ("就回“", "就说“"),
    ("您回“", "您说“"),
    ("，回“", "，说“"),
    ("不能回短信申请", "不能在电话里申请"),
    ("发“我要办”给我们", "跟我们说“我要办”"),
    ("填错了", "说错了"),
    ("点错了", "弄错了"),
)


def say(key: str, audience: Audience = Audience.PERSON, **values: str) -> Line:
    """A line of the deck, filled in; to a firm in its own register."""
    text = FIRM_LINES.get(key, LINES[key]) if audience is Audience.ENTERPRISE else LINES[key]
    return Line(key, text.format(**values))


def numbered(entries: list[str]) -> str:
    """`1.高龄津贴 2.免费体检`."""
    return " ".join(f"{number}.{entry}" for number, entry in enumerate(entries, start=1))


def for_channel(text: str, channel: Channel) -> str:
    """The text as it is said on that channel."""
    if channel is Channel.VOICE:
        for written, spoken in _SPOKEN:
            text = text.replace(written, spoken)
    return text
