"""Whether an answer speaks of what was asked: 要空腹吗 is not answered by what papers to bring.

A topic is wider than a question. Where the words name a thing and the card's sentence does not speak of it, an FAQ of
the item that does is the answer; else nobody here knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scheduler.policies.faq_search import Faq

_ACCOUNT = (
    r"(打|发|汇|转|存|划|拨)(钱)?(到|去|进|入|给|俾|畀|在)(我)?(哪|边度|边张|谁|边个|乜|什么)(?!天|日|个?月|时候|号)"
    r"|(哪|边|什么|啥)(一)?(张|个|本)?(银行)?(卡|存折|账户|帐户|户头|折子)"
    r"|(卡|存折|账户|帐户)[^,，。]{0,4}(换|丢|注销|冻结|挂失|过期|唔见)|(换|改)[^,，。]{0,3}(卡|账户|帐户)"
)
_TELEPHONE = r"电话(是)?(多少|几多)|(联系|咨询|服务|社康|社区|街道)的?(电话|热线)|打(哪个|什么|边个)电话"
# What is asked about, and what an answer to it would have to mention.
_TABLE: tuple[tuple[str, str], ...] = (
    (r"空腹|空肚|饿着|停药|喝水|饮水|早饭|早餐|(吃|食)(饭|东西|点东西|嘢|药)", r"空腹|早饭|早餐|吃"),
    (_ACCOUNT, r"(打|发|汇|退|存|入)[^,，。]{0,12}(卡|账户|存折|家长)|抵学费"),
    (r"月经|例假|大姨妈|经期", r"月经"),
    (r"(疼|痛)(吗|么|不疼|不痛|唔痛)|难受吗", r"疼|痛"),
    (r"报告|化验单|(检查|体检|化验)结果", r"报告|结果"),
    (r"(交|缴|扣)[^,，。]{0,4}税|纳税|个税", r"税"),
    (
        r"(影响|冲突|冲掉|顶掉)[^,，。]{0,6}(低保|退休|养老|社保|补贴|津贴|医保)|(低保|退休金|养老金)[^,，。]{0,6}影响",
        r"低保|影响|一起领|重复|同时",
    ),
    (_TELEPHONE, r"电话|[0-9]{5,}"),
)
_THINGS = tuple((re.compile(asked), re.compile(told)) for asked, told in _TABLE)


def speaks_of_it(question: str, answer: str) -> bool:
    """Whether the answer mentions every thing that the question names; True where it names none."""
    return all(told.search(answer) for asked, told in _THINGS if asked.search(question))


def names_a_thing(question: str) -> bool:
    return any(asked.search(question) for asked, _ in _THINGS)


def faq_about_it(question: str, faqs: Iterable[Faq]) -> Faq | None:
    """The first FAQ whose answer mentions what the question names."""
    if not names_a_thing(question):
        return None
    return next((faq for faq in faqs if speaks_of_it(question, faq.answer)), None)
