"""Breaches of the contact rules, counted from the ledger alone: nothing the product says about itself is believed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sandbox.ledger import Entry, Ledger
from sandbox.timeline import local

SMS, VOICE, CHAT = "sms", "voice", "chat"
ANSWERING_WINDOW = timedelta(minutes=30)
OPEN: dict[str, tuple[tuple[time, time], ...]] = {
    SMS: ((time(9), time(20)),),
    VOICE: ((time(9), time(12)), (time(14, 30), time(20))),
}
PER_DAY, PER_WEEK = 1, 3


@dataclass(frozen=True, slots=True)
class Breaches:
    budget: int
    quiet_hours: int
    after_stop: int
    duplicate_send: int


class Rule(StrEnum):
    """What an urgent notice may be allowed to exceed; a stop and a duplicate never."""

    BUDGET = "budget"
    HOURS = "hours"


class Waiver(BaseModel):
    """What the office has decided of one urgent text; it counts only where a second person approved it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=10)
    """How the text begins."""
    waives: frozenset[Rule]
    drawn_up_by: str
    approved_by: str | None

    def covers(self, create: Entry, rule: Rule) -> bool:
        approved = bool(self.approved_by) and self.approved_by != self.drawn_up_by
        return approved and rule in self.waives and create.get("body", "").startswith(self.text)


@dataclass(frozen=True, slots=True)
class _Send:
    at: datetime
    contact: str | None
    channel: str
    waived: frozenset[Rule]


@dataclass(slots=True)
class _Line:
    """One number's history, each list in order of time."""

    sends: list[_Send]
    heard: list[tuple[datetime, bool]]
    texted: list[datetime]
    """When it wrote what a text may answer: what is written on the chat page is answered there."""

    def proactive(self, channel: str) -> list[_Send]:
        """A text is answering when this number spoke within the half hour before; a call never is."""
        sends = [send for send in self.sends if send.channel == channel]
        asked = self.texted if channel == SMS else []
        return [send for send in sends if not _between(asked, send.at - ANSWERING_WINDOW, send.at)]


def count_breaches(ledger: Ledger, waivers: Sequence[Waiver] = ()) -> Breaches:
    """Count what breaks a rule. What is waived is no breach, and still counts against the budget of what follows it."""
    lines = _by_number(ledger, waivers)
    return Breaches(
        budget=sum(_over_budget(line.proactive(channel)) for line in lines.values() for channel in OPEN),
        quiet_hours=sum(_in_quiet_hours(line.proactive(channel)) for line in lines.values() for channel in OPEN),
        after_stop=sum(_after_stop(line) for line in lines.values()),
        duplicate_send=_duplicates(ledger.creates),
    )


def _by_number(ledger: Ledger, waivers: Sequence[Waiver]) -> Mapping[str, _Line]:
    lines: dict[str, _Line] = defaultdict(lambda: _Line([], [], []))
    for create in _accepted(ledger.creates):
        waived = frozenset(rule for rule in Rule if any(waiver.covers(create, rule) for waiver in waivers))
        send = _Send(_instant(create), create["contact"], create.get("channel", SMS), waived)
        lines[create["to"]].sends.append(send)
    for message in ledger.inbound:
        if message.get("channel") == CHAT and not message.get("acknowledged", True):
            # The page told its writer that nobody has it.
            continue
        line = lines[message["from"]]
        line.heard.append((_instant(message), bool(message["stop"])))
        if message.get("channel") != CHAT:
            line.texted.append(_instant(message))
    for call in ledger.calls:
        # Who said nothing, or a machine, was not heard from.
        if call["said"]:
            lines[call["number"]].heard.append((_instant(call), bool(call["stop"])))
            lines[call["number"]].texted.append(_instant(call))
    for line in lines.values():
        line.sends.sort(key=lambda send: send.at)
        line.heard.sort(key=lambda heard: heard[0])
        line.texted.sort()
    return lines


def _over_budget(sends: Iterable[_Send]) -> int:
    """Sends beyond one a day and three in any seven days, days being those of the resident's calendar."""
    in_order = sorted(sends, key=lambda send: send.at)
    days: list[date] = [local(send.at).date() for send in in_order]
    breaches = 0
    for position, day in enumerate(days):
        if Rule.BUDGET in in_order[position].waived:
            continue
        week = position + 1 - bisect_left(days, day - timedelta(days=6))
        same_day = position + 1 - bisect_left(days, day)
        breaches += same_day > PER_DAY or week > PER_WEEK
    return breaches


def _in_quiet_hours(sends: Iterable[_Send]) -> int:
    return sum(
        not any(opens <= local(send.at).time() < closes for opens, closes in OPEN[send.channel])
        for send in sends
        if Rule.HOURS not in send.waived
    )


def _after_stop(line: _Line) -> int:
    """One acknowledgement within the half hour is allowed; then silence until the number itself writes again."""
    breaches = 0
    for position, (stopped_at, is_stop) in enumerate(line.heard):
        if not is_stop:
            continue
        until = (
            line.heard[position + 1][0]
            if position + 1 < len(line.heard)
            else datetime.max.replace(tzinfo=stopped_at.tzinfo)
        )
        later = [send.at for send in line.sends if stopped_at <= send.at < until]
        allowed = bool(later) and later[0] - stopped_at <= ANSWERING_WINDOW
        breaches += len(later) - allowed
    return breaches


def _duplicates(creates: Iterable[Entry]) -> int:
    contacts = Counter(create["contact"] for create in _accepted(creates) if create["contact"] is not None)
    return sum(count - 1 for count in contacts.values())


def _accepted(creates: Iterable[Entry]) -> list[Entry]:
    return [create for create in creates if create["accepted"]]


def _instant(entry: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["at"])


def _between(times: list[datetime], since: datetime, until: datetime) -> bool:
    return bisect_right(times, until) > bisect_left(times, since)
