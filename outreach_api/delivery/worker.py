"""The sender: claim → commit → carrier → settle. No transaction is open while the carrier is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from models.contact import Contact
from models.session import Sessions
from models.vocabulary import BreakerState, Channel, ContactState
from outreach_api.channels.carrier import Accepted, Rejected, SendResult, TextCarrier, Unknown
from outreach_api.clock import Clock
from outreach_api.delivery.breaker import FAILURES_THAT_OPEN, FIRST_REST, allowances, is_failure, note_outcomes
from outreach_api.delivery.claim import Claimed, cancel_expired, claim_due
from outreach_api.delivery.pace import Rate
from outreach_api.delivery.settle import Begun, begin_send, hand_back, settle
from scheduler.planning.guards import ALL_GUARDS, Guards
from scheduler.planning.rules import ContactRules, contact_rules

# Small, so that what waits in a claimed batch behind a slow carrier is little.
BATCH = 20
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

    def send(self, claimed: Claimed) -> str:
        patience = self.patience.get(claimed.channel)
        if patience is not None:
            now = self.clock.now()
            hand_back(self.sessions, claimed, due_at=now + timedelta(seconds=patience), now=now)
            return "returned"
        if begin_send(self.sessions, claimed, now=self.clock.now(), guards=self.guards) is not Begun.YES:
            return "withdrawn"
        carrier = self.carriers[claimed.channel]
        result = _hand_over(carrier, claimed)
        self._count(claimed.channel, result)
        now = self.clock.now()
        settle(self.sessions, claimed, result, provider=carrier.name, now=now, guards=self.guards)
        return self._name(claimed.channel, result)

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
) -> DeliveryReport:
    """Send what is due, up to `limit` contacts; `threads` at a time, one in flight by default.

    A carrier that turns us away for now (429, account, no connection) ends the pass for its channel: what was claimed
    goes back with a later due time. A carrier that fails again and again is left alone by its breaker.
    """
    if not _anything_due(sessions, clock.now()):
        return DeliveryReport()
    rules = rules or _rules(sessions)
    report = DeliveryReport(cancelled=cancel_expired(sessions, now=clock.now(), rules=rules))
    sender = _Sender(sessions, carriers, clock, guards)
    held = allowances(sessions, {carrier.name: carrier for carrier in carriers.values()}, now=clock.now())
    probing = {channel: held[carrier.name] for channel, carrier in carriers.items() if carrier.name in held}
    rates = _rates(carriers, rules)
    left = limit
    with ThreadPoolExecutor(threads) if threads > 1 else _InTurn() as pool:
        while left > 0 and (channels := _open_channels(carriers, sender, probing)):
            size = min(BATCH * threads, left, *(probing[channel] for channel in channels if channel in probing))
            batch = claim_due(
                sessions, channels=channels, now=clock.now(), limit=size, rules=rules, guards=guards, rates=rates
            )
            if not batch.looked_at:
                break
            report.sent.update(pool.map(sender.send, batch.claimed))
            sender.note_outcomes()
            # Those few were to see; the next pass knows.
            probing = dict.fromkeys(probing, 0)
            report.postponed += batch.postponed
            report.cancelled += batch.cancelled
            left -= batch.looked_at
    if report:
        log.info("delivered", **report.facts())
    return report


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


def _anything_due(sessions: Sessions, now: datetime) -> bool:
    """Most passes find nothing: that is known from one look, without taking the database to write."""
    due = select(Contact.id).where(Contact.state == ContactState.PLANNED, Contact.due_at <= now).limit(1)
    with sessions.read() as session:
        return session.scalar(due) is not None


def _rules(sessions: Sessions) -> ContactRules:
    with sessions.read() as session:
        return contact_rules(session)


def _hand_over(carrier: TextCarrier, claimed: Claimed) -> SendResult:
    try:
        return carrier.send(claimed.message)
    except Exception as fault:
        # An adapter promises not to raise. When one does, the text may be out: never send it twice for that.
        log.exception("carrier_adapter_raised", provider=carrier.name, contact=claimed.contact_id)
        return Unknown(type(fault).__name__)


class _InTurn:
    """A pool of one: each call in its turn, in this thread."""

    def __enter__(self) -> _InTurn:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, call: Callable[[Claimed], str], claimed: Iterable[Claimed]) -> Iterable[str]:
        return map(call, claimed)
