"""The carrier with its clock, programs of the house, and who writes to them: for every proof with real processes.

The carrier is the sandbox in a process of its own, and its ledger is the judge. Time is shared and moves on by itself.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
from sqlalchemy import func, select

from bench.front_door import ACCOUNT, TOKEN, front_door_environment
from bench.sending_house import NOON
from models.contact import Contact
from models.conversation import Inbound
from models.vocabulary import ContactState, InboundState
from outreach_api.bootstrap import House
from outreach_api.clock import SharedClock
from outreach_api.processes import ProcessFault, Program, free_port
from outreach_api.rehearsal.demo import sandbox_program
from outreach_api.rehearsal.sandbox import SandboxClient, SandboxFault
from proof.killed_house import WORKER
from sandbox.carrier.signature import sign

TICK_SECONDS = 0.05
FAST = timedelta(seconds=20)
"""In every tick: what waits for ten minutes or an hour does not hold a run up."""
REAL = timedelta(seconds=TICK_SECONDS)
SETTLE_SECONDS = 180.0
LOOK_SECONDS = 0.5
UNSETTLED = (ContactState.PLANNED, ContactState.SENDING, ContactState.UNKNOWN)
"""A receipt that came while nobody was here does not come again: accepted may be the last that is known."""
UNANSWERED = (InboundState.PENDING, InboundState.PROCESSING)
STOP = "退订"


class Outside:
    """The carrier with its clock, and what a house must know of both. `pace` is how far time goes in a tick."""

    def __init__(self, folder: Path, database: str, *, pace: timedelta = FAST) -> None:
        self.port = free_port()
        self.pace = pace
        self._carrier_port = free_port()
        self._log = folder / "sandbox.log"
        self._jump = timedelta(0)
        self.clock = SharedClock(folder / "clock")
        self.clock.set(NOON)
        self.sandbox = SandboxClient(f"http://127.0.0.1:{self._carrier_port}")
        self.environment = front_door_environment(folder, database, port=self.port) | {
            "OUTREACH_TWILIO_BASE_URL": f"http://127.0.0.1:{self._carrier_port}",
            "OUTREACH_CLOCK_FILE": str(folder / "clock"),
            "OUTREACH_BOT_SECRET": "unused",
            "OUTREACH_BOT_URLS": "[]",
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def jump(self, by: timedelta) -> None:
        """Let so much time have passed at the next tick."""
        self._jump += by

    def waiting_on_disk(self) -> int:
        """How many arrivals the house's spool holds, as it says itself."""
        return int(self._readiness().json().get("entries", 0))

    def disk_is_empty(self) -> bool:
        """Whether the house is up, and its spool holds nothing."""
        answer = self._readiness()
        return answer.is_success and not answer.json().get("entries", 0)

    def _readiness(self) -> httpx.Response:
        return httpx.get(f"{self.url}/readyz", timeout=30, trust_env=False)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        world: dict[str, Any] = {
            "people": [],
            "teams": {"count": 0},
            "callbacks": {"inbound": f"{self.url}/webhooks/twilio/inbound", "api": self.url, "api_token": "unused"},
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
            jump, self._jump = self._jump, timedelta(0)
            now = _by_day(now + self.pace + jump)
            self.clock.set(now)
            with contextlib.suppress(SandboxFault):
                self.sandbox.set_clock(now)


def _by_day(instant: datetime) -> datetime:
    return instant if instant.hour < 19 else (instant + timedelta(days=1)).replace(hour=9, minute=30)


@dataclass(frozen=True)
class Said:
    """One text that was brought to the house, and how that went."""

    sid: str
    sender: str
    at: float
    seconds: float
    status: int
    """0: no answer at all."""


class Carrier:
    """Brings texts to the house, signed as the carrier signs, and remembers how each was answered."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/webhooks/twilio/inbound"
        self._http = httpx.Client(timeout=20, trust_env=False)
        self._number = 0
        self.said: list[Said] = []

    def close(self) -> None:
        self._http.close()

    @property
    def acknowledged(self) -> list[Said]:
        return [one for one in self.said if 200 <= one.status < 300]

    @property
    def slowest_seconds(self) -> float:
        return max((one.seconds for one in self.acknowledged), default=0.0)

    def bring(self, sender: str, text: str = STOP, *, sid: str | None = None) -> Said:
        self._number += 1
        sid = sid or f"SMproof{self._number:026d}"
        form = {"AccountSid": ACCOUNT, "MessageSid": sid, "From": sender, "To": "+8675500012345", "Body": text}
        began = time.monotonic()
        try:
            headers = {"X-Twilio-Signature": sign(TOKEN, self._url, form)}
            status = self._http.post(self._url, data=form, headers=headers).status_code
        except httpx.HTTPError:
            status = 0
        said = Said(sid, sender, began, time.monotonic() - began, status)
        self.said.append(said)
        return said

    def bring_again(self) -> int:
        """What was not acknowledged, once more, as a carrier does; how much that still is."""
        known = {one.sid for one in self.acknowledged}
        missing = {one.sid: one for one in self.said if one.sid not in known}
        return sum(not 200 <= self.bring(one.sender, sid=sid).status < 300 for sid, one in missing.items())


def number_of(person: int) -> str:
    """The phone of the n-th of the people that were settled."""
    return f"+86139{person:08d}"


def program_of(part: str, environment: Mapping[str, str]) -> Program:
    """A part of the house, to be killed."""
    ready = None if part == WORKER else f"http://127.0.0.1:{environment['OUTREACH_PORT']}/healthz"
    command = [sys.executable, "-P", "-m", "proof.killed_house", part]
    log = Path(environment["OUTREACH_HOME"]) / f"{part}.log"
    return Program(part, command, log=log, ready_url=ready, env=environment)


def use(environment: Mapping[str, str]) -> None:
    """Make these the settings of this process too."""
    os.environ.update(environment)


def waiting(house: House) -> int:
    """Messages that are not answered, and contacts that were not begun."""
    contacts = select(func.count()).select_from(Contact).where(Contact.state == ContactState.PLANNED)
    messages = select(func.count()).select_from(Inbound).where(Inbound.state.in_(UNANSWERED))
    with house.sessions.read() as session:
        return (session.scalar(contacts) or 0) + (session.scalar(messages) or 0)


def unsettled(house: House) -> int:
    """Contacts that are not settled."""
    with house.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(Contact).where(Contact.state.in_(UNSETTLED))) or 0


class Checked(Protocol):
    def check(self) -> None:
        """Raises: ProcessFault: it has ended."""


def wait_until_none(left: Callable[[], int], programs: Mapping[str, Checked]) -> None:
    """Wait until nothing is left.

    Raises:
        ProcessFault: a program ended, or for too long no less was left.
    """
    least: float = math.inf
    deadline = time.monotonic() + SETTLE_SECONDS
    while now_left := left():
        for program in programs.values():
            program.check()
        if now_left < least:
            least, deadline = now_left, time.monotonic() + SETTLE_SECONDS
        if time.monotonic() > deadline:
            raise ProcessFault(f"the house did not settle: for {SETTLE_SECONDS:.0f} s {least} are left")
        time.sleep(LOOK_SECONDS)


def wait_for(done: Callable[[], bool]) -> None:
    """Raises: ProcessFault: it takes too long."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise ProcessFault(f"nothing came within {SETTLE_SECONDS:.0f} s")
        time.sleep(0.01)
