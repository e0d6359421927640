"""One run: some days of a small street's outreach on virtual time, with crashes, restarts and bad luck by one seed."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from fastapi import FastAPI

from models.column_types import use_key_ring
from models.crypto import KeyRing, read_key_ring
from models.session import DATABASE_AWAY, Durability, Sessions, make_engine
from outreach_api.bootstrap import House, carriers_of
from outreach_api.catalogue.book import Book
from outreach_api.channels.carrier import TextCarrier
from outreach_api.clock import VirtualClock
from outreach_api.conversations.bot import Bot, Turn, TurnState
from outreach_api.privacy.anchors import read_anchors
from proof.checker import Findings, check
from proof.crashes import AFTER_READ, Ailment, Crash, CrashingSessions, Points
from proof.history import forget_history
from proof.stage import Stage
from proof.wires import AFTER_BOT, BEFORE_BOT, Door, InProcessBackend, RememberingBot
from sandbox.audit import CHAT
from sandbox.carrier.faults import FaultRates
from sandbox.outside import Outside
from sandbox.residents.personas import PERSONAS
from sandbox.world import Callbacks, World
from scheduler.planning.guards import ALL_GUARDS, Guards
from scheduler.planning.pauses import pause_everything, resume_everything, standing_pauses
from scheduler.policies.load import load_catalogue
from scheduler.tick import Job

LIVELY = (timedelta(hours=12), *(timedelta(hours=36),) * 3)
"""A run is as long as one of these before the quiet time."""
QUIET = timedelta(hours=16)
"""At the end, until noon, nothing fails any more: what can still be settled must be."""
SLOTS = {"plan": "0 8,15 * * *", "queue": "0 8,15 * * *", "hear": "5 9,18 * * *"}
"""Few people keep these busy twice a day only."""
LEFT_OUT = frozenset({"watch_use", "tombstones"})
"""What staff look at, and what a restore needs: nobody is at a screen here, and nothing is restored."""
ROUNDS_PER_INSTANT = 1000
DOWN_FOR = (timedelta(seconds=2), timedelta(seconds=40), timedelta(minutes=10), timedelta(hours=3))
GRAIN = timedelta(seconds=30)
LOOKS_AGAIN = timedelta(minutes=2)
"""A worker whose database is away does so every second: here that would be many looks at nothing."""
SELDOM = 0.2
"""There are many looks to a commit."""
SLOW = timedelta(seconds=90)
"""So long the assistant takes at most."""


@dataclass
class Run:
    """What came of one seed."""

    seed: int
    findings: Findings
    crashes: Counter[str] = field(default_factory=Counter)
    outages: Counter[str] = field(default_factory=Counter)
    overlaps: int = 0
    sends: int = 0
    heard: int = 0
    by_chat: int = 0
    """Of those, on the chat page."""
    stuck: str = ""
    cpu_seconds: float = field(default=0.0, compare=False)
    """Of its process, the carrier and the assistant's remembered turns included."""


@dataclass
class Weather:
    """How bad it gets in one run, drawn from its seed."""

    crash_rate: float
    faults: dict[str, float]
    bot_dies: float
    jumps: float
    ails: float
    """The database, at a round."""
    overlaps: float
    """Something else happens between two steps of the house."""
    houses: int
    """Processes that tick and work at the same time."""
    spool_megabytes: int
    pauses: float
    """Staff pause everything at a round, or let it go on."""
    lively: timedelta

    @classmethod
    def drawn(cls, dice: Random) -> Weather:
        return cls(
            crash_rate=dice.choice((0.0, 0.01, 0.02, 0.05)),
            faults={name: dice.choice((0.0, 0.05, 0.2)) for name in FaultRates.model_fields},
            bot_dies=dice.choice((0.0, 0.02, 0.1)),
            jumps=dice.choice((0.0, 0.02)),
            ails=dice.choice((0.0, 0.0, 0.03)),
            overlaps=dice.choice((0.0, 0.1, 0.3)),
            houses=dice.choice((1, 2)),
            spool_megabytes=dice.choice((0, 50)),
            pauses=dice.choice((0.0, 0.03)),
            lively=dice.choice(LIVELY),
        )


class Theatre:
    """What all runs of one process share: the stage, the carrier's server, and what the bot said before."""

    def __init__(
        self, stage: Stage, bot: Bot, sandbox_app: FastAPI, folder: Path, *, guards: Guards = ALL_GUARDS
    ) -> None:
        self.stage = stage
        self.guards = guards
        self.bot = bot
        self.sandbox_app = sandbox_app
        self.home = folder / "home"
        # One for all runs, whose statements it has read: to connect anew is what counts at a start.
        self.engine = make_engine(f"sqlite:///{self.home / 'outreach.db'}", durability=Durability.PROCESS_LOSS)
        self.remembered: dict[tuple[str, TurnState], Turn] = {}
        self.catalogue = load_catalogue(stage.settings.policies)
        self.ring: KeyRing = read_key_ring(stage.settings.keys)
        use_key_ring(self.ring)

    def let_go(self) -> None:
        """A process that ends loses what it had not committed: given back, its connection has rolled that back.

        Only one still held is closed with it; to connect anew at each of a thousand starts takes a twentieth of a run.
        """
        if self.engine.pool.checkedout():  # type: ignore[attr-defined]
            self.engine.dispose()


class Life:
    def __init__(self, theatre: Theatre, door: Door, seed: int) -> None:
        self.theatre = theatre
        self.door = door
        self.seed = seed
        self.dice = Random(f"proof:{seed}")
        self.weather = Weather.drawn(self.dice)
        self.points = Points(Random(f"crash:{seed}"), 0.0)
        stage = theatre.stage
        self.people = stage.cast(self.dice, sorted(PERSONAS))
        theatre.engine.dispose()
        settings = stage.copy_to(theatre.home)
        self.settings = settings.model_copy(update={"spool_megabytes": self.weather.spool_megabytes})
        stage.set_for(Sessions(theatre.engine), self.people, self.dice)
        self.clock = VirtualClock(stage.start)
        self.overlaps = Overlaps(Random(f"overlap:{seed}"), self.weather.overlaps, lambda: door.is_answering)
        self.ails_until = stage.start
        self.outages: Counter[str] = Counter()
        self.was_away = False
        self.carriers: list[TextCarrier] = []
        self.houses = self._open()

    def live(self) -> Run:
        """Live through the days, then through the quiet ones, and check."""
        outside = self._outside()
        self.theatre.sandbox_app.state.outside = outside
        # As every process that begins: it leaves from when on what nobody took is asked for.
        self.house.catch_up()
        self.points.rate = self.weather.crash_rate
        self.points.meanwhile = partial(self._meanwhile, outside)
        outside.exchange.rates = FaultRates.model_validate(self.weather.faults)
        stuck = ""
        try:
            self._until(outside, self.clock.now() + self.weather.lively)
            self.points.rate = self.weather.bot_dies = self.weather.jumps = 0.0
            self.weather.ails = self.weather.pauses = 0.0
            self.points.ailment, self.bot.is_dead = None, False
            outside.exchange.rates = FaultRates()
            self._until(outside, self.clock.now() + QUIET)
        except _Stuck as fault:
            stuck = str(fault)
        anchors = read_anchors(self.settings.anchors)
        findings = check(Sessions(self.theatre.engine), outside.ledger, anchors, now=self.clock.now())
        if stuck:
            findings.lost.append(stuck)
        run = Run(self.seed, findings, self.points.crashes, stuck=stuck)
        run.outages, run.overlaps = self.outages, self.overlaps.count
        run.sends = sum(bool(create["accepted"]) for create in outside.ledger.creates)
        run.heard = len(outside.ledger.inbound)
        run.by_chat = sum(entry.get("channel") == CHAT for entry in outside.ledger.inbound)
        outside.close()
        self._close()
        return run

    def _until(self, outside: Outside, end: datetime) -> None:
        upcoming = self._settle(outside)
        while (instant := self._next(upcoming)) is not None and instant <= end:
            self.clock.set(max(instant, self.clock.now()))
            upcoming = self._settle(outside)
        self.clock.set(max(end, self.clock.now()))
        self._settle(outside)

    def _settle(self, outside: Outside) -> datetime | None:
        """Let the town act, then the houses, until this instant holds nothing more; when the town acts next."""
        for _ in range(ROUNDS_PER_INSTANT):
            self._weather_changes(outside)
            outside.timeline.advance(self.clock.now())
            if self.points.is_down:
                self._start_again(outside)
                continue
            try:
                if self.was_away:
                    self.house.catch_up()
                    self.was_away = False
                if not sum(house.work() for house in self.houses):
                    return outside.timeline.next_at
            except Crash:
                self._start_again(outside)
            except DATABASE_AWAY:
                self.was_away = True
                self.clock.set(self.clock.now() + LOOKS_AGAIN)
        raise _Stuck(f"work at {self.clock.now():%F %T} does not come to an end")

    @property
    def house(self) -> House:
        """The one that answers."""
        return self.houses[0]

    def _meanwhile(self, outside: Outside, place: str) -> None:
        """Between two steps of a house: another one works; while the assistant thinks, the town goes on."""
        with self.overlaps.one(SELDOM if place == AFTER_READ else 1.0) as happens:
            if not happens:
                return
            if place in (BEFORE_BOT, AFTER_BOT):
                self.clock.set(self.clock.now() + self.overlaps.dice.random() * SLOW)
                outside.timeline.advance(self.clock.now())
            for house in self.houses[1:]:
                with contextlib.suppress(*DATABASE_AWAY):
                    house.work()

    def _start_again(self, outside: Outside) -> None:
        """The process is gone; some time later another one starts, and first catches up with what was written.

        Without its database none starts.
        """
        back_at = self.clock.now() + self.dice.choice(DOWN_FOR) * self.dice.random()
        if self.points.ailment is not None:
            back_at = max(back_at, self.ails_until)
        outside.timeline.advance(back_at)
        self.clock.set(max(back_at, self.clock.now()))
        self._close()
        self.points.is_down, self.points.ailment = False, None
        self.houses = self._open()
        self._catch_up()

    def _weather_changes(self, outside: Outside) -> None:
        if self.dice.random() < self.weather.bot_dies:
            self.bot.is_dead = not self.bot.is_dead
        if self.points.ailment is not None and self.clock.now() >= self.ails_until:
            self.points.ailment = None
        if self.dice.random() < self.weather.ails and self.points.ailment is None:
            self.points.ailment = self.dice.choice(list(Ailment))
            self.outages[self.points.ailment.name.lower()] += 1
            self.ails_until = self.clock.now() + self.dice.choice(DOWN_FOR) * self.dice.random()
        if self.dice.random() < self.weather.pauses and self.points.ailment is None:
            self._pause_or_resume()
        if self.dice.random() < self.weather.jumps:
            self._sleep(outside, timedelta(hours=self.dice.choice((1, 14))))

    def _pause_or_resume(self) -> None:
        now = self.clock.now()
        with Sessions(self.theatre.engine).write() as session:
            if standing_pauses(session).everything is None:
                pause_everything(session, because="a drill", by="proof", now=now)
            else:
                resume_everything(session, by="proof", now=now)

    def _sleep(self, outside: Outside, how_long: timedelta) -> None:
        """The machine is suspended: nobody answers, and afterwards the clock has jumped."""
        if self.points.is_down:
            return
        self.points.is_down = True
        outside.timeline.advance(self.clock.now() + how_long)
        self.clock.set(self.clock.now() + how_long)
        self.points.is_down = False
        self._catch_up()

    def _catch_up(self) -> None:
        self.was_away = True
        with contextlib.suppress(Crash, *DATABASE_AWAY):
            self.house.catch_up()
            self.was_away = False

    def _next(self, upcoming: datetime | None) -> datetime | None:
        try:
            ours = self.house.next_due()
        except Crash:
            # Of the other house, meanwhile.
            ours = self.clock.now()
        except DATABASE_AWAY:
            ours = self.clock.now() + LOOKS_AGAIN
        due = [instant for instant in (upcoming, ours) if instant is not None]
        if not due:
            return None
        instant = max(min(due), self.clock.now() + timedelta(seconds=1))
        past = timedelta(seconds=instant.timestamp() % GRAIN.total_seconds())
        return instant + (GRAIN - past if past else timedelta(0))

    def _open(self) -> list[House]:
        self.bot = RememberingBot(self.theatre.bot, self.points, self.theatre.remembered)
        houses = [self._house() for _ in range(self.weather.houses)]
        self.door.lead_to(houses[0])
        return houses

    def _house(self) -> House:
        sessions = CrashingSessions(self.theatre.engine, self.points)
        carriers = carriers_of(self.settings, sessions, self.clock)
        for channel, carrier in carriers.items():
            for call in ("send", "sent_between", "heard_between"):
                setattr(carrier, call, self.points.around(f"{channel.value} {call}", getattr(carrier, call)))
        self.carriers += carriers.values()
        theatre = self.theatre
        book = Book(lambda: theatre.catalogue, sessions, self.clock, self.settings.zone)
        house = House(
            self.settings, theatre.ring, sessions, self.clock, book, carriers, self.bot, guards=theatre.guards
        )
        house.spool.drain = self.points.alone(house.spool.drain)  # type: ignore[method-assign]
        house.jobs = [_seldom(job, self.settings.zone) for job in house.jobs if job.name not in LEFT_OUT]
        return house

    def _close(self) -> None:
        for carrier in self.carriers:
            close = getattr(carrier, "close", None)
            if close is not None:
                close()
        self.carriers = []
        self.theatre.let_go()

    def _outside(self) -> Outside:
        with self.theatre.engine.connect() as connection:
            forget_history(connection)
            connection.commit()
        stage, settings = self.theatre.stage, self.settings
        url = settings.public_url
        callbacks = Callbacks(inbound=f"{url}/webhooks/twilio/inbound", api=url, api_token=stage.api_token)
        token = settings.twilio_auth_token.get_secret_value()
        world: dict[str, Any] = {
            **stage.world,
            "people": self.people,
            "account_sid": settings.twilio_account_sid,
            "auth_token": token,
            "seed": self.seed,
            "start": stage.start.isoformat(),
            "callbacks": callbacks.model_dump(),
        }
        backend = InProcessBackend(self.door, callbacks, token, lambda: self.points.is_down)
        return Outside(World.model_validate(world), backend)


def _seldom(job: Job, zone: ZoneInfo) -> Job:
    slots = SLOTS.get(job.name)
    return job if slots is None else replace(job, trigger=_trigger(slots, zone))


@cache
def _trigger(slots: str, zone: ZoneInfo) -> CronTrigger:
    return CronTrigger.from_crontab(slots, timezone=zone)


class Overlaps:
    """When something else happens between two steps: of the house's work only, and never within itself."""

    def __init__(self, dice: Random, rate: float, is_answering: Callable[[], bool]) -> None:
        self.dice = dice
        self._rate = rate
        self._is_answering = is_answering
        self._goes_on = False
        self.count = 0

    @contextlib.contextmanager
    def one(self, share: float = 1.0) -> Iterator[bool]:
        """Whether it happens now; `share` of the usual rate."""
        if self._goes_on or self._is_answering() or self.dice.random() >= share * self._rate:
            yield False
            return
        self._goes_on = True
        self.count += 1
        try:
            yield True
        finally:
            self._goes_on = False


class _Stuck(Exception):  # noqa: N818
    """The house works on and on at one instant."""
