"""What is wrong with a card, in Chinese. The checker speaks English; this is its other tongue.

Each entry is the whole of an English message with what varies in it, and the same in Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from outreach_api.web.words import Locale, Speaker


def _either(values: str) -> str:
    return values.replace(" or ", " 或 ")


CHINESE: Mapping[str, str | Callable[[re.Match[str]], str]] = MappingProxyType(
    {
        # Problems
        r"is missing": "没有写",
        r"no such field": "没有这一项",
        r"given twice": "写了两遍",
        r"no rule field is called (.+)": r"规则里没有叫 \1 的字段",
        r"no operator is called (.+)": r"没有叫 \1 的比较方式",
        r"(.+) has no order": r"\1 不分大小",
        r"(.+) and this value do not go together": r"\1 不能配这样的值",
        r"between has (\d+) values": r"between 写了 \1 个值",
        r"(.+) is no value of (.+)": r"\2 没有 \1 这个值",
        r"between (.+) and (.+) holds nothing": r"\1 到 \2 之间没有人",
        r"an empty list holds nobody": "空的列表里没有人",
        r"several bands but nothing to step by": "分了几档，但没说按什么分",
        r"from (.+) to (.+) holds nobody": r"从 \1 到 \2 没有人",
        r"overlaps band (\d+)": r"和第 \1 档重叠",
        r"ends on (.+), before it starts on (.+)": r"\1 结束，却在 \2 才开始",
        r"“(.+)” would be said to residents": r"“\1”会说给居民听，可卡片自己写着不能这样说",
        r"the answer on (.+) has more than (\d+) characters with its source": r"\1 的回答连出处超过 \2 字",
        r"this is not YAML: (.+)": r"不是 YAML：\1",
        r"the file has (.+) bytes, a card at most (.+)": r"文件有 \1 字节，一张卡片最多 \2",
        r"the file is not UTF-8": "文件不是 UTF-8",
        r"the file is empty": "文件是空的",
        r"the file is not one card": "这不是一张卡片",
        r"the file is called (.+)": r"文件名是 \1",
        r"anchors and aliases are not read": "不能用 & 和 * 的引用",
        r"nested deeper than (\d+)": r"套得比 \1 层还深",
        r"(.+) is not a (.+)": r"\1 不是 \2",
        r"(.+) is also the id of (.+)": r"\1 也是 \2 的编号",
        r"input should be a valid string": "应该写文字",
        r"input should be a valid integer.*": "应该写整数",
        r"input should be a valid number.*": "应该写数字",
        r"input should be a valid boolean.*": "应该写 true 或 false",
        r"input should be a valid date.*": "应该写日期",
        r"input should be a valid (?:tuple|list|dictionary).*": "应该写列表或几行字段",
        r"input should be greater than (?:or equal to )?(.+)": r"应该大于 \1",
        r"input should be less than (?:or equal to )?(.+)": r"应该小于 \1",
        r"input should be (.+)": lambda found: f"应该是 {_either(found[1])}",
        r"string should have at most (\d+) characters?": r"最多 \1 字",
        r"string should have at least (\d+) characters?": r"至少 \1 字",
        r"string should match pattern (.+)": r"写法应该符合 \1",
        r"(?:tuple|list) should have at least (\d+) items? after validation, not (\d+)": r"至少要 \1 条，现在 \2 条",
        # What to do
        r"add it; write `null` when it is not known": "补上；不知道就写 `null`",
        r"use one of (.+)": lambda found: f"从这些里选：{_either(found[1])}",
        r"did you mean `(.+)`\?": r"是不是想写 `\1`？",
        r"write text here, in quotes if it looks like a number": "写文字；像数字的要加引号",
        r"write a whole number here": "写整数",
        r"write true or false here": "写 true 或 false",
        r"write a date such as 2026-03-01, without quotes": "日期写成 2026-03-01，不加引号",
        r"write a list: `\[one, two\]`": "写成列表：`[一, 二]`",
        r"write `key: value` lines below it": "在下面一行一项写 `字段: 值`",
        r"shorten it to (\d+) characters": r"缩到 \1 字以内",
        r"write at least (\d+) characters": r"至少写 \1 字",
        r"give at least (\d+)": r"至少写 \1 条",
        r"give a number above (.+)": r"写比 \1 大的数",
        r"see policies/schema\.json for what may stand here": "这里能写什么，看 policies/schema.json",
        r"use eq, ne or in": "用 eq、ne 或 in",
        r"in and between take a list, the others one value": "in 和 between 后面写列表，别的写一个值",
        r"give the lowest and the highest, both included": "写最低和最高，两头都算",
        r"give the lower one first": "小的写在前面",
        r"give the lower end first": "小的一头写在前面",
        r"name at least one value": "至少写一个值",
        r"name the rule field they step through": "写明按哪个字段分档",
        r"let each value fall into one band only \(both ends are included\)": "一个值只能落在一档里（两头都算）",
        r"correct one of the two dates": "改其中一个日期",
        r"a card that accepts replies says which word and what it means": "能回复办理的卡片要写明回什么字、什么意思",
        r"write a whole number": "写整数",
        r"write a number": "写数字",
        r"write true or false": "写 true 或 false",
        r"write text": "写文字",
        r"write a date such as 2026-03-01": "日期写成 2026-03-01",
        r"take it out of what is said": "从要说的话里去掉",
        r"shorten the labels, or give a long group a label of its own": "缩短条件的名称，或给一长串条件起个总名",
        r"say it shorter, or give the source a short name": "说短一点，或给出处起个短名",
        r"check the indentation, colons and quotes of that line": "看看那一行的缩进、冒号和引号",
        r"save the file as plain UTF-8 text": "存成 UTF-8 纯文本",
        r"save it as UTF-8": "存成 UTF-8",
        r"keep one item a file": "一个文件一项",
        r"write a card or remove the file": "写上卡片，或删掉文件",
        r"start with `id:` at the left margin, one item a file": "从最左边的 `id:` 写起，一个文件一项",
        r"write the value out": "把值直接写出来",
        r"split the rule up": "把规则拆开",
        r"keep this or line (\d+)": r"这一行和第 \1 行只留一个",
        r"write dates as 2026-03-01, or put the text in quotes": "日期写成 2026-03-01；文字加引号",
        r"give each item its own id, or a new version": "每项一个编号，或写新版本",
        # Refusals of a submission
        r"(\S+) has version (\d+) already; submit this as version (\d+)": r"\1 已有第 \2 版；请写成 version: \3",
        r"effective_from is missing; say from which day it replaces version (\d+)": (
            r"没有写 effective_from：请写明从哪天起代替第 \1 版"
        ),
        r"it starts on (\S+), not after version (\d+) \((\S+)\); let a later version start on a later day": (
            r"\1 生效，不晚于第 \2 版（\3）；新版本要晚一天以上生效"
        ),
        r"submission (\d+) of (\S+) version (\d+) waits for approval already": r"\2 第 \3 版已经在等审核（#\1）",
        r"(\S+) is none of your department's items": r"\1 不是您部门的事项",
    }
)


@cache
def in_chinese(message: str) -> str | None:
    """The same in Chinese; None where nobody has written it."""
    for english, chinese in CHINESE.items():
        if found := re.fullmatch(english, message, re.DOTALL):
            return chinese(found) if callable(chinese) else found.expand(chinese)
    return None


def fault_said(message: str, speaker: Speaker) -> tuple[str, str]:
    """The message for a reader, and the language it is in."""
    chinese = in_chinese(message) if speaker.locale is Locale.ZH else None
    return (chinese, Locale.ZH.tag) if chinese else (message, Locale.EN.tag)
