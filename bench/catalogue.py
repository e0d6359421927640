"""The benches there are. A module is imported only when its bench runs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from bench.frame import Bench


@dataclass(frozen=True)
class Entry:
    module: str
    zh: str
    en: str

    def load(self) -> Bench:
        bench: Bench = import_module(self.module).BENCH
        return bench


BENCHES: dict[str, Entry] = {
    "fairness": Entry("bench.fairness", "十万条排队时别的活动多久开始发", "another campaign beside a long queue"),
    "import": Entry("bench.import_rows", "导入一百万行", "import a million rows"),
    "matching": Entry("bench.matching", "全部事项比对一百万居民", "match a million residents against every rule"),
    "delivery": Entry("bench.delivery", "发送两万条短信直到回执", "send 20,000 texts until their receipts are applied"),
    "webhooks": Entry("bench.webhooks", "短信回调：签名到落盘确认", "inbound texts, signed to durably acknowledged"),
    "chat": Entry("bench.chats", "一千个打开的聊天页", "a thousand open chat pages"),
    "understanding": Entry("bench.understanding", "没见过的话听懂多少", "messages that were never learnt, understood"),
    "turns": Entry("bench.turns", "助手一问一答的快慢，与原装 Rasa 对比", "a turn of the assistant, beside stock Rasa"),
    "voice": Entry(
        "bench.voice", "五十通电话同时打，多久开始回答", "fifty calls at once, and how soon each is answered"
    ),
    "console": Entry("bench.console", "一百万件工单的工作台", "the console over a million cases"),
    "audit": Entry(
        "bench.audit", "一百万条审计记录：核对多久、篡改漏几处", "a million audit entries, and 1,000 tamperings"
    ),
    "protection": Entry(
        "bench.protection", "保护措施的代价：一问一答、一页", "what protection costs a turn and a page"
    ),
    "reports": Entry("bench.reports", "一百万人次的报告和清单", "report on a million matches"),
}
