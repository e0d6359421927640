"""Spoken Chinese brought into the few words that times are read from: numerals, dialect, old signs, negations."""

from __future__ import annotations

import re
import unicodedata

NUMERALS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_ONES = "[一二三四五六七八九]"
NUMBER = rf"(?:\d{{1,2}}|[二三四五]十{_ONES}?|十{_ONES}?|[一二两三四五六七八九])"

_TRADITIONAL = str.maketrans(
    "晝點鐘禮週後個兩過號聽飯覺來時間國慶節勞動陽歲頭還給們這臨黃開陣",
    "昼点钟礼周后个两过号听饭觉来时间国庆节劳动阳岁头还给们这临黄开阵",
)
_SAME = (
    (r"行不行|得唔得|可不可以|方不方便|好不好|好唔好|行唔行", ""),
    (r"第二天(?!上午|早|下午|晚|中午|再|打|吧|$)", ""),
    (r"[十几]?(?P<few>[一二两三四五六七八九]?十)[来几多](?=分钟)", r"\g<few>"),
    (r"廿", "二十"),
    (r"(?<![一两二三四五六七八九十\d])个半(?=钟|小时)", "一个半"),
    (r"(?<![点])(?P<fives>[一两二三四五六七八九])个字(以?后|之后|再打)", r"\g<fives>个五分钟后"),
    (r"过了周末|周末(过后|以后|之后)", "下周一"),
    (r"过了(礼拜|星期)[天日六]", "下周一"),
    (r"拜(?=[一二三四五六日天])(?<!礼拜)", "礼拜"),
    (r"礼拜|星期", "周"),
    (r"周[天7七]|周日", "周日"),
    (r"(?<=[这本上下])个(?=周|月)", ""),
    (r"大后[日儿天]", "大后天"),
    (r"听日|听[天]|明儿个?|明日|第二天", "明天"),
    (r"今儿个?|今日|当天", "今天"),
    (r"(?<!大)后儿个?|(?<!大)后日", "后天"),
    (r"[听明](?=[早朝])[早朝](?!早)[上晨]?", "明天早上"),
    (r"[听明]晚(上)?", "明天晚上"),
    (r"今(早上?|朝)", "今天早上"),
    (r"今晚(上|黑)?", "今天晚上"),
    (r"(?<!以)(?<!之)(?<!过)后晚(上)?", "后天晚上"),
    (r"朝头早|朝早|早朝|早晨头", "早上"),
    (r"下昼|晏昼|晏就", "下午"),
    (r"夜晚黑?|晚头|晚黑|夜头", "晚上"),
    (r"食", "吃"),
    (r"而家|宜家|依家", "现在"),
    (r"点半钟", "点半"),
    (r"粒(?=钟)", "个"),
    (r"俩个?(?=小时|钟头|钟|月)", "两个"),
    (r"俩个?(?=天|日|周)", "两"),
    # The lunar calendar is not ours to guess at.
    (r"(大年|正月|腊月|冬月|农历|阴历|旧历)(初|廿|二十|三十|十)?[一二三四五六七八九十]*", ""),
    (r"(?<=[一两二三四五六七八九十\d])个多(?=小时|钟头|钟)", "个"),
    (r"(不是[^，,是]{1,10})(?=是)", r"\1，"),
    (r"个把(?=小时|钟头|钟)|一个[多来]?(?=小时|钟头|钟)", "一个"),
    (r"(?<=[一二三四五六七八九十\d])\s+(?=[点号月个])|(?<=点)\s+(?=[半一二三四五六七八九十\d])", ""),
    (r"(?<![二三月])十一(?=长假|假|以?后|之后|过后)", "国庆"),
    (r"(?<=[\d一二两三四五六七八九十])[时時](?!间|候)", "点"),
)
_NO_TIME = re.compile(r"(?<![今明后天])[早晚迟慢快大小](一点|点)(?!钟|半)|有一?点(?!钟)|一点[都也儿]|差一?点(?!钟)")
_REFUSED = (
    r"别|不要|不用|不方便|没空|没时间|没有空|不行|不在|不得[闲空]|唔得|唔好|冇空|唔方便|有事|要上班|开会|忙"
    r"|不是|太[晚早]|来不及|算了"
)
# What keeps somebody from the phone, unless it is over by then: 上午要去买菜, but 买完菜回来.
_ENGAGED = re.compile(r"吃饭(?!前)|要去|要出|去医院|买菜|看病|睡觉|上课|出门|接孙|接孩|打针|锻炼")
_OVER = re.compile(r"完|回来|以后|之后|后|前|再打")
# 三点前别打 asks for after three.
_NOT_BEFORE = re.compile(r"(以前|之前|前)(都|就)?(没空|不方便|不在家?|有事|忙|唔得|冇空|(别|不要|唔好)[^，,]{0,3}打)")
# 我五点下班，五点半打: the first says why.
_WORKS_UNTIL = re.compile(r"点(半|钟)?才?(下班|放学|收工|放工)$")
_CORRECTED = re.compile(
    r"(?:啊|哦|呃|哎|嗯)?(?:不对不对|不对|说错了?|记错了?|讲错了?|哦不|不不|唔系|唔係)[，,、\s啊是]+"
)
_CLAUSE = re.compile(r"[，,。；;！!？?、\s]+|但是?|不过")
_AFTER_REFUSAL = re.compile(
    r"((?:没空|没时间|没有空|不方便|不行|不在家?|不得闲|唔得(?:闲)?|冇空|唔方便|有事|开会|太[晚早]了?|(?:别|不要|不用|唔好)[^，]{0,6}打(?:了|来|给我)*))"
)


def number_in(spoken: str) -> int:
    """The value of an Arabic or Chinese number below 60; leading zeros as in 零五 are heard."""
    if spoken.isdigit() and spoken.isascii():
        return int(spoken)
    tens, ten, ones = spoken.lstrip("零〇").rpartition("十")
    return (NUMERALS.get(tens, 1) * 10 if ten else 0) + NUMERALS.get(ones, 0)


def in_simple_words(text: str) -> str:
    """One spelling for each time word; of what was put right in the same breath only the correction."""
    text = _CORRECTED.split(text)[-1]
    words = _NOT_BEFORE.sub("以后", unicodedata.normalize("NFKC", text).translate(_TRADITIONAL))
    for spelling, simple in _SAME:
        words = re.sub(spelling, simple, words)
    return _NO_TIME.sub("", words)


def positive_part(words: str) -> str:
    """What is left when the clauses that rule a time out (中午别打, 上午没空) are taken away."""
    marked = _AFTER_REFUSAL.sub(r"\1，", words)
    clauses = [clause for clause in _CLAUSE.split(marked) if clause and not _rules_out(clause)]
    if any(_names_an_hour(clause) for clause in clauses):
        clauses = [clause for clause in clauses if not _WORKS_UNTIL.search(clause)]
    return "，".join(clauses)


def _names_an_hour(clause: str) -> bool:
    return "点" in clause and not _WORKS_UNTIL.search(clause)


def _rules_out(clause: str) -> bool:
    return bool(re.search(_REFUSED, clause)) or bool(_ENGAGED.search(clause) and not _OVER.search(clause))
