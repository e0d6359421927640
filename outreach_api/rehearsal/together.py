"""The demo with its parts apart: two schedulers, two API processes and three workers on one PostgreSQL.

All read one clock. It moves on only when the database shows that nothing is in flight and nothing due is left, so that
no process ever holds an older time over work of a newer one. Which worker does what is up to them; what is promised is
not.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from sqlalchemy import exists, inspect, select

from models.contact import Contact, Receipt
from models.conversation import Inbound
from models.event import JobSlot
from models.session import make_engine
from models.vocabulary import ContactState, InboundState
from outreach_api.bootstrap import House
from outreach_api.clock import SettableClock, SharedClock
from outreach_api.due import next_work_at
from outreach_api.processes import ProcessFault, Program, free_port
from outreach_api.rehearsal.cluster import running_cluster
from outreach_api.rehearsal.demo import START_AT, START_ON, Demo, DemoPlan, DemoResult
from outreach_api.rehearsal.run import ROUNDS_PER_INSTANT, Rehearsal, RehearsalFault
from outreach_api.rehearsal.sandbox import SandboxClient
from outreach_api.settings import Settings
from outreach_api.waking import wake
from scheduler.tick import next_due
from setup import programs

PARTS = {"api": 2, "worker": 3, "scheduler": 2}
BEFORE_THE_DAY = timedelta(minutes=10)
READY_SECONDS = 300.0
LOOK_SECONDS = 0.004
WAKE_AGAIN_SECONDS = 0.25
# What stays due for so long although everybody was woken is held back by something: an open breaker, a sender's rate.
HELD_BACK_SECONDS = 2.0
IN_FLIGHT_SECONDS = 120.0


@contextlib.contextmanager
def database_for(plan: DemoPlan) -> Iterator[str]:
    """The address of an empty PostgreSQL database: the one that is set, else one of a throw-away server.

    Raises:
        ProcessFault: the one that is set is in use, or there is no PostgreSQL on this machine.
    """
    given = Settings().database_url
    if given:
        _refuse_used(given)
        yield given
        return
    folder = programs.find_postgres()
    if folder is None:
        raise ProcessFault(f"{programs.POSTGRES.name}: {programs.POSTGRES.remedy}")
    with running_cluster(folder) as cluster:
        yield cluster.url(cluster.create_database())


def _refuse_used(url: str) -> None:
    engine = make_engine(url)
    try:
        if inspect(engine).get_table_names():
            raise ProcessFault("the database of OUTREACH_DATABASE_URL has tables already: the demo wants an empty one")
    finally:
        engine.dispose()


class TogetherDemo(Demo):
    def __init__(self, plan: DemoPlan, console: Console, database_url: str) -> None:
        super().__init__(plan, console)
        self._database_url = database_url
        self._ports = [free_port() for _ in range(PARTS["api"])]
        self._parts: list[Program] = []

    def _settings(self) -> Settings:
        settings = super()._settings()
        return settings.model_copy(
            update={
                "database_url": self._database_url,
                "clock_file": self.plan.home / "clock",
                "port": self._ports[0],
                "public_url": _address(self._ports[0]),
            }
        )

    def _start_programs(self, stack: contextlib.ExitStack, settings: Settings) -> list[Program]:
        """The parts too get ready while files are imported, at an hour at which nothing is due yet."""
        start = datetime.combine(START_ON, START_AT, settings.zone)
        SharedClock(self.plan.home / "clock").set(start - BEFORE_THE_DAY)
        outside = super()._start_programs(stack, settings)
        for kind, count in PARTS.items():
            for number in range(count):
                # Each API process is called by its own address, and each worker's receipts come to one of them.
                self._parts.append(_part(kind, number, self._ports[number % len(self._ports)], settings))
        for part in self._parts:
            stack.callback(part.stop)
            part.start()
        return [*outside, *self._parts]

    def _clock(self, start: datetime) -> SettableClock:
        return SharedClock(self.plan.home / "clock")

    def _callbacks(self, settings: Settings) -> dict[str, str]:
        """Residents write to one API process, teams and halls call the other."""
        one, other = self._ports
        return {"inbound": f"{_address(other)}/webhooks/twilio/inbound", "api": _address(one)}

    def _serve_api(self, stack: contextlib.ExitStack, house: House) -> None:
        """They serve already."""

    def _rehearsal(self, house: House, clock: SettableClock, sandbox: SandboxClient) -> Rehearsal:
        clock.set(clock.now() + BEFORE_THE_DAY)
        return TogetherRehearsal(house, clock, sandbox, self._parts)

    def _result(self, house: House, sandbox: SandboxClient) -> DemoResult:
        result = super()._result(house, sandbox)
        for part in self._parts:
            part.stop()
        result.figures.update(processes=PARTS, slots=slots_of(house, self._scheduler_logs()))
        return result

    def _scheduler_logs(self) -> list[Path]:
        return [part.log for part in self._parts if part.name.startswith("scheduler")]


def slots_of(house: House, logs: Iterable[Path]) -> dict[str, int]:
    """Slots in the database against what the schedulers' logs say that they ran."""
    lines = [line for log in logs for line in log.read_text("utf-8").splitlines() if line.startswith("{")]
    entries = [json.loads(line) for line in lines]
    ran = Counter((entry["job"], entry["slot"]) for entry in entries if entry["event"] == "job_ran")
    with house.sessions.read() as session:
        rows = session.execute(select(JobSlot.job, JobSlot.slot, JobSlot.result)).all()
    # A job's first row only says since when its slots count.
    due = {(job, slot.isoformat()) for job, slot, result in rows if result != {}}
    twice, missed = ran.total() - len(ran), len(due - set(ran))
    return {"due": len(due), "ran": ran.total(), "ran_twice": twice, "not_run": missed}


class TogetherRehearsal(Rehearsal):
    """Moves the clock on for processes that it only sees in the database."""

    def __init__(self, house: House, clock: SettableClock, sandbox: SandboxClient, parts: Sequence[Program]) -> None:
        super().__init__(house, clock, sandbox)
        self._parts = parts

    def _settle_instant(self) -> datetime | None:
        """The world acts, the processes answer, until the world finds nothing new in what they did."""
        now = self.clock.now()
        step = self.sandbox.set_clock(now)
        for _ in range(ROUNDS_PER_INSTANT):
            self._wait_until_quiet(now)
            step = self.sandbox.set_clock(now)
            if not step.delivered:
                return step.next_at
        raise RehearsalFault(f"work at {now:%F %T} does not come to an end")

    def _next_instant(self, sandbox_next: datetime | None) -> datetime | None:
        now = self.clock.now()
        due = [instant for instant in (sandbox_next, self._house_next(now)) if instant is not None]
        return max(min(due), now + timedelta(seconds=1)) if due else None

    def _house_next(self, now: datetime) -> datetime | None:
        house = self.house
        instants = [
            next_due(house.jobs, house.sessions, now),
            next_work_at(house.sessions, channels=house.carriers.keys(), now=now),
        ]
        return min((instant for instant in instants if instant is not None), default=None)

    def _wait_until_quiet(self, now: datetime) -> None:
        begun = woken = time.monotonic()
        self._wake()
        while True:
            in_flight = self._in_flight()
            upcoming = None if in_flight else self._house_next(now)
            if not in_flight and (upcoming is None or upcoming > now):
                return
            waited = time.monotonic() - begun
            if not in_flight and waited > HELD_BACK_SECONDS:
                return
            if waited > IN_FLIGHT_SECONDS:
                raise RehearsalFault(f"at {now:%F %T} something stays in flight")
            if time.monotonic() - woken > WAKE_AGAIN_SECONDS:
                woken = time.monotonic()
                self._wake()
            time.sleep(LOOK_SECONDS)

    def _wake(self) -> None:
        for part in self._parts:
            part.check()
        with self.house.sessions.write() as session:
            wake(session)

    def _in_flight(self) -> bool:
        with self.house.sessions.read() as session:
            return any(
                session.execute(
                    select(
                        exists().where(Receipt.applied_at.is_(None)),
                        exists().where(Inbound.state == InboundState.PROCESSING),
                        exists().where(Contact.state == ContactState.SENDING),
                        exists().where(JobSlot.finished_at.is_(None)),
                    )
                ).one()
            )


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _part(kind: str, number: int, port: int, settings: Settings) -> Program:
    is_api = kind == "api"
    environment = {
        "HOME": str(settings.home),
        "KEY_FILE": str(settings.keys),
        "DATABASE_URL": settings.database_url,
        "CLOCK_FILE": str(settings.clock_file),
        "POLICIES": str(settings.policies),
        "PORT": str(port),
        "PUBLIC_URL": _address(port),
        "BOT_URLS": json.dumps(settings.bot_urls),
        "BOT_SECRET": settings.bot_secret.get_secret_value(),
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token.get_secret_value(),
        "TWILIO_FROM": settings.twilio_from,
        "TWILIO_BASE_URL": settings.twilio_base_url,
        "SECOND_FACTOR_FOR": json.dumps([role.value for role in settings.second_factor_for]),
        "VOICE_ENABLED": str(settings.voice.enabled),
        "VOICE_TRANSPORT": settings.voice.transport.value,
    }
    name = f"{kind}-{number + 1}"
    return Program(
        name,
        [sys.executable, "-P", "-m", "outreach_api.cli", kind],
        log=settings.home / "log" / f"{name}.log",
        ready_url=f"{_address(port)}/readyz" if is_api else None,
        ready_seconds=READY_SECONDS,
        env={f"OUTREACH_{key}": value for key, value in environment.items()},
    )
