"""The drill of an urgent notice: how long until the last of a hundred thousand has it, against the sandbox's carrier.

It runs in real time with the durability of a real installation. The carrier's receipts are left out: they come later
and hold nothing up.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from datetime import time as clock_time
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from sqlalchemy import func, select

from models.contact import Campaign, Contact
from models.conversation import ContactStop
from models.vocabulary import ContactPurpose, Refusal, StopReason, Waiver
from outreach_api.bootstrap import House, open_house
from outreach_api.clock import RunningClock
from outreach_api.delivery.worker import deliver_due
from outreach_api.language import say
from outreach_api.processes import free_port
from outreach_api.rehearsal.crowd import add_crowd, number_of
from outreach_api.rehearsal.demo import ACCOUNT_SID, FROM_NUMBER, START_ON, sandbox_program
from outreach_api.rehearsal.figures import BREACH_KINDS
from outreach_api.rehearsal.sandbox import SandboxClient
from outreach_api.rehearsal.singles import Singles
from outreach_api.rehearsal.steps import Steps
from outreach_api.settings import ROOT, Settings
from outreach_api.web.words import Locale, Speaker
from scheduler.planning.campaigns import CampaignDraft, approve_campaign, create_campaign, start_campaign
from scheduler.planning.notices import NoticeAudience
from scheduler.planning.rules import HOME_ZONE
from setup.words import is_chinese

START_AT = clock_time(10)
TEXT = "【罗湖区】演练：今天高温红色预警，请不要外出。身体不适请拨打120。"
SINGLES = 20
MOST_OTHER_START_SECONDS = 1.0
# One resident in so many has opted out, and must hear nothing.
ONE_STOPPED_IN = 100
THREADS = 8
PASS = 400
"""Contacts a pass, after each of which the bar moves."""
GUESSED_PER_SECOND = 200
STREET = "演练街道"
ANOTHER_ITEM = "elderly-allowance"


@dataclass(frozen=True)
class UrgentPlan:
    residents: int
    home: Path = field(default_factory=lambda: ROOT / "var" / "urgent")


@dataclass(frozen=True)
class UrgentResult:
    figures: dict[str, Any]

    @property
    def failed(self) -> bool:
        wrong = sum(self.figures["rule_breaches"].values()) + self.figures["sent_to_stopped"]
        untold = self.figures["queued"] != self.figures["sent"]
        return bool(wrong) or untold or self.figures["other_start_s"] > MOST_OTHER_START_SECONDS


_BREACHES_ZH = {"budget": "超次数", "quiet_hours": "时段外", "after_stop": "退订后", "duplicate_send": "重复"}


class UrgentDrill:
    def __init__(self, plan: UrgentPlan, console: Console) -> None:
        self.plan = plan
        self.console = console
        self.steps = Steps(console)

    def run(self) -> UrgentResult:
        shutil.rmtree(self.plan.home, ignore_errors=True)
        settings = self._settings()
        with contextlib.ExitStack() as stack:
            port = int(settings.twilio_base_url.rsplit(":", 1)[1])
            program = sandbox_program(port, log=self.plan.home / "log" / "sandbox.log")
            stack.callback(program.stop)
            program.start()
            start = datetime.combine(START_ON, START_AT, settings.zone)
            house = stack.enter_context(open_house(settings, clock=RunningClock(start)))
            count = f"{self.plan.residents:,}"
            with self.steps.step("crowd", say(f"准备 {count} 位居民", f"{count} residents")):
                stopped, others = self._people(house)
            program.wait_until_ready()
            sandbox = SandboxClient(settings.twilio_base_url)
            stack.callback(sandbox.close)
            self._prepare(sandbox, settings, start)
            result = self._drill(house, sandbox, stopped, others)
        self._show(result)
        return result

    def _settings(self) -> Settings:
        return Settings(
            home=self.plan.home,
            database_url="",
            public_url="http://127.0.0.1:9",
            twilio_account_sid=ACCOUNT_SID,
            twilio_auth_token=SecretStr(secrets.token_hex(16)),
            twilio_from=FROM_NUMBER,
            twilio_base_url=f"http://127.0.0.1:{free_port()}",
        )

    def _people(self, house: House) -> tuple[set[str], range]:
        """Numbers of the few who opted out, and the residents to whom another campaign writes meanwhile."""
        now = house.clock.now()
        told = add_crowd(house.sessions, self.plan.residents, street=STREET, now=now)
        others = add_crowd(house.sessions, SINGLES, street="别处", now=now)
        stopped = told[ONE_STOPPED_IN - 1 :: ONE_STOPPED_IN]
        with house.sessions.write() as session:
            session.add_all(
                ContactStop(reason=StopReason.OPT_OUT, resident_id=number, placed_at=now, placed_by="drill")
                for number in stopped
            )
        return {number_of(number) for number in stopped}, others

    def _prepare(self, sandbox: SandboxClient, settings: Settings, start: datetime) -> None:
        account = {"account_sid": settings.twilio_account_sid, "auth_token": _token(settings)}
        nowhere = {"inbound": settings.public_url, "api": settings.public_url, "api_token": "none"}
        sandbox.set_world({"people": [], "seed": 7, "start": start.isoformat(), "callbacks": nowhere, **account})

    def _drill(self, house: House, sandbox: SandboxClient, stopped: set[str], others: range) -> UrgentResult:
        notice_id, other_id = self._campaigns(house)
        with house.sessions.read() as session:
            sandbox.set_waivers([waiver_of(session.get_one(Campaign, notice_id))])
        began = house.clock.now()
        with self.steps.step("queue", say("为每个人排队", "Queue it for everybody")):
            queued = house.queue_notice(notice_id)
        singles = Singles(house.sessions, house.clock, other_id, ANOTHER_ITEM, others, self._every_seconds())
        with self.steps.step("send", say("发送", "Send")), self._bar(queued.queued) as bar:
            singles.start()
            self._send(house, bar)
            singles.stop()
            self._send(house, bar)
        creates = sandbox.ledger()["creates"]
        told = [create for create in creates if create["accepted"] and create["body"].startswith(TEXT)]
        with house.sessions.read() as session:
            mine = (Contact.campaign_id == notice_id, Contact.purpose == ContactPurpose.NOTICE)
            last = session.scalar(select(func.max(Contact.sent_at, type_=Contact.sent_at.type)).where(*mine))
        seconds = ((last or began) - began).total_seconds()
        starts = singles.starts()
        audit = sandbox.audit()
        return UrgentResult(
            {
                "queued": queued.queued,
                "sent": len(told),
                "left_out": {reason.value: count for reason, count in queued.left_out.items()},
                "seconds_to_last": round(seconds, 1),
                "per_s": round(len(told) / seconds, 1) if seconds else 0.0,
                "other_messages": len(starts),
                "other_start_s": round(max(starts, default=0.0), 3),
                "sent_to_stopped": sum(create["to"] in stopped for create in creates),
                "rule_breaches": {kind: audit[kind] for kind in BREACH_KINDS},
                "steps": [vars(step) for step in self.steps.done],
            }
        )

    def _campaigns(self, house: House) -> tuple[int, int]:
        now, today = house.clock.now(), START_ON
        notice = CampaignDraft(
            name=say("高温红色预警", "Heat warning"),
            notice=TEXT,
            audience=NoticeAudience(streets=(STREET,)),
            waives=frozenset(Waiver),
            daily_cap=1_000_000,
            starts_on=today,
        )
        other = CampaignDraft(name=ANOTHER_ITEM, policy_id=ANOTHER_ITEM, daily_cap=1000, starts_on=today)
        with house.sessions.write() as session:
            rows = [create_campaign(session, draft, by="staff:1", now=now) for draft in (notice, other)]
            for row in rows:
                approve_campaign(session, row, by="staff:2", now=now)
                start_campaign(session, row, by="staff:1", now=now)
            return rows[0].id, rows[1].id

    def _every_seconds(self) -> float:
        """Spread over the time that the notice takes, about."""
        return max(0.2, self.plan.residents / GUESSED_PER_SECOND / (SINGLES + 1))

    def _send(self, house: House, bar: Progress) -> None:
        task = bar.task_ids[0]
        while report := deliver_due(house.sessions, house.carriers, house.clock, threads=THREADS, limit=PASS):
            bar.advance(task, report.sent["accepted"])

    def _bar(self, total: int) -> Progress:
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        bar = Progress(*columns, console=self.console, disable=not self.console.is_terminal)
        bar.add_task("", total=total)
        return bar

    def _show(self, result: UrgentResult) -> None:
        for line in in_words(result):
            self.console.print(line, highlight=False)


def in_words(result: UrgentResult) -> Iterator[str]:
    """What came of the drill, line by line, in the terminal's language."""
    told = result.figures
    zh = f"发给 {told['sent']:,} 人，最后一条在 {told['seconds_to_last']} 秒，平均每秒 {told['per_s']} 条"
    en = f"{told['sent']:,} told, the last after {told['seconds_to_last']} s, {told['per_s']} a second"
    yield say(zh, en)
    speaker = Speaker(Locale.ZH if is_chinese() else Locale.EN, HOME_ZONE)
    left_out = [f"{speaker.word(Refusal(reason))} {count:,}" for reason, count in told["left_out"].items()]
    if left_out:
        yield say("没有发给：", "Not told: ") + say("，", ", ").join(left_out)
    most = MOST_OTHER_START_SECONDS
    zh = f"其间别的活动有 {told['other_messages']} 条，最久等 {told['other_start_s']} 秒开始发（最多 {most:g} 秒）"
    en = f"{told['other_messages']} of another campaign began within {told['other_start_s']} s (at most {most:g})"
    yield say(zh, en)
    breaches = told["rule_breaches"]
    zh = "，".join(f"{_BREACHES_ZH[kind]} {count}" for kind, count in breaches.items())
    en = ", ".join(f"{kind} {count}" for kind, count in breaches.items())
    yield say(f"触达规则违例：{zh}", f"Rule breaches: {en}")
    stopped = told["sent_to_stopped"]
    yield say(f"退订的人收到 {stopped} 条", f"sent to people who opted out: {stopped}")
    yield say("演练没有通过", "The drill failed") if result.failed else say("演练通过", "The drill passed")


def waiver_of(notice: Campaign) -> dict[str, Any]:
    """What the carrier's side is told of a notice: its words, what it may exceed, and who decided that."""
    return {
        "text": notice.notice,
        "waives": list(notice.waives or ()),
        "drawn_up_by": notice.created_by,
        "approved_by": notice.approved_by,
    }


def _token(settings: Settings) -> str:
    return settings.twilio_auth_token.get_secret_value()
