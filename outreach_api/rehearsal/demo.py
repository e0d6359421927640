"""The demo: one street from messy files to a reconciled funnel, with the real assistant and the carrier's protocol."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from rich.console import Console
from rich.live import Live

from models.crypto import KeyRing, write_key_ring
from models.event import Setting
from models.session import Durability
from models.vocabulary import Role
from outreach_api.bootstrap import House, import_folder, open_house
from outreach_api.cases.desk_capacity import desk_load
from outreach_api.cases.promise_figures import promise_figures
from outreach_api.cases.take_places import read_places, take_places
from outreach_api.clock import SettableClock, VirtualClock
from outreach_api.conversations.bot_process import bot_program
from outreach_api.language import say
from outreach_api.processes import Program, free_port, refuse_taken_port, sole_use_of
from outreach_api.rehearsal.campaigns import (
    add_teams,
    agent_token,
    forecast_campaigns,
    open_campaigns,
    open_surveys,
)
from outreach_api.rehearsal.display import day_view, funnel_table
from outreach_api.rehearsal.figures import BREACH_KINDS, reconcile_with_ledger
from outreach_api.rehearsal.run import Rehearsal
from outreach_api.rehearsal.sandbox import SandboxClient, callbacks_of, tied_to
from outreach_api.rehearsal.server import ServerThread
from outreach_api.rehearsal.steps import Steps
from outreach_api.reports.funnel import funnel
from outreach_api.settings import ROOT, Settings
from outreach_api.voice.settings import Transport, VoiceSettings
from outreach_api.web.app import create_app
from outreach_api.web.staff import add_staff
from outreach_api.web.tokens import Terms, add_token
from scheduler.planning.guards import Guards
from scheduler.planning.rules import CADENCE, OUTREACH_FOLLOWS_AGENTS, OUTREACH_FOLLOWS_CAPACITY
from scheduler.roster.import_population import ImportReport

START_ON = date(2026, 3, 2)
START_AT = clock_time(8, 0)
ACCOUNT_SID = "AC" + "0" * 31 + "1"
FROM_NUMBER = "+8675525550100"
AGENTS = ("desk-1", "desk-2")
TEAMS = ("T01", "T02")
VISITS_PER_DAY = 6
STREET_RESIDENTS = 200_000
SHARE_AT_THE_DOOR, SHARE_AT_A_DESK = 0.6, 0.05
"""Of those told, who are expected to need a visit, or an agent, until that is measured."""
CASES_AN_HOUR = 8
PLACES = "places.json"
# The sandbox's teams live a day in seconds.
UNHURRIED = 1_000_000
"""Stations and buildings of the made-up street, beside its registers."""
FAULTS = {
    "timeout_after_accept": 0.03,
    "error_before_accept": 0.02,
    "error_after_accept": 0.02,
    "rate_limited": 0.03,
    "duplicate_receipt": 0.1,
    "reordered_receipt": 0.1,
    "late_receipt": 0.05,
}
LADDER = [
    {"do": "text_offer", "after_days": 0},
    {"do": "text_reminder", "after_days": 4},
    {"do": "call", "after_days": 3},
    {"do": "home_help", "after_days": 3},
]
WATCHABLE_SECONDS_PER_DAY = 1.0
"""The unhurried demo takes at least this long for a day, so that a person can follow."""


@dataclass(frozen=True)
class DemoPlan:
    seed: int = 7
    days: int = 60
    faults: bool = False
    headless: bool = False
    broken_guard: str | None = None
    residents: int = STREET_RESIDENTS
    visits_per_day: int = VISITS_PER_DAY
    coupled: bool = True
    """Whether outreach follows the teams' room; without it everybody is told as fast as the campaigns allow."""
    port: int = 8000
    home: Path = field(default_factory=lambda: ROOT / "var" / "demo")
    bot: tuple[str, str] | None = None
    """Address and secret of an assistant that runs already; without it the demo starts its own."""

    @property
    def street(self) -> Path:
        return self.home / "street"


@dataclass(frozen=True)
class DemoResult:
    figures: dict[str, Any]
    ledger_hash: str

    @property
    def breached(self) -> bool:
        sums = [sum(self.figures["rule_breaches"].values())]
        sums += [self.figures[name] for name in ("lost", "duplicates", "unknown_unresolved")]
        return any(sums)


class Demo:
    def __init__(self, plan: DemoPlan, console: Console) -> None:
        self.plan = plan
        self.console = console
        self.steps = Steps(console)
        self.sign_in = ("demo", "")

    def run(self) -> DemoResult:
        """Run it all; unless headless, keep serving the console until interrupted.

        Raises:
            ProcessFault: another run uses the same folder, or the console's port is taken.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(sole_use_of(self.plan.home))
            if not self.plan.headless:
                refuse_taken_port(self.plan.port)
            shutil.rmtree(self.plan.home, ignore_errors=True)
            settings = self._settings()
            write_key_ring(key_ring_of(self.plan.seed), settings.keys)
            outside = self._start_programs(stack, settings)
            clock = self._clock(datetime.combine(START_ON, START_AT, settings.zone))
            house = self._open(stack, settings, clock)
            self._find_the_missing(house)
            sandbox = self._tie_together(stack, house, outside)
            self._show_sign_in()
            with self.steps.step("forecast", say("预测会怎样，事后对照", "Forecast, to be held against what comes")):
                forecast_campaigns(house)
            with self.steps.step("days", say(f"演练 {self.plan.days} 天", f"Live through {self.plan.days} days")):
                self._live(self._rehearsal(house, clock, sandbox))
            result = self._result(house, sandbox)
            self._show(house, result)
            if not self.plan.headless:
                self._keep_serving()
        return result

    def _settings(self) -> Settings:
        api_port = free_port() if self.plan.headless else self.plan.port
        sandbox_port = free_port()
        bot_url, bot_secret = self.plan.bot or (f"http://127.0.0.1:{free_port()}", secrets.token_urlsafe(24))
        return Settings(
            home=self.plan.home,
            database_url="",
            # Everything listens on this machine alone, and its accounts end with it.
            second_factor_for=[],
            # The demo's figures are those of one import; what the days ahead bring is not among them.
            look_ahead=False,
            port=api_port,
            public_url=f"http://127.0.0.1:{api_port}",
            bot_urls=[bot_url],
            bot_secret=SecretStr(bot_secret),
            twilio_account_sid=ACCOUNT_SID,
            twilio_auth_token=SecretStr(secrets.token_hex(16)),
            twilio_from=FROM_NUMBER,
            twilio_base_url=f"http://127.0.0.1:{sandbox_port}",
            carrier_connections=1,
            # By turns: on a socket, silence is a matter of the clock on the wall, which a rehearsal does not live by.
            voice=VoiceSettings(enabled=True, transport=Transport.GATHER),
        )

    def _start_programs(self, stack: contextlib.ExitStack, settings: Settings) -> list[Program]:
        """Start the assistant and the sandbox; they get ready while files are generated and imported."""
        logs = self.plan.home / "log"
        secret = settings.bot_secret.get_secret_value()
        programs = [sandbox_program(port_of(settings.twilio_base_url), log=logs / "sandbox.log")]
        if self.plan.bot is None:
            programs.append(bot_program(port=port_of(settings.bot_urls[0]), secret=secret, log=logs / "bot.log"))
        for program in programs:
            stack.callback(program.stop)
            program.start()
        return programs

    def _clock(self, start: datetime) -> SettableClock:
        return VirtualClock(start)

    def _rehearsal(self, house: House, clock: SettableClock, sandbox: SandboxClient) -> Rehearsal:
        return Rehearsal(house, clock, sandbox)

    def _serve_api(self, stack: contextlib.ExitStack, house: House) -> None:
        settings = house.settings
        stack.enter_context(ServerThread(create_app(house), host=settings.host, port=settings.port))

    def _open(self, stack: contextlib.ExitStack, settings: Settings, clock: SettableClock) -> House:
        guards = Guards.without(self.plan.broken_guard)
        return stack.enter_context(open_house(settings, clock=clock, guards=guards, durability=Durability.PROCESS_LOSS))

    def _find_the_missing(self, house: House) -> None:
        with self.steps.step("generate", say("生成一条街道的原始文件", "Generate one street's files")):
            self._generate()
        with self.steps.step("import", say("导入并合并名册", "Import and merge the files")):
            report = import_folder(house, self.plan.street, as_of=START_ON)
        self._show_import(report)
        with self.steps.step("match", say("比对：应享 − 已享 − 已知", "Match: eligible − enrolled − already known")):
            house.match(as_of=START_ON)

    def _generate(self) -> None:
        command = [
            sys.executable,
            "-m",
            "sandbox.street",
            "--out",
            str(self.plan.street),
            "--seed",
            str(self.plan.seed),
        ]
        command += ["--residents", str(self.plan.residents), "--start", START_ON.isoformat()]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    def _tie_together(self, stack: contextlib.ExitStack, house: House, outside: Sequence[Program]) -> SandboxClient:
        settings = house.settings
        with self.steps.step("start", say("等助手、沙盒和接口就绪", "Assistant, sandbox and API get ready")):
            for program in outside:
                program.wait_until_ready()
            self._serve_api(stack, house)
            sandbox = SandboxClient(settings.twilio_base_url)
            stack.callback(sandbox.close)
            self._prepare(house, sandbox)
        return sandbox

    def _prepare(self, house: House, sandbox: SandboxClient) -> None:
        now = house.clock.now()
        with house.sessions.write() as session:
            token = add_token(session, "sandbox", Terms(["feeds", "cases"], calls_a_minute=UNHURRIED), now=now)
            password = add_staff(session, "demo", say("演示主管", "Demo supervisor"), Role.SUPERVISOR)
            agents = {agent: agent_token(session, agent, now=now) for agent in AGENTS}
            open_campaigns(session, house.cards.values(), starts_on=START_ON, now=now, chat_links=True)
            take_places(session, read_places(self.plan.street / PLACES))
            add_teams(session, TEAMS, visits_per_day=self.plan.visits_per_day)
            open_surveys(session, starts_on=START_ON)
            rules: dict[str, Any] = {CADENCE: LADDER}
            if self.plan.coupled:
                rules |= {
                    OUTREACH_FOLLOWS_CAPACITY: {"share": SHARE_AT_THE_DOOR},
                    OUTREACH_FOLLOWS_AGENTS: {"share": SHARE_AT_A_DESK, "per_hour": CASES_AN_HOUR},
                }
            session.add_all(
                Setting(name=name, value=value, changed_at=now, changed_by="demo") for name, value in rules.items()
            )
        self.sign_in = ("demo", password)
        world = json.loads((self.plan.street / "world.json").read_text())
        ties = tied_to(house.settings, start=now, api_token=token, callbacks=self._callbacks(house.settings))
        sandbox.set_world({**world, "agents": agents, "seed": self.plan.seed, **ties})
        if self.plan.faults:
            sandbox.set_faults(FAULTS)

    def _callbacks(self, settings: Settings) -> dict[str, str]:
        return callbacks_of(settings)

    def _show_import(self, report: ImportReport) -> None:
        rows = sum(file.rows for file in report.files)
        rejected = sum(file.rejected for file in report.files)
        zh = f"  {rows:,} 行 → {report.people:,} 人；{rejected} 行未收，见 {report.rejects}"
        en = f"  {rows:,} rows → {report.people:,} people; {rejected} rows rejected, see {report.rejects}"
        self.console.print(say(zh, en), style="dim", highlight=False)

    def _live(self, rehearsal: Rehearsal) -> None:
        begin = rehearsal.clock.now()
        with self._view() as view:
            for day in range(1, self.plan.days + 1):
                started = time.monotonic()
                rehearsal.run_until(begin + timedelta(days=day))
                self._show_day(rehearsal.house, view, day)
                if not self.plan.headless:
                    time.sleep(max(0.0, WATCHABLE_SECONDS_PER_DAY - (time.monotonic() - started)))

    @contextlib.contextmanager
    def _view(self) -> Iterator[Live | None]:
        if self.plan.headless or not self.console.is_terminal:
            yield None
            return
        with Live(console=self.console, refresh_per_second=4) as view:
            yield view

    def _show_day(self, house: House, view: Live | None, day: int) -> None:
        if view is None:
            if day % 10 == 0:
                self.console.print(say(f"  第 {day} 天", f"  day {day}"), style="dim", highlight=False)
            return
        with house.sessions.read() as session:
            now = house.clock.now()
            found = funnel(session, now=now)
        view.update(day_view(found, house.cards, now=now, zone=house.settings.zone, day=day, days=self.plan.days))

    def _result(self, house: House, sandbox: SandboxClient) -> DemoResult:
        ledger, audit = sandbox.ledger(), sandbox.audit()
        with house.sessions.read() as session:
            found = funnel(session, now=house.clock.now())
            held = reconcile_with_ledger(session, ledger)
            promises = promise_figures(session, house.clock.now())
            desk = desk_load(session)
        figures = {
            "newly_matched": found.newly_matched,
            "match_states": found.match_states,
            "contacts": found.contacts,
            "cases": found.cases,
            "promises": {kind: figures.as_json() for kind, figures in promises.items()},
            "desk": desk,
            "ledger": {kind: len(ledger[kind]) for kind in ("creates", "receipts", "inbound")},
            "rule_breaches": {kind: audit[kind] for kind in BREACH_KINDS},
            "lost": held.lost,
            "duplicates": held.duplicates,
            "unknown_unresolved": held.unknown_unresolved,
            "steps": [vars(step) for step in self.steps.done],
            "ledger_hash": audit["ledger_hash"],
        }
        return DemoResult(figures, audit["ledger_hash"])

    def _show(self, house: House, result: DemoResult) -> None:
        with house.sessions.read() as session:
            self.console.print(funnel_table(funnel(session, now=house.clock.now()), house.cards))
        figures = result.figures
        breaches = ", ".join(f"{kind} {count}" for kind, count in figures["rule_breaches"].items())
        self.console.print(
            say("触达规则违例（按运营商台账计）：", "Rule breaches, by the carrier's ledger: ") + breaches
        )
        self.console.print(
            say("丢失 {} · 重复 {} · 未决 {}", "lost {} · duplicates {} · unknown {}").format(
                figures["lost"], figures["duplicates"], figures["unknown_unresolved"]
            )
        )
        self.console.print(say("台账摘要 ", "ledger hash ") + result.ledger_hash, style="dim", highlight=False)

    def _show_sign_in(self) -> None:
        if self.plan.headless:
            return
        username, password = self.sign_in
        address = f"http://127.0.0.1:{self.plan.port}/"
        self.console.print(
            say(
                f"控制台 {address}  用户名 {username}  密码 {password}",
                f"Console {address}  user {username}  password {password}",
            )
        )

    def _keep_serving(self) -> None:
        self._show_sign_in()
        self.console.print(say("按 Ctrl-C 结束", "Ctrl-C ends it"), style="dim")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


def key_ring_of(seed: int) -> KeyRing:
    """Keys for made-up people: people are taken in the order of their blind index, so a seed must fix that too."""
    sealing, look_up = (hashlib.sha256(f"{seed}:{use}".encode()).digest() for use in ("sealing", "look-up"))
    return KeyRing("demo", {"demo": sealing}, look_up)


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def sandbox_program(port: int, *, log: Path) -> Program:
    command = [sys.executable, "-m", "sandbox.serve", "--port", str(port)]
    return Program("sandbox", command, log=log, ready_url=f"http://127.0.0.1:{port}/_sandbox/ledger")
