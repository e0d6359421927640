"""One spelling for what was said: simplified, half-width, lower case, without filler words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

_SIMPLIFIED = OpenCC("t2s")

# An emoji is read as the word it stands for; skin tones and variation marks carry nothing.
_EMOJI = {
    "👌": "好",
    "🆗": "好",
    "👍": "好",
    "✅": "对",
    "✔": "对",
    "☑": "对",
    "√": "对",
    "⭕": "对",
    "💯": "好",
    "❌": "不",
    "✖": "不",
    "×": "不",
    "✗": "不",
    "🙅": "不要",
    "🚫": "不要",
    "🙏": "谢谢",
    "👋": "拜拜",
    "❓": "?",
    "❔": "?",
    "😡": "生气",
    "😠": "生气",
    "🤬": "生气",
    "👎": "差",
    "🤮": "差",
    "😐": "一般",
    "😑": "一般",
    "🥰": "满意",
    "😊": "满意",
    "❤": "满意",
    "🌹": "谢谢",
}
_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufe0e\ufe0f\ufeff\U0001f3fb-\U0001f3ff]")
_SAME_THRICE = re.compile(r"(.)\1{2,}")
_SAID_TWICE = re.compile(r"(..{1,7}?)[,、 ]?\1+")
_FILLERS = re.compile(
    r"(?:嗯+|呃+|额(?=[ ,那我你他])|唉+呀?|哎+[呀哟哦]?|诶+|欸+|那个(?=[那我你他她这嗯呃])|就是说|怎么说呢)[,,、 ]*"
)
_OPENING = re.compile(r"^(?:喂+[,,。!? ]*)+(?=.{2})")
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Give the text as it is compared and classified.

    Punctuation stays, since a bare "?" is a message of its own. What consists of nothing but fillers stays too: after a
    question 嗯 is an answer.
    """
    spoken = _UNSEEN.sub("", unicodedata.normalize("NFKC", text).strip().lstrip("/"))
    spoken = "".join(_EMOJI.get(character, character) for character in spoken)
    spoken = _SPACE.sub(" ", _SIMPLIFIED.convert(spoken).lower()).strip()
    spoken = _SAME_THRICE.sub(r"\1\1", spoken)
    return _without_fillers(spoken)


def _without_fillers(spoken: str) -> str:
    shorter = _FILLERS.sub("", _OPENING.sub("", spoken)).strip(" ,，、")
    if not any(character.isalnum() for character in shorter):
        return spoken
    return _SAID_TWICE.sub(r"\1", shorter)


# Written Cantonese and its Mandarin, longest first; readings of the same sentence in both go into the features.
_CANTONESE = {
    "几多钱": "多少钱",
    "几多": "多少",
    "几时": "什么时候",
    "几耐": "多久",
    "点样": "怎么",
    "点解": "为什么",
    "点办": "怎么办",
    "点搞": "怎么弄",
    "点知": "怎么知道",
    "点会": "怎么会",
    "点算": "怎么算",
    "点先": "怎么才",
    "边度": "哪里",
    "边个": "谁",
    "边位": "哪位",
    "边日": "哪天",
    "边间": "哪家",
    "乜嘢": "什么",
    "做乜": "为什么",
    "乜": "什么",
    "咩": "什么",
    "唔使": "不用",
    "唔该": "谢谢",
    "唔好意思": "不好意思",
    "唔好": "不要",
    "唔识": "不会",
    "唔系": "不是",
    "唔喺": "不在",
    "唔得闲": "没空",
    "唔得": "不行",
    "唔": "不",
    "冇": "没有",
    "佢哋": "他们",
    "你哋": "你们",
    "我哋": "我们",
    "佢": "他",
    "哋": "们",
    "系咪": "是不是",
    "系": "是",
    "喺度": "在",
    "喺": "在",
    "嘅": "的",
    "嗰个": "那个",
    "嗰": "那",
    "呢个": "这个",
    "呢度": "这里",
    "呢": "这",
    "畀": "给",
    "俾": "给",
    "攞": "拿",
    "搵": "找",
    "睇": "看",
    "嚟": "来",
    "翻嚟": "回来",
    "返工": "上班",
    "返嚟": "回来",
    "返": "回",
    "而家": "现在",
    "宜家": "现在",
    "依家": "现在",
    "听日": "明天",
    "寻日": "昨天",
    "今日": "今天",
    "后日": "后天",
    "朝早": "早上",
    "下昼": "下午",
    "夜晚": "晚上",
    "晏昼": "中午",
    "礼拜": "星期",
    "屋企": "家里",
    "阿妈": "妈妈",
    "老母": "妈妈",
    "阿爸": "爸爸",
    "老豆": "爸爸",
    "阿婆": "奶奶",
    "阿公": "爷爷",
    "个仔": "儿子",
    "个女": "女儿",
    "细路": "孩子",
    "老婆": "妻子",
    "老公": "丈夫",
    "行街": "逛街",
    "行唔到": "走不动",
    "瞓": "睡",
    "食饭": "吃饭",
    "食": "吃",
    "饮": "喝",
    "咗": "了",
    "紧": "着",
    "啲": "些",
    "咁": "这么",
    "噉": "这样",
    "嘢": "东西",
    "仲有": "还有",
    "仲": "还",
    "先至": "才",
    "打嚟": "打来",
    "倾": "聊",
    "讲": "说",
    "话俾": "告诉",
    "电脑": "电脑",
    "呃人": "骗人",
    "呃": "骗",
    "得闲": "有空",
    "收线": "挂了",
    "多谢": "谢谢",
    "早晨": "早上好",
    "啱啱": "刚刚",
    "啱": "对",
    "掂": "行",
    "识": "会",
    "揿": "按",
    "撳": "按",
    "同埋": "和",
    "同": "和",
    "俾人": "被人",
    "过身": "去世",
    "走咗": "走了",
    "搬咗": "搬了",
    "嬲": "生气",
    "成日": "整天",
    "好似": "好像",
    "即系": "就是",
    "即刻": "马上",
    "快啲": "快点",
    "慢慢": "慢慢",
    "咪": "别",
    "咪再": "别再",
    "烦住": "烦",
    "攰": "累",
    "企": "站",
    "落楼": "下楼",
    "落去": "下去",
    "净系": "只是",
    "净": "只",
    "係": "是",
}
_CANTONESE_WORD = re.compile("|".join(sorted(map(re.escape, _CANTONESE), key=len, reverse=True)))
_CANTONESE_MARK = re.compile(
    "[唔冇佢哋嘅咗喺嚟乜咩攞畀俾啲咁嗰噉嘢搵睇瞓啱揿嬲]|系咪|呢个|而家|点样|几多|点解|边度|边个|幾|唔该|收线"
)


def mandarin(spoken: str) -> str:
    """Put Cantonese words into Mandarin, leaving a sentence without Cantonese marks as it is."""
    if not _CANTONESE_MARK.search(spoken):
        return spoken
    return _CANTONESE_WORD.sub(lambda word: _CANTONESE[word.group()], spoken)
