"""The demo in the terminal: a funnel that moves while the days go by, and the table at the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from outreach_api.language import say
from outreach_api.reports.funnel import Funnel
from scheduler.policies.card import PolicyCard

# States in the order a reader follows, with the words of docs and console.
SHOWN_STATES: tuple[tuple[str, str, str], ...] = (
    ("new", "未联系", "new"),
    ("in_outreach", "触达中", "in outreach"),
    ("interested", "有意愿", "interested"),
    ("callback", "约了回电", "callback"),
    ("in_queue", "待上门", "in queue"),
    ("awaiting_phone", "待查电话", "awaiting phone"),
    ("awaiting_result", "待结果", "awaiting result"),
    ("applied_by_reply", "短信申请", "applied by reply"),
    ("applied_online", "网上申请", "applied online"),
    ("applied_at_hall", "大厅申请", "applied at hall"),
    ("applied_by_visit", "上门代办", "applied by visit"),
    ("attended", "已参加", "attended"),
    ("already_enrolled", "原已享受", "already enrolled"),
    ("declined", "不需要", "declined"),
    ("opted_out", "拒绝联系", "opted out"),
    ("deceased", "已故", "deceased"),
    ("moved", "已迁出", "moved"),
    ("unreachable", "联系不上", "unreachable"),
    ("recalled", "已撤回", "recalled"),
    ("expired", "已过期", "expired"),
)


def funnel_table(funnel: Funnel, cards: Mapping[str, PolicyCard]) -> Table:
    """One row a state, one column a policy; every column sums to its newly matched."""
    table = Table(title=say("应享未享 → 结果", "Newly matched → outcome"), title_justify="left", pad_edge=False)
    table.add_column(say("状态", "state"))
    policies = sorted(funnel.newly_matched)
    for policy_id in policies:
        table.add_column(say(cards[policy_id].short_name, policy_id), justify="right")
    for state, zh, en in SHOWN_STATES:
        counts = [funnel.match_states.get(policy_id, {}).get(state, 0) for policy_id in policies]
        if any(counts):
            table.add_row(say(zh, en), *[str(count) if count else "·" for count in counts])
    table.add_section()
    table.add_row(say("合计", "sum"), *[str(sum(funnel.match_states.get(p, {}).values())) for p in policies])
    table.add_row(say("新发现", "newly matched"), *[str(funnel.newly_matched[p]) for p in policies])
    return table


def day_view(
    funnel: Funnel, cards: Mapping[str, PolicyCard], *, now: datetime, zone: ZoneInfo, day: int, days: int
) -> Group:
    local = now.astimezone(zone)
    head = Text.assemble((f"{local:%Y-%m-%d %H:%M} ", "bold"), say(f"第 {day}/{days} 天", f"day {day}/{days}"))
    return Group(head, ProgressBar(total=days, completed=day, width=60), funnel_table(funnel, cards), _below(funnel))


def _below(funnel: Funnel) -> Text:
    contacts = ", ".join(f"{channel} {count}" for channel, count in sorted(funnel.contacts.items()))
    cases = ", ".join(f"{kind} {count}" for kind, count in sorted(funnel.cases.items()))
    return Text(
        say(
            f"触达：{contacts or '无'}    工单：{cases or '无'}",
            f"contacts: {contacts or '-'}    cases: {cases or '-'}",
        )
    )
