"""Real kills: processes that send and take in are ended by SIGKILL at random moments, and started again.

The carrier's ledger is the judge.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from statistics import quantiles
from typing import Any

from sqlalchemy import func, insert, select

from bench.databases import ENGINES, fresh_database
from bench.sending_house import WORDS, accept_contacts, settle_people
from bench.street import working_folder
from models.contact import Contact
from models.conversation import Inbound
from models.session import make_engine
from models.vocabulary import ContactState
from outreach_api.bootstrap import House, open_house
from outreach_api.processes import Program
from outreach_api.rehearsal.figures import TAKEN_BY_CARRIER
from outreach_api.settings import Settings
from proof.killable import Killable
from proof.killed_house import API, SERVE, WORKER
from proof.naive_sender import CREATED, metadata, notifications
from proof.outside import Carrier, Outside, unsettled, use, wait_for, wait_until_none, waiting

SQLITE, POSTGRES = ENGINES
CONTACTS_A_KILL = 60
AT_WORK = 0.8
"""So many of the kills hit a house that sends; the others one that is still getting up."""
SENDING_SECONDS = (0.0, 0.6)
"""How long it has been sending when it is killed: most of what is due is handed over in that time."""
RISING_SECONDS = (0.05, 1.5)
"""How long it has been getting up."""
AFRESH_EVERY = 10
"""So many starts are Python's own, and count for the recovery; the others are forks of a process that is loaded."""
KNOCK_SECONDS = 0.2
TELL_EVERY = 25
NEVER_SENT = (ContactState.PLANNED, ContactState.SENDING, ContactState.CANCELLED, ContactState.NOT_SENT)


@dataclass
class Toll:
    """What so many kills came to."""

    kills: int = 0
    caught_sending: set[int] = field(default_factory=set)
    """Texts that were with the carrier, or on the way to it, when a process was killed."""
    sent: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicates: int = 0
    unknown_unlisted: int = 0
    recoveries: list[float] = field(default_factory=list)

    def told(self) -> dict[str, float]:
        """For who reads the figures."""
        counted = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        counted["caught_sending"] = len(self.caught_sending)
        return counted | ({"recovery_p95_s": round(self.recovery_p95_s, 2)} if self.recoveries else {})

    @property
    def recovery_p95_s(self) -> float:
        return quantiles(self.recoveries, n=20)[-1] if len(self.recoveries) > 1 else max(self.recoveries, default=0.0)


@dataclass(frozen=True)
class Plan:
    """How many kills, drawn how; none follows once there were enough, and those that were are judged."""

    kills: int
    dice: Random
    tell: Callable[[str], None] = lambda told: None
    enough: Callable[[], bool] = lambda: False

    def numbers(self, of: str) -> Iterator[int]:
        for number in range(self.kills):
            if self.enough():
                return
            yield number
            if (number + 1) % TELL_EVERY == 0:
                self.tell(f"{of}: {number + 1:,}/{self.kills:,}")


def kill_house(engine: str, plan: Plan) -> Toll:
    """Kill `serve` on SQLite, or the API and the worker on PostgreSQL; then hold every table against the ledger.

    Raises:
        ProcessFault: a program did not start, or the house did not settle in time.
    """
    toll, dice = Toll(), plan.dice
    with working_folder() as folder, fresh_database(engine, folder) as database:
        outside = Outside(folder, database)
        use(outside.environment)
        parts = [SERVE] if engine == SQLITE else [API, WORKER]
        with open_house(Settings(_env_file=None), clock=outside.clock) as house, outside.running():
            with house.sessions.write() as session:
                people = settle_people(session, plan.kills * CONTACTS_A_KILL)
            killables = {part: Killable(part, outside.environment) for part in parts}
            visitor = _Visitor(outside.url)
            with contextlib.ExitStack() as stack:
                for killable in killables.values():
                    stack.enter_context(killable)
                with visitor.knocking():
                    for number in plan.numbers(engine):
                        first = number * CONTACTS_A_KILL
                        accept_contacts(house, people[first : first + CONTACTS_A_KILL])
                        at_work = dice.random() < AT_WORK
                        if at_work:
                            wait_for(partial(_is_sending, house))
                        time.sleep(dice.uniform(*(SENDING_SECONDS if at_work else RISING_SECONDS)))
                        part, afresh = dice.choice(parts), number % AFRESH_EVERY == 0
                        began = killables[part].kill()
                        if part != API:
                            toll.caught_sending |= _being_sent(house)
                        killables[part].start(afresh=afresh)
                        if part != WORKER:
                            seconds = visitor.is_answered_after(began)
                            toll.recoveries += [seconds] if afresh else []
                        toll.kills += 1
                wait_for(outside.disk_is_empty)
                wait_until_none(lambda: waiting(house) + unsettled(house), killables)
            toll.acknowledged = len(visitor.acknowledged)
            judge(toll, database, outside.sandbox.ledger(), visitor.acknowledged)
    return toll


def kill_naive(plan: Plan) -> Toll:
    """The same kills of the usual sender, on SQLite."""
    toll = Toll()
    with working_folder() as folder, fresh_database(SQLITE, folder) as database:
        outside = Outside(folder, database)
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
            for number in plan.numbers("notify style"):
                now = outside.clock.now()
                rows = [
                    {"to": f"+86139{number * CONTACTS_A_KILL + place:08d}", "text": WORDS, "created_at": now}
                    for place in range(CONTACTS_A_KILL)
                ]
                left = _created_left(engine)
                with engine.begin() as connection:
                    connection.execute(insert(notifications), rows)
                wait_for(partial(_has_left_fewer_than, engine, left + CONTACTS_A_KILL))
                time.sleep(plan.dice.uniform(*SENDING_SECONDS))
                _kill(program)
                program.start()
                toll.kills += 1
            wait_for(lambda: not _created_left(engine))
            accepted = [one for one in outside.sandbox.ledger()["creates"] if one["accepted"]]
        engine.dispose()
    by_id = Counter(one["contact"] for one in accepted)
    toll.sent, toll.duplicates = len(by_id), sum(count - 1 for count in by_id.values())
    toll.lost = toll.kills * CONTACTS_A_KILL - len(by_id)
    return toll


def _is_sending(house: House) -> bool:
    """Whether fewer are planned than fell due for this kill."""
    planned = select(func.count()).select_from(Contact).where(Contact.state == ContactState.PLANNED)
    with house.sessions.read() as session:
        return (session.scalar(planned) or 0) < CONTACTS_A_KILL


def _being_sent(house: House) -> set[int]:
    with house.sessions.read() as session:
        return set(session.scalars(select(Contact.id).where(Contact.state == ContactState.SENDING)))


def _has_left_fewer_than(engine: Any, rows: int) -> bool:
    return _created_left(engine) < rows


class _Visitor:
    """Writes to the house again and again, each time somebody else, and notes when it was acknowledged."""

    def __init__(self, url: str) -> None:
        self._carrier = Carrier(url)
        self._answered_at = 0.0
        self._ended = threading.Event()

    @property
    def acknowledged(self) -> list[str]:
        return [one.sid for one in self._carrier.acknowledged]

    @contextlib.contextmanager
    def knocking(self) -> Iterator[None]:
        thread = threading.Thread(target=self._knock, name="visitor")
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()
            self._carrier.close()

    def is_answered_after(self, moment: float) -> float:
        """How long after that moment the first text was acknowledged again, in seconds."""
        wait_for(lambda: self._answered_at > moment)
        return self._answered_at - moment

    def _knock(self) -> None:
        number = 0
        while not self._ended.wait(KNOCK_SECONDS):
            number += 1
            said = self._carrier.bring(f"+86137{number:08d}")
            if 200 <= said.status < 300:
                self._answered_at = said.at


def _kill(program: Program) -> float:
    began = time.monotonic()
    os.kill(program.pid, signal.SIGKILL)
    program.stop()
    return began


def judge(toll: Toll, database: str, ledger: Mapping[str, list[dict[str, Any]]], acknowledged: Collection[str]) -> None:
    """Hold the contacts against the carrier's accepted creates, and the inbox against what was acknowledged."""
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


def _created_left(engine: Any) -> int:
    with engine.connect() as connection:
        left = select(func.count()).select_from(notifications).where(notifications.c.status == CREATED)
        return int(connection.scalar(left) or 0)
