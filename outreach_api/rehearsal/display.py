"""The demo in the terminal: a funnel that moves while the days go by, and the table at the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from models.vocabulary import MatchState
from outreach_api.language import say
from outreach_api.reports.funnel import Funnel
from outreach_api.web.vocabulary_words import VOCABULARY
from scheduler.policies.card import PolicyCard


def funnel_table(funnel: Funnel, cards: Mapping[str, PolicyCard]) -> Table:
    """One row a state, in the vocabulary's order, one column a policy; every column sums to its newly matched."""
    table = Table(title=say("应享未享 → 结果", "Newly matched → outcome"), title_justify="left", pad_edge=False)
    table.add_column(say("状态", "state"))
    policies = sorted(funnel.newly_matched)
    for policy_id in policies:
        table.add_column(say(cards[policy_id].short_name, cards[policy_id].name.en), justify="right", max_width=16)
    for state, words in VOCABULARY[MatchState].items():
        counts = [funnel.match_states.get(policy_id, {}).get(state, 0) for policy_id in policies]
        if any(counts):
            table.add_row(say(*words), *[str(count) if count else "·" for count in counts])
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
