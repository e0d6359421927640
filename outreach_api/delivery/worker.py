"""The sender: claim → commit → carrier → settle. No transaction is open while the carrier is called."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Select, bindparam, exists, select

from models.asking import ask
from models.contact import Contact
from models.session import Sessions
from models.vocabulary import BreakerState, Channel, ContactState
from outreach_api.channels.carrier import Accepted, Rejected, SendResult, TextCarrier, Unknown
from outreach_api.clock import Clock
from outreach_api.delivery.breaker import (
    FAILURES_THAT_OPEN,
    FIRST_REST,
    allowances,
    breakers,
    is_failure,
    note_outcomes,
)
from outreach_api.delivery.claim import USUAL_TOLL, Claimed, cancel_expired, claim_due
from outreach_api.delivery.pace import Rate
from outreach_api.delivery.settle import Begun, begin_sends, hand_back, settle_all
from outreach_api.delivery.toll_limits import TollLimits
from outreach_api.traces import span
from scheduler.planning.guards import ALL_GUARDS, Guards
from scheduler.planning.rules import ContactRules, contact_rules

# A claimed batch is what a message of another campaign waits behind: it begins small and grows while it is quick.
BATCH = 20
FIRST_BATCH = 5
BATCH_TAKES = timedelta(seconds=0.4)
LANES = 2
Given = TypeVar("Given")
Result = TypeVar("Result")
log = structlog.get_logger(__name__)


@dataclass
class DeliveryReport:
    """What a pass did, by what became of each contact it looked at."""

    sent: Counter[str] = field(default_factory=Counter)
    """`accepted`, `rejected`, `unknown`, `returned` (to be tried later), `withdrawn` (stopped or lost since)."""
    postponed: int = 0
    cancelled: int = 0

    def __bool__(self) -> bool:
        return bool(self.sent.total() or self.postponed or self.cancelled)

    def facts(self) -> dict[str, int]:
        return dict(self.sent) | {"postponed": self.postponed, "cancelled": self.cancelled}


@dataclass
class _Sender:
    """Sends claimed contacts; once the carrier asks for patience, or fails, hands the rest of its channel back."""

    sessions: Sessions
    carriers: Mapping[Channel, TextCarrier]
    clock: Clock
    guards: Guards
    patience: dict[Channel, float] = field(default_factory=dict)
    outcomes: Counter[tuple[Channel, bool]] = field(default_factory=Counter)
    """How many sends went well and how many failed, of each channel, since they were last noted."""
    failed_in_a_row: Counter[Channel] = field(default_factory=Counter)
    counting: threading.Lock = field(default_factory=threading.Lock)

    def send(self, together: Sequence[Claimed], pool: _Pool) -> list[str]:
        """Send a few at once: one commit before, all of them in flight, one commit after. What became of each."""
        waiting = [claimed for claimed in together if claimed.channel in self.patience]
        for channel in {claimed.channel for claimed in waiting}:
            self._return([claimed for claimed in waiting if claimed.channel is channel], self.patience[channel])
        going = self._begin([claimed for claimed in together if claimed not in waiting])
        results = list(pool.map(self._hand_over, going))
        for channel in {claimed.channel for claimed in going}:
            self._settle(channel, [pair for pair in zip(going, results, strict=True) if pair[0].channel is channel])
        withdrawn = len(together) - len(waiting) - len(going)
        named = [self._name(claimed.channel, result) for claimed, result in zip(going, results, strict=True)]
        return ["returned"] * len(waiting) + ["withdrawn"] * withdrawn + named

    def _return(self, waiting: Sequence[Claimed], seconds: float) -> None:
        now = self.clock.now()
        hand_back(self.sessions, waiting, due_at=now + timedelta(seconds=seconds), now=now)

    def _begin(self, together: Sequence[Claimed]) -> list[Claimed]:
        if not together:
            return []
        begun = begin_sends(self.sessions, together, now=self.clock.now(), guards=self.guards)
        return [claimed for claimed, outcome in zip(together, begun, strict=True) if outcome is Begun.YES]

    def _hand_over(self, claimed: Claimed) -> SendResult:
        return _hand_over(self.carriers[claimed.channel], claimed)

    def _settle(self, channel: Channel, results: Sequence[tuple[Claimed, SendResult]]) -> None:
        with self.counting:
            for _, result in results:
                self._count(channel, result)
        provider = self.carriers[channel].name
        settle_all(self.sessions, results, provider=provider, now=self.clock.now(), guards=self.guards)

    def note_outcomes(self) -> None:
        """Tell the carriers' breakers; a carrier whose breaker opens is left alone for the rest of the pass."""
        for channel in {channel for channel, _ in self.outcomes}:
            good, bad = self.outcomes[channel, True], self.outcomes[channel, False]
            now = self.clock.now()
            breaker = note_outcomes(self.sessions, self.carriers[channel].name, good=good, bad=bad, now=now)
            if breaker.state is not BreakerState.CLOSED and breaker.retry_at is not None:
                self.patience[channel] = max((breaker.retry_at - now).total_seconds(), 0.0)
        self.outcomes.clear()

    def _count(self, channel: Channel, result: SendResult) -> None:
        if _minds_its_own_health(self.carriers[channel]):
            return
        failed = is_failure(result)
        self.outcomes[channel, not failed] += 1
        self.failed_in_a_row[channel] = self.failed_in_a_row[channel] + 1 if failed else 0
        if self.failed_in_a_row[channel] >= FAILURES_THAT_OPEN:
            self.patience.setdefault(channel, FIRST_REST.total_seconds())

    def _name(self, channel: Channel, result: SendResult) -> str:
        match result:
            case Accepted():
                return "accepted"
            case Rejected(retry_after_seconds=float() | int() as seconds):
                self.patience[channel] = seconds
                return "returned"
            case Rejected():
                return "rejected"
            case _:
                return "unknown"


def deliver_due(
    sessions: Sessions,
    carriers: Mapping[Channel, TextCarrier],
    clock: Clock,
    *,
    limit: int = 1000,
    rules: ContactRules | None = None,
    guards: Guards = ALL_GUARDS,
    threads: int = 1,
    toll: TollLimits = USUAL_TOLL,
) -> DeliveryReport:
    """Send what is due, up to `limit` contacts; `threads` at a time, one in flight by default.

    No more are begun than are in flight: each is handed over right after the commit that marks it.

    A carrier that turns us away for now (429, account, no connection) ends the pass for its channel: what was claimed
    goes back with a later due time. A carrier that fails again and again is left alone by its breaker.
    """
    look = _look(sessions, clock.now())
    if not look.due:
        return DeliveryReport()
    rules = rules or look.rules
    report = DeliveryReport(cancelled=cancel_expired(sessions, now=clock.now(), rules=rules) if look.expired else 0)
    sender = _Sender(sessions, carriers, clock, guards)
    watched = [carrier for carrier in carriers.values() if not _minds_its_own_health(carrier)]
    names = {carrier.name: carrier for carrier in watched}
    held = allowances(sessions, names, now=clock.now()) if look.broken else {}
    probing = {channel: held[carrier.name] for channel, carrier in carriers.items() if carrier.name in held}
    rates = _rates(carriers, rules)
    left, size = limit, FIRST_BATCH * threads
    with _pool(threads) as pool, _pool(LANES if threads > 1 else 1) as lanes:
        while left > 0 and (channels := _open_channels(carriers, sender, probing)):
            began = clock.now()
            seats = min(size, left, *(probing[channel] for channel in channels if channel in probing))
            batch = claim_due(
                sessions,
                channels=channels,
                now=clock.now(),
                limit=seats,
                rules=rules,
                guards=guards,
                rates=rates,
                toll=toll,
            )
            if not batch.looked_at:
                break
            # While one lane waits for the disk, the other's texts are with the carrier.
            groups = _groups(batch.claimed, -(-threads // LANES))
            for outcomes in lanes.map(lambda together: sender.send(together, pool), groups):
                report.sent.update(outcomes)
            sender.note_outcomes()
            # Those few were to see; the next pass knows.
            probing = dict.fromkeys(probing, 0)
            report.postponed += batch.postponed
            report.cancelled += batch.cancelled
            left -= batch.looked_at
            # Fewer than asked for: nothing else is due on these channels.
            if batch.looked_at < seats and channels == _open_channels(carriers, sender, probing):
                break
            size = _next_size(size, clock.now() - began, threads)
    if report:
        log.info("delivered", **report.facts())
    return report


def _minds_its_own_health(carrier: TextCarrier) -> bool:
    """Of several carriers in one, each has its own breaker: one that fails is no reason to leave the others alone."""
    return getattr(carrier, "minds_its_own_health", False)


def _next_size(size: int, took: timedelta, threads: int) -> int:
    if took <= BATCH_TAKES:
        return min(2 * size, BATCH * threads)
    return max(int(size * (BATCH_TAKES / took)), threads)


def _open_channels(
    carriers: Mapping[Channel, TextCarrier], sender: _Sender, probing: Mapping[Channel, int]
) -> list[Channel]:
    """Channels to claim for; while one is only being tried again it is claimed for alone, so that its few stay few."""
    open_ = [channel for channel in carriers if channel not in sender.patience and probing.get(channel) != 0]
    tried_again = [channel for channel in open_ if channel in probing]
    return tried_again[:1] or open_


def _rates(carriers: Mapping[Channel, TextCarrier], rules: ContactRules) -> dict[Channel, Rate]:
    return {
        channel: Rate(carrier.sender, rules.sender_rates[carrier.sender])
        for channel, carrier in carriers.items()
        if carrier.sender in rules.sender_rates
    }


@dataclass(frozen=True)
class _Look:
    """Most passes find nothing: that is known from one look, without taking the database to write."""

    due: bool
    expired: bool = False
    broken: bool = False
    """A carrier's breaker is not intact."""
    rules: ContactRules = field(default_factory=ContactRules)


def _look(sessions: Sessions, now: datetime) -> _Look:
    with sessions.read() as session:
        due, expired = ask(session, _waiting(), now=now).one()
        if not due:
            return _Look(due=False)
        return _Look(due=True, expired=expired, broken=bool(breakers(session)), rules=contact_rules(session))


@cache
def _waiting() -> Select[bool, bool]:
    """Whether a contact is due, and whether one has expired that was not sent."""
    now = bindparam("now", type_=Contact.due_at.type)
    planned = Contact.state == ContactState.PLANNED
    return select(exists().where(planned, Contact.due_at <= now), exists().where(planned, Contact.expires_at <= now))


def _hand_over(carrier: TextCarrier, claimed: Claimed) -> SendResult:
    with span("contact.send", contact=claimed.contact_id, channel=claimed.channel.value) as noted:
        result = _ask(carrier, claimed)
        noted.note(outcome=type(result).__name__.lower())
        return result


def _ask(carrier: TextCarrier, claimed: Claimed) -> SendResult:
    try:
        return carrier.send(claimed.message)
    except Exception as fault:
        # An adapter promises not to raise. When one does, the text may be out: never send it twice for that.
        log.exception("carrier_adapter_raised", provider=carrier.name, contact=claimed.contact_id)
        return Unknown(type(fault).__name__)


class _Pool(Protocol):
    """Something that makes calls, in turn or at once."""

    def map(self, call: Callable[[Given], Result], given: Iterable[Given], /) -> Iterator[Result]: ...


class _InTurn:
    """A pool of one: each call in its turn, in this thread."""

    def __enter__(self) -> _InTurn:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, call: Callable[[Given], Result], given: Iterable[Given], /) -> Iterator[Result]:
        return map(call, given)


def _pool(threads: int) -> ThreadPoolExecutor | _InTurn:
    return ThreadPoolExecutor(threads) if threads > 1 else _InTurn()


def _groups(claimed: Sequence[Claimed], size: int) -> list[Sequence[Claimed]]:
    return [claimed[first : first + size] for first in range(0, len(claimed), size)]
