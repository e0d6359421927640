"""Real kills: processes that send and take in are ended by SIGKILL at random moments, and started again.

The carrier is the sandbox in a process of its own, and its ledger is the judge. Time is virtual and shared: it moves on
by itself, so that what waits for ten minutes or an hour does not hold the run up.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

import httpx
from sqlalchemy import func, insert, select

from bench.databases import ENGINES, fresh_database
from bench.front_door import ACCOUNT, TOKEN, front_door_environment
from bench.sending_house import NOON, WORDS, accept_contacts, settle_people
from bench.street import working_folder
from models.contact import Contact
from models.conversation import Inbound
from models.session import make_engine
from models.vocabulary import ContactState
from outreach_api.bootstrap import House, open_house
from outreach_api.clock import SharedClock
from outreach_api.processes import ProcessFault, Program, free_port
from outreach_api.rehearsal.demo import sandbox_program
from outreach_api.rehearsal.figures import TAKEN_BY_CARRIER
from outreach_api.rehearsal.sandbox import SandboxClient
from outreach_api.settings import Settings
from proof.killed_house import API, SERVE, WORKER
from proof.naive_sender import CREATED, metadata, notifications
from sandbox.carrier.signature import sign

SQLITE, POSTGRES = ENGINES
CONTACTS_A_KILL = 60
LIVES = (0.3, 1.5)
"""How long a process is up before it is killed, in seconds."""
TICK = timedelta(seconds=20)
TICK_SECONDS = 0.05
KNOCK_SECONDS = 0.1
SETTLE_SECONDS = 180.0
UNSETTLED = (ContactState.PLANNED, ContactState.SENDING, ContactState.UNKNOWN)
"""A receipt that came while nobody was here does not come again: accepted may be the last that is known."""
NEVER_SENT = (ContactState.PLANNED, ContactState.SENDING, ContactState.CANCELLED, ContactState.NOT_SENT)


@dataclass
class Toll:
    """What so many kills came to."""

    kills: int
    sent: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicates: int = 0
    unknown_unlisted: int = 0
    recoveries: list[float] = field(default_factory=list)

    def told(self) -> dict[str, float]:
        """For who reads the figures."""
        counted = {name: value for name, value in vars(self).items() if name != "recoveries"}
        return counted | ({"recovery_p95_s": round(self.recovery_p95_s, 2)} if self.recoveries else {})

    @property
    def recovery_p95_s(self) -> float:
        return quantiles(self.recoveries, n=20)[-1] if len(self.recoveries) > 1 else max(self.recoveries, default=0.0)


def kill_house(engine: str, kills: int, dice: Random) -> Toll:
    """Kill `serve` on SQLite, or the API and the worker on PostgreSQL; then hold every table against the ledger.

    Raises:
        ProcessFault: a program did not start, or the house did not settle in time.
    """
    toll = Toll(kills)
    with working_folder() as folder, fresh_database(engine, folder) as database:
        outside = _Outside(folder, database)
        os.environ.update(outside.environment)
        parts = [SERVE] if engine == SQLITE else [API, WORKER]
        with open_house(Settings(_env_file=None), clock=outside.clock) as house, outside.running():
            with house.sessions.write() as session:
                people = settle_people(session, kills * CONTACTS_A_KILL)
            programs = {part: _program(part, outside.environment) for part in parts}
            visitor = _Visitor(outside.port, outside.clock)
            with contextlib.ExitStack() as stack:
                for program in programs.values():
                    stack.enter_context(program)
                with visitor.knocking():
                    for number in range(kills):
                        first = number * CONTACTS_A_KILL
                        accept_contacts(house, people[first : first + CONTACTS_A_KILL])
                        time.sleep(dice.uniform(*LIVES))
                        part = dice.choice(parts)
                        began = _kill(programs[part])
                        programs[part].start()
                        if part != WORKER:
                            toll.recoveries.append(visitor.is_answered_after(began))
                _wait_until(lambda: not _unsettled(house), programs)
            toll.acknowledged = len(visitor.acknowledged)
            _judge(toll, database, outside.sandbox.ledger(), visitor.acknowledged)
    return toll


def kill_naive(kills: int, dice: Random) -> Toll:
    """The same kills of the usual sender, on SQLite."""
    toll = Toll(kills)
    with working_folder() as folder, fresh_database(SQLITE, folder) as database:
        outside = _Outside(folder, database)
        engine = make_engine(database)
        metadata.create_all(engine)
        log = folder / "naive.log"
        program = Program(
            "naive sender",
            [sys.executable, "-P", "-m", "proof.naive_sender"],
            log=log,
            ready_url=None,
            env=outside.environment,
        )
        with outside.running(), program:
            for number in range(kills):
                now = outside.clock.now()
                rows = [
                    {"to": f"+86139{number * CONTACTS_A_KILL + place:08d}", "text": WORDS, "created_at": now}
                    for place in range(CONTACTS_A_KILL)
                ]
                with engine.begin() as connection:
                    connection.execute(insert(notifications), rows)
                sent = len(outside.sandbox.ledger()["creates"])
                _wait_for(lambda before=sent: len(outside.sandbox.ledger()["creates"]) > before)
                time.sleep(dice.uniform(*LIVES) / 3)
                _kill(program)
                program.start()
            _wait_for(lambda: not _created_left(engine))
            accepted = [one for one in outside.sandbox.ledger()["creates"] if one["accepted"]]
        engine.dispose()
    by_id = Counter(one["contact"] for one in accepted)
    toll.sent, toll.duplicates = len(by_id), sum(count - 1 for count in by_id.values())
    return toll


class _Outside:
    """The carrier with its clock, and what a house must know of both."""

    def __init__(self, folder: Path, database: str) -> None:
        self.port = free_port()
        self._carrier_port = free_port()
        self._log = folder / "sandbox.log"
        self.clock = SharedClock(folder / "clock")
        self.clock.set(NOON)
        self.sandbox = SandboxClient(f"http://127.0.0.1:{self._carrier_port}")
        self.environment = front_door_environment(folder, database, port=self.port) | {
            "OUTREACH_TWILIO_BASE_URL": f"http://127.0.0.1:{self._carrier_port}",
            "OUTREACH_CLOCK_FILE": str(folder / "clock"),
            "OUTREACH_BOT_SECRET": "unused",
            "OUTREACH_BOT_URLS": "[]",
        }

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        url = f"http://127.0.0.1:{self.port}"
        world: dict[str, Any] = {
            "people": [],
            "teams": {"count": 0},
            "callbacks": {"inbound": f"{url}/webhooks/twilio/inbound", "api": url, "api_token": "unused"},
            "account_sid": ACCOUNT,
            "auth_token": TOKEN,
            "start": NOON.isoformat(),
        }
        ended = threading.Event()
        with sandbox_program(self._carrier_port, log=self._log):
            self.sandbox.set_world(world)
            ticking = threading.Thread(target=self._tick, args=(ended,), name="time")
            ticking.start()
            try:
                yield
            finally:
                ended.set()
                ticking.join()
                self.sandbox.close()

    def _tick(self, ended: threading.Event) -> None:
        """At night time stands still: nothing would be sent."""
        now = NOON
        while not ended.wait(TICK_SECONDS):
            now = _by_day(now + TICK)
            self.clock.set(now)
            with contextlib.suppress(httpx.HTTPError):
                self.sandbox.set_clock(now)


def _by_day(instant: datetime) -> datetime:
    return instant if instant.hour < 19 else (instant + timedelta(days=1)).replace(hour=9, minute=30)


class _Visitor:
    """Writes to the house again and again, signed as the carrier signs, and remembers what was acknowledged."""

    def __init__(self, port: int, clock: SharedClock) -> None:
        self._url = f"http://127.0.0.1:{port}/webhooks/twilio/inbound"
        self._clock = clock
        self.acknowledged: list[str] = []
        self._answered_at = 0.0
        self._ended = threading.Event()

    @contextlib.contextmanager
    def knocking(self) -> Iterator[None]:
        thread = threading.Thread(target=self._knock, name="visitor")
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def is_answered_after(self, moment: float) -> float:
        """How long after that moment the first text was acknowledged again, in seconds."""
        _wait_for(lambda: self._answered_at > moment)
        return self._answered_at - moment

    def _knock(self) -> None:
        number = 0
        with httpx.Client(timeout=20, trust_env=False) as http:
            while not self._ended.wait(KNOCK_SECONDS):
                number += 1
                sid = f"SMproof{number:026d}"
                form = {"AccountSid": ACCOUNT, "MessageSid": sid, "From": f"+86137{number:08d}", "Body": "退订"}
                form |= {"To": "+8675500012345"}
                began = time.monotonic()
                try:
                    headers = {"X-Twilio-Signature": sign(TOKEN, self._url, form)}
                    answer = http.post(self._url, data=form, headers=headers)
                except httpx.HTTPError:
                    continue
                if answer.is_success:
                    self.acknowledged.append(sid)
                    self._answered_at = began


def _program(part: str, environment: dict[str, str]) -> Program:
    ready = None if part == WORKER else f"http://127.0.0.1:{environment['OUTREACH_PORT']}/healthz"
    command = [sys.executable, "-P", "-m", "proof.killed_house", part]
    log = Path(environment["OUTREACH_HOME"]) / f"{part}.log"
    return Program(part, command, log=log, ready_url=ready, env=environment)


def _kill(program: Program) -> float:
    began = time.monotonic()
    os.kill(program.pid, signal.SIGKILL)
    program.stop()
    return began


def _judge(toll: Toll, database: str, ledger: dict[str, list[dict[str, Any]]], acknowledged: list[str]) -> None:
    accepted = Counter(int(one["contact"]) for one in ledger["creates"] if one["accepted"])
    engine = make_engine(database)
    try:
        with engine.connect() as connection:
            states = {row.id: row.state for row in connection.execute(select(Contact.id, Contact.state))}
            kept = set(connection.scalars(select(Inbound.provider_ref)))
    finally:
        engine.dispose()
    toll.sent = len(accepted)
    toll.duplicates = sum(count - 1 for count in accepted.values())
    toll.unknown_unlisted = sum(states.get(contact) in (None, *NEVER_SENT) for contact in accepted)
    taken = {contact for contact, state in states.items() if state in TAKEN_BY_CARRIER}
    toll.lost = len(taken - set(accepted)) + len(set(acknowledged) - kept)


def _unsettled(house: House) -> int:
    with house.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(Contact).where(Contact.state.in_(UNSETTLED))) or 0


def _created_left(engine: Any) -> int:
    with engine.connect() as connection:
        left = select(func.count()).select_from(notifications).where(notifications.c.status == CREATED)
        return int(connection.scalar(left) or 0)


def _wait_until(done: Any, programs: dict[str, Program]) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    while not done():
        for program in programs.values():
            program.check()
        if time.monotonic() > deadline:
            raise ProcessFault(f"after the last kill the house did not settle within {SETTLE_SECONDS:.0f} s")
        time.sleep(0.5)


def _wait_for(done: Any) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise ProcessFault(f"nothing came within {SETTLE_SECONDS:.0f} s")
        time.sleep(0.01)
