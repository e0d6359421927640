"""The service hall and the online service: who applies where and when, what is decided, and each evening's lists."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import partial
from random import Random

from sandbox.backend import Backend
from sandbox.ledger import Ledger
from sandbox.residents.personas import Decision, persona_of
from sandbox.services.workdays import workday_from
from sandbox.timeline import CHINA, Timeline, local, stamp
from sandbox.world import Person

EVENING = time(18, 30)
PAY_DAY = 20
HEALTH_CHECK = "elderly-health-check"
POLICY_NAMES = {
    "elderly-allowance": "高龄老人津贴",
    HEALTH_CHECK: "65岁以上老年人免费体检",
    "disabled-living-subsidy": "困难残疾人生活补贴",
    "startup-subsidy": "初创企业补贴（一次性创业资助）",
}
HEADER = ("受理编号", "身份证号", "事项", "状态", "办理渠道", "日期", "统一社会信用代码")


class Counter(StrEnum):
    """Where an application came in; each keeps its own list in its own encoding."""

    HALL = "hall"
    ONLINE = "online"


_ENCODING = {Counter.HALL: "gbk", Counter.ONLINE: "utf-8"}
_CHANNEL = {Counter.HALL: "大厅", Counter.ONLINE: "网上"}


class Progress(StrEnum):
    SUBMITTED = "受理"
    APPROVED = "办结"
    PAID = "发放"
    ATTENDED = "到检"


@dataclass(frozen=True, slots=True)
class ListEntry:
    number: str
    applicant: Person
    policy: str
    progress: Progress
    channel: str
    on: date


class Desk:
    def __init__(self, *, seed: int, timeline: Timeline, ledger: Ledger, backend: Backend) -> None:
        self._seed = seed
        self._timeline = timeline
        self._ledger = ledger
        self._backend = backend
        self._waiting: dict[Counter, list[ListEntry]] = {counter: [] for counter in Counter}
        self._intended: set[tuple[str, str]] = set()
        self._applied: set[tuple[str, str]] = set()

    def open(self) -> None:
        self._timeline.schedule(self._next_evening(), self._send_lists)

    def intend(self, person: Person, policies: frozenset[str], decision: Decision | None = None) -> None:
        """Someone has read, or heard, about these items. Who means to apply in person does so some days later, once."""
        decision = decision or persona_of(person).decision
        if decision not in (Decision.HALL, Decision.ONLINE):
            return
        for policy in sorted(policies - {policy for owner, policy in self._intended if owner == person.id}):
            self._intended.add((person.id, policy))
            counter = Counter.ONLINE if decision is Decision.ONLINE and policy != HEALTH_CHECK else Counter.HALL
            self._plan(person, policy, counter)

    def has_applied(self, person: Person, policy: str) -> bool:
        return (person.id, policy) in self._applied

    def take_in(self, person: Person, policy: str, counter: Counter, channel: str | None = None) -> None:
        """An application comes in now; a check-up is simply attended. Decision and payment follow by themselves."""
        if self.has_applied(person, policy):
            return
        self._applied.add((person.id, policy))
        today = local(self._timeline.now).date()
        dice = Random(f"{person.seed}:{policy}:decision")
        number = f"SZ{today:%y%m%d}{dice.randrange(10**6):06}"
        channel = channel or _CHANNEL[counter]
        if policy == HEALTH_CHECK:
            self._waiting[counter].append(ListEntry(number, person, policy, Progress.ATTENDED, channel, today))
            return
        approved = workday_from(today + timedelta(days=dice.randint(4, 12)))
        paid = _next_pay_day(approved)
        for progress, on in ((Progress.SUBMITTED, today), (Progress.APPROVED, approved), (Progress.PAID, paid)):
            entry = ListEntry(number, person, policy, progress, channel, on)
            self._timeline.schedule(_at(on, time(17)), partial(self._note, counter, entry))

    def _note(self, counter: Counter, entry: ListEntry) -> None:
        self._waiting[counter].append(entry)

    def _plan(self, person: Person, policy: str, counter: Counter) -> None:
        dice = Random(f"{person.seed}:{policy}:plan")
        today = local(self._timeline.now).date()
        day = today + timedelta(days=dice.choices((1, 2, 3, 5, 8, 12), (10, 14, 18, 20, 14, 8))[0])
        if counter is Counter.HALL:
            day = workday_from(day)
        when = _at(day, time(dice.randint(9, 16), dice.choice((0, 15, 30, 45))))
        self._timeline.schedule(when, lambda: self.take_in(person, policy, counter))

    def _send_lists(self) -> None:
        for counter in Counter:
            entries, self._waiting[counter] = self._waiting[counter], []
            if entries:
                self._send(counter, entries)
        self._timeline.schedule(self._next_evening(), self._send_lists)

    def _send(self, counter: Counter, entries: list[ListEntry]) -> None:
        """A list that was not taken is sent again with the next one."""
        name = f"{counter.value}-{local(self._timeline.now):%Y%m%d}.csv"
        status, _ = self._backend.upload("/api/v1/feeds/applications", name, _as_csv(counter, entries))
        taken = 200 <= status < 300
        if not taken:
            self._waiting[counter].extend(entries)
        self._ledger.lists.append(
            {
                "at": stamp(self._timeline.now),
                "channel": counter.value,
                "file": name,
                "answer": status,
                "taken": taken,
                "rows": [[*_row(entry)] for entry in entries],
            }
        )

    def _next_evening(self) -> datetime:
        now = local(self._timeline.now)
        evening = _at(now.date(), EVENING)
        return evening if evening > now else evening + timedelta(days=1)


def _row(entry: ListEntry) -> tuple[str, ...]:
    number = entry.applicant.id_number
    person, firm = ("", number) if entry.applicant.is_firm else (number, "")
    policy = POLICY_NAMES.get(entry.policy, entry.policy)
    return (entry.number, person, policy, entry.progress.value, entry.channel, entry.on.isoformat(), firm)


def _as_csv(counter: Counter, entries: list[ListEntry]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows(_row(entry) for entry in entries)
    return text.getvalue().encode(_ENCODING[counter])


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, CHINA)


def _next_pay_day(day: date) -> date:
    if day.day <= PAY_DAY:
        return day.replace(day=PAY_DAY)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=PAY_DAY)
