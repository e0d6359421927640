"""What the phone's page says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Locale(StrEnum):
    ZH = "zh"
    EN = "en"


_WORDS: dict[str, tuple[str, str]] = {
    "title": ("一部电话", "A phone"),
    "other": ("English", "中文"),
    "other_lang": ("en", "zh"),
    "skip": ("跳到短信", "Skip to messages"),
    "lead": (
        "这是居民手里的电话。短信会自己到；想接到电话，按“给我打电话”。",
        "This is the phone in a resident's hand. Texts arrive by themselves; press Call me to be called.",
    ),
    "you": ("您现在是", "You are"),
    "who": (
        "{name}，{year}年{month}月生。被问到时，就说“我姓{surname}，{month}月生的”。",
        "{name}, born in {month}/{year}. When asked, say 我姓{surname}，{month}月生的.",
    ),
    "try": ("可以试着", "Things to try"),
    "try_1": ("说“同意”，或者按 1", "Say 同意, or press 1"),
    "try_2": ("问“要带什么材料”“多少钱”", "Ask 要带什么材料 or 多少钱"),
    "try_3": ("说“你说慢一点”“再说一遍”", "Say 你说慢一点 (slower) or 再说一遍 (again)"),
    "try_4": ("说“你们是不是骗子”", "Say 你们是不是骗子 (are you a fraud?)"),
    "try_5": ("说“我走不动，能来家里吗”", "Say 我走不动，能来家里吗 (come to my home?)"),
    "try_6": ("按 0 找人工，按 9 不再接到电话", "Press 0 for a person, 9 never to be called again"),
    "call_me": ("给我打电话", "Call me"),
    "texts": ("短信", "Messages"),
    "no_texts": ("还没有短信", "No messages yet"),
    "write": ("写短信", "Write a text"),
    "send": ("发送", "Send"),
    "call": ("通话", "Call"),
    "calling": ("来电", "Incoming call"),
    "answer": ("接听", "Answer"),
    "decline": ("拒接", "Decline"),
    "talking": ("正在通话", "On the call"),
    "over": ("通话结束", "The call is over"),
    "hang_up": ("挂断", "Hang up"),
    "close": ("收起", "Close"),
    "you_say": ("您说的话", "What you say"),
    "say_it": ("说", "Say"),
    "phrases": ("可以这样说", "Phrases to say"),
    "speak": ("用嘴说", "Speak"),
    "speak_note": (
        "“用嘴说”用浏览器自带的语音识别，声音可能会送到浏览器的厂商。",
        "Speak uses the browser's own recogniser, which may send the sound to the browser's maker.",
    ),
    "listening": ("在听…", "Listening…"),
    "aloud": ("出声念", "Read aloud"),
    "keys": ("按键", "Keys"),
    "key": ("按键", "Key"),
    "by_me": ("您：", "You: "),
    "by_them": ("对方：", "They: "),
    "lost": ("和这部电话的联系断了，正在重连…", "The connection to this phone is lost; trying again…"),
}
SAYINGS = (
    ("我姓{surname}，{month}月生的", "who I am"),
    ("同意", "I agree"),
    ("要带什么材料", "what to bring?"),
    ("你说慢一点", "slower, please"),
    ("再说一遍", "once more"),
    ("我走不动，能来家里吗", "come to my home?"),
    ("你们是不是骗子", "are you a fraud?"),
    ("没有了，再见", "goodbye"),
)
"""What may be said by one press, with what it means."""

WORDS: Mapping[Locale, Mapping[str, str]] = MappingProxyType(
    {locale: {key: pair[place] for key, pair in _WORDS.items()} for place, locale in enumerate(Locale)}
)
