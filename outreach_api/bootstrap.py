"""The one place that names concrete adapters and binds jobs.

What reads files and matches is imported where it is used: Ibis, DuckDB and what they bring take seconds to load, and
most commands need none of it.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from models.contact import Campaign
from models.crypto import KeyRing
from models.session import Durability, Sessions
from models.vocabulary import Channel
from outreach_api.arrived import drain
from outreach_api.backup_keys import BackupKeys
from outreach_api.care.find import find_care
from outreach_api.cases.ask_settled import ask_settled
from outreach_api.cases.capacity import room_for_outreach
from outreach_api.cases.desk_capacity import room_at_desks
from outreach_api.cases.home_help import open_home_help
from outreach_api.cases.plan_days import plan_walks
from outreach_api.cases.route_cases import route_waiting
from outreach_api.cases.tell_visits import tell_visits
from outreach_api.cases.watch_queue import watch_queue
from outreach_api.catalogue.book import Book
from outreach_api.channels.carrier import TextCarrier
from outreach_api.channels.chat_links import WithChatLinks
from outreach_api.channels.gateway_call import GatewayCallCarrier
from outreach_api.channels.twilio_call import TwilioCallCarrier
from outreach_api.channels.twilio_text import TwilioCarrier
from outreach_api.clock import Clock
from outreach_api.conversations.bot import Bot
from outreach_api.conversations.inbox import answer_due
from outreach_api.conversations.offers import HeadsUpTexts, OfferTexts
from outreach_api.conversations.rasa_bot import RasaBot
from outreach_api.delivery.hearing import catch_up_with_heard
from outreach_api.delivery.receipts import apply_receipts
from outreach_api.delivery.reconcile import reconcile_unknown
from outreach_api.delivery.replay import ReplayReport, replay_since
from outreach_api.delivery.worker import deliver_due
from outreach_api.due import look_for_due, next_work_at
from outreach_api.hooks.addresses import networks
from outreach_api.hooks.send import Poster, send_due
from outreach_api.privacy.anchors import drop_anchor
from outreach_api.privacy.beside import REJECTS_FOLDER, Terms
from outreach_api.privacy.odd_use import watch_use
from outreach_api.privacy.retention import forget
from outreach_api.privacy.tombstones import keep_tombstones
from outreach_api.records import open_records
from outreach_api.settings import Settings
from outreach_api.spool import Spool
from outreach_api.stalls.invite import invite_to_stalls
from outreach_api.surveys.planning import plan_surveys
from outreach_api.traces import span
from outreach_api.voice.gate import CallGate
from outreach_api.voice.recall import call_off_stopped
from outreach_api.voice.service import CallService
from scheduler.planning.guards import ALL_GUARDS, Guards
from scheduler.planning.notices import NoticeAudience, NoticeReport, Reach, queue_notice
from scheduler.planning.planner import plan
from scheduler.planning.release import DeskRoom, Room
from scheduler.planning.reminders import plan_reminders
from scheduler.planning.rules import ContactRules, contact_rules
from scheduler.policies.card import PolicyCard
from scheduler.tick import Job, next_due, next_slot, tick

if TYPE_CHECKING:
    from outreach_api.population import Populations
    from scheduler.matching.run import MatchingReport
    from scheduler.roster.import_population import ImportReport, Progress

SCHEDULE = "schedule"
"""Who did what nobody did by hand."""
FIRST_HOUR = 8
"""Of the hourly jobs."""
RECONCILE_EVERY = timedelta(minutes=1)
RECEIPTS_WAIT_SECONDS = 0.25
"""So long receipts of a running service wait for others: nobody waits for one, and a hundred cost what ten do."""
ANSWERS_FOR_SECONDS = 2.0
"""So long a running service answers before it looks up: a stop may have come in meanwhile."""
# So long a call may wait at the carrier before it rings.
MAY_WAIT_TO_RING = timedelta(minutes=1)


def _silent(step: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class FeedTaken:
    accepted: int
    rejected: int
    unchanged: int


@dataclass
class House:
    """Everything a request, a job or a command needs; made once a process."""

    settings: Settings
    ring: KeyRing
    sessions: Sessions
    clock: Clock
    book: Book
    carriers: Mapping[Channel, TextCarrier]
    bot: Bot
    guards: Guards = ALL_GUARDS
    receipts_wait: float = 0.0
    """Seconds on the wall. A rehearsal, whose clock stands still while it works, lets no receipt wait."""
    answers_for: float = math.inf
    """Seconds on the wall in which messages are begun to be answered before what they led to is sent."""
    jobs: list[Job] = field(init=False)
    _next_slot: datetime | None = field(init=False, default=None)
    _reconcile_at: datetime | None = field(init=False, default=None)
    _receipts_at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.spool = Spool.of(self.settings, self.ring)
        self.calls = CallService(
            self.sessions, self.bot, self.book.today, self.clock, self.settings.voice, self.settings.zone
        )
        self.jobs = [
            Job("plan", self._cron("0 8-19 * * *"), self._plan),
            Job("queue", self._cron("0 8-19 * * *"), self._queue),
            Job("watch_use", self._cron("10 * * * *"), self._watch_use),
            Job("tombstones", self._cron("10 * * * *"), self._tombstones),
            Job("retention", self._cron("55 23 * * *"), self._retention),
            Job("anchor", self._cron("55 23 * * *"), self._anchor),
            Job("surveys", self._cron("30 9 * * *"), self._surveys),
            Job("hear", self._cron("5 8-20/3 * * *"), self._hear),
        ]
        if self.settings.look_ahead:
            self.jobs.append(Job("look_ahead", self._cron("30 6 * * *"), self._look_ahead))

    @cached_property
    def populations(self) -> Populations:
        from outreach_api.population import POPULATION_FOLDER, Populations

        return Populations(self.settings.home / POPULATION_FOLDER, self.ring)

    @property
    def cards(self) -> Mapping[str, PolicyCard]:
        """The card of each item that counts today."""
        return self.book.today()

    def import_files(self, paths: Sequence[Path], *, as_of: date, progress: Progress = _silent) -> ImportReport:
        from outreach_api.privacy.undertakings import terms_of_feeds

        now = self.clock.now()
        with self.sessions.read() as session:
            terms = terms_of_feeds(session, now=now)
        return self.populations.take(paths, now=now, as_of=as_of, progress=progress, terms=terms)

    def match(self, *, as_of: date) -> MatchingReport:
        from scheduler.matching.run import run_matching

        population = self.populations.newest(as_of=as_of)
        with contextlib.closing(population):
            return run_matching(self.sessions, population, self.book.on(as_of), now=self.clock.now())

    def queue_notice(self, campaign_id: int) -> NoticeReport:
        """Queue a started urgent notice; where it is for everybody, people never matched are taken in first."""
        now = self.clock.now()
        with self.sessions.read() as session:
            audience = NoticeAudience.read(session.get_one(Campaign, campaign_id).audience)
            rules = contact_rules(session, self.settings.zone)
        if audience.reach is Reach.EVERYBODY:
            from scheduler.matching.intake import take_in_audience

            population = self.populations.newest(as_of=self._today())
            with contextlib.closing(population):
                take_in_audience(self.sessions, population, audience, now=now)
        return queue_notice(self.sessions, campaign_id, now=now, rules=rules)

    def take_feed(self, feed: str, path: Path) -> FeedTaken:
        """Take an uploaded feed; only applications may come this way, a population is imported by command."""
        from outreach_api.privacy.undertakings import terms_of_feeds
        from outreach_api.web.house import FeedRefused
        from scheduler.matching.applications import take_applications
        from scheduler.roster.applications import read_applications
        from scheduler.roster.faults import FileRefused
        from scheduler.roster.rejects import write_rejects

        if feed != "applications":
            raise FeedRefused(f"there is no feed {feed!r}; `applications` is one")
        try:
            with self.sessions.read() as session:
                terms = terms_of_feeds(session, now=self.clock.now()).get(feed)
            reports, rejected = read_applications(path, self.ring, self.cards, today=self._today(), terms=terms)
        except FileRefused as fault:
            raise FeedRefused(str(fault)) from fault
        if rejected:
            name = f"{self.clock.now():%Y%m%dT%H%M%S}-{path.name}.rejects.csv"
            write_rejects(rejected, self.settings.home / REJECTS_FOLDER / name, self.ring)
        taken = take_applications(self.sessions, reports, self.cards, now=self.clock.now())
        return FeedTaken(taken.accepted + taken.not_ours, len(rejected), taken.unchanged)

    def work(self) -> int:
        """Do all that is due now: slots, then what waits. How much was done."""
        return self.tick() + self.work_off()

    def tick(self) -> int:
        """Run the slots that are due and that no other scheduler has; how many."""
        now = self.clock.now()
        if self._next_slot is not None and now < self._next_slot:
            return 0
        with span("tick") as noted:
            ran = tick(self.sessions, self.jobs, now)
            noted.note(slots=len(ran))
        self._next_slot = next_slot(self.jobs, now)
        return len(ran)

    def work_off(self) -> int:
        """Do what waits now: receipts, answers, sending, what is unknown. How much was done.

        What arrived while the database was away comes first: a stop may be among it.
        """
        now, done = self.clock.now(), self.drain_spool()
        due = look_for_due(self.sessions, now)
        if due.receipts and time.monotonic() >= self._receipts_at:
            done += apply_receipts(self.sessions, now=now).total
            self._receipts_at = time.monotonic() + self.receipts_wait
        if due.inbound:
            answered = answer_due(self.sessions, self.bot, self.cards, self.clock, seconds=self.answers_for)
            done += len(answered.inbound_ids)
            if answered.more_may_wait:
                # Nothing is sent past a stop that nobody has read yet: the next pass goes on with them.
                return done
        if due.inbound or (due.last_stop_at is not None and due.last_stop_at >= now - self._rings_for):
            done += self._call_off_stopped(now)
        if due.inbound or due.contacts or done:
            threads = self.settings.carrier_connections
            toll = self.settings.toll
            done += bool(
                deliver_due(self.sessions, self.carriers, self.clock, guards=self.guards, threads=threads, toll=toll)
            )
        if due.unsettled and (self._reconcile_at is None or now >= self._reconcile_at):
            report = reconcile_unknown(self.sessions, self.carriers, now=now)
            done += bool(report)
            # What no listing settles stays due: a carrier is not asked every second for that.
            self._reconcile_at = now + RECONCILE_EVERY if report.still_unknown else None
        return done

    def send_hooks(self) -> int:
        """Tell other systems what waits to be told; how many tries that were. A slow receiver holds nothing else up."""
        now = self.clock.now()
        poster = Poster(networks(self.settings.hooks_allow), signed_by=self.ring.hash)
        return send_due(self.sessions, poster, now=now)

    def _call_off_stopped(self, now: datetime) -> int:
        carrier = self.carriers.get(Channel.VOICE)
        if not isinstance(carrier, TwilioCallCarrier | GatewayCallCarrier):
            return 0
        return call_off_stopped(self.sessions, carrier, rings_for=self._rings_for, now=now)

    @property
    def _rings_for(self) -> timedelta:
        return timedelta(seconds=self.settings.voice.ring_seconds) + MAY_WAIT_TO_RING

    def next_due(self) -> datetime | None:
        """When something of ours is due next; what is overdue counts as now."""
        now = self.clock.now()
        due = [
            self._next_slot or next_due(self.jobs, self.sessions, now),
            next_work_at(self.sessions, channels=self.carriers.keys(), now=now),
        ]
        return min((max(instant, now) for instant in due if instant is not None), default=None)

    def drain_spool(self) -> int:
        """Write what arrived on this machine while the database was away; how much that was.

        Raises:
            one of DATABASE_AWAY: it still is.
        """
        return drain(self.spool, self.sessions, self.calls)

    def catch_up(self) -> int:
        """On a start, before anything is sent: take in what was written while nobody was here, a stop perhaps."""
        self.drain_spool()
        return catch_up_with_heard(self.sessions, self.carriers, now=self.clock.now())

    def replay_since(self, since: datetime) -> ReplayReport:
        """After a restore, before anything is sent: catch up with what the carriers know since the backup."""

        def answer_all() -> None:
            while answer_due(self.sessions, self.bot, self.cards, self.clock).inbound_ids:
                pass

        return replay_since(self.sessions, self.carriers, answer_all, since=since, now=self.clock.now())

    def _today(self) -> date:
        return self.clock.now().astimezone(self.settings.zone).date()

    def _cron(self, expression: str) -> CronTrigger:
        return _cron(expression, self.settings.zone)

    def _queue(self, _slot: datetime, now: datetime) -> dict[str, Any]:
        """What waits gets a team and a day; what then still waits too long goes up the ladder."""
        routed = route_waiting(self.sessions, self.cards, now=now)
        # What is appointed from now on is for tomorrow at the earliest: at eight, today's walks are complete.
        if now.astimezone(self.settings.zone).hour == FIRST_HOUR:
            plan_walks(self.sessions, self._today())
            find_care(self.sessions, self.cards, today=self._today(), now=now)
            invite_to_stalls(self.sessions, cards=self.cards, now=now)
        told = tell_visits(self.sessions, channels=self.carriers.keys(), now=now)
        asked = ask_settled(self.sessions, channels=self.carriers.keys(), now=now)
        return routed.facts() | {"told": told, "asked": asked} | watch_queue(self.sessions, self.cards, now=now).facts()

    def _hear(self, _slot: datetime, _now: datetime) -> dict[str, Any]:
        return {"heard": self.catch_up()}

    def _surveys(self, _slot: datetime, now: datetime) -> dict[str, Any]:
        return plan_surveys(self.sessions, cards=self.cards, channels=self.carriers.keys(), now=now).facts()

    def _watch_use(self, _slot: datetime, now: datetime) -> dict[str, Any]:
        with self.sessions.write() as session:
            return {"alerts": watch_use(session, zone=self.settings.zone, now=now)}

    def _tombstones(self, _slot: datetime, _now: datetime) -> dict[str, Any]:
        return {"written": self.keep_tombstones()}

    def keep_tombstones(self) -> int:
        """Write down beside the database who is not to be contacted any more; after an erasure at once."""
        return keep_tombstones(self.sessions, self.settings.tombstones, now=self.clock.now())

    @property
    def terms(self) -> Terms:
        """The terms of what lies beside the database."""
        keys = BackupKeys(self.settings.backup_keys, self.ring)
        spool = Spool.of(self.settings, self.ring)
        return Terms(keys, timedelta(days=self.settings.backup_days), self.settings.home, spool)

    def _retention(self, _slot: datetime, now: datetime) -> dict[str, Any]:
        """Forget what is older than its term, in the database and beside it."""
        beside = self.terms.forget(self.sessions, by=SCHEDULE, now=now)
        found = {due.table: due.rows for due in forget(self.sessions, by=SCHEDULE, now=now) if due.rows}
        return found | {name: count for name, count in asdict(beside).items() if count}

    def _anchor(self, _slot: datetime, now: datetime) -> dict[str, Any]:
        anchor = drop_anchor(self.sessions, self.settings.anchors, now=now)
        return {"entries": anchor.number if anchor else 0}

    def _terms_of_planning(self, now: datetime) -> tuple[ContactRules, Room | None, DeskRoom | None]:
        """The rules as staff set them; and how many the teams and the agents can take, where outreach follows them."""
        with self.sessions.read() as session:
            rules = contact_rules(session, self.settings.zone)
            doors, desks = rules.follow_capacity, rules.follow_agents
            room = room_for_outreach(session, doors, rules, now) if doors is not None else None
            return rules, room, room_at_desks(session, desks, now) if desks is not None else None

    def _plan(self, _slot: datetime, now: datetime) -> dict[str, Any]:
        rules, room, desk = self._terms_of_planning(now)
        report = plan(
            self.sessions,
            now=now,
            cards=self.cards,
            render=OfferTexts(self.cards),
            open_home_help=open_home_help,
            # Without calls where none can be made.
            cadence=rules.cadence.served_by(self.carriers.keys()),
            rules=rules,
            guards=self.guards,
            room=room,
            desk=desk,
            channels=self.carriers.keys(),
        )
        told = plan_reminders(
            self.sessions,
            now=now,
            cards=self.cards,
            render=HeadsUpTexts(self.cards),
            rules=rules,
            guards=self.guards,
        )
        return report.facts() | {"reminders": told}

    def _look_ahead(self, _slot: datetime, now: datetime) -> dict[str, Any]:
        """Find the dates ahead; before the first import there is nothing to look at."""
        from scheduler.matching.ahead import look_ahead

        try:
            population = self.populations.newest(as_of=self._today())
        except FileNotFoundError:
            return {}
        with contextlib.closing(population):
            return look_ahead(self.sessions, population, self.cards, now=now).facts()


@contextlib.contextmanager
def open_house(
    settings: Settings,
    *,
    clock: Clock | None = None,
    guards: Guards = ALL_GUARDS,
    durability: Durability = Durability.POWER_LOSS,
    receipts_wait: float = 0.0,
    answers_for: float = math.inf,
) -> Iterator[House]:
    """Open the installation in `settings.home`, bringing its database up to date; a first start makes its keys.

    Raises:
        KeyRingFault: there is a database but no key file for it.
    """
    with open_records(settings, clock=clock, durability=durability) as records:
        bot = RasaBot.from_settings(settings)
        try:
            yield House(
                settings=settings,
                ring=records.ring,
                sessions=records.sessions,
                clock=records.clock,
                book=records.book,
                carriers=carriers_of(settings, records.sessions, records.clock),
                bot=bot,
                guards=guards,
                receipts_wait=receipts_wait,
                answers_for=answers_for,
            )
        finally:
            bot.close()


@cache
def _cron(expression: str, zone: ZoneInfo) -> CronTrigger:
    """Kept: to read one takes as long as a few queries, and what has read one knows its next slots."""
    return CronTrigger.from_crontab(expression, timezone=zone)


def carriers_of(settings: Settings, sessions: Sessions, clock: Clock) -> dict[Channel, TextCarrier]:
    texts: TextCarrier = TwilioCarrier.from_settings(settings)
    carriers: dict[Channel, TextCarrier] = {}
    if settings.alibaba.enabled:
        from outreach_api.channels.alibaba_text import AlibabaCarrier
        from outreach_api.channels.routed_texts import RoutedTexts

        texts = RoutedTexts(AlibabaCarrier(settings.alibaba, clock.now), texts, sessions, clock.now)
    if settings.wechat.enabled:
        from outreach_api.channels.routed_texts import RoutedTexts
        from outreach_api.wechat.account import Account
        from outreach_api.wechat.carrier import WechatCarrier
        from outreach_api.wechat.notices import NoticeCarrier

        account = Account(sessions, settings.wechat, clock.now)
        carriers[Channel.CHAT] = WechatCarrier(account, texts, sessions, clock)
        if settings.wechat.notices:
            notices = NoticeCarrier(account, sessions, clock.now, settings.zone)
            texts = RoutedTexts(notices, texts, sessions, clock.now)
    carriers[Channel.SMS] = WithChatLinks(texts, public_url=settings.public_url)
    if settings.voice.enabled:
        gate = CallGate(sessions, clock, settings.voice, settings.zone)
        by = GatewayCallCarrier if settings.voice.gateway_url else TwilioCallCarrier
        carriers[Channel.VOICE] = by(settings, gate)
    return carriers


def import_folder(house: House, folder: Path, *, as_of: date) -> ImportReport:
    from outreach_api.population import files_in

    return house.import_files(files_in(folder), as_of=as_of)
