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
from models.vocabulary import Channel, ContactState
from outreach_api.channels.carrier import Accepted, Rejected, SendResult, TextCarrier, Unknown
from outreach_api.clock import Clock
from outreach_api.delivery.claim import Claimed, cancel_expired, claim_due
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
    """Sends claimed contacts; once the carrier asks for patience, hands the rest of its channel back."""

    sessions: Sessions
    carriers: Mapping[Channel, TextCarrier]
    clock: Clock
    guards: Guards
    patience: dict[Channel, float] = field(default_factory=dict)

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
        now = self.clock.now()
        settle(self.sessions, claimed, result, provider=carrier.name, now=now, guards=self.guards)
        return self._name(claimed.channel, result)

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
    goes back with a later due time.
    """
    if not _anything_due(sessions, clock.now()):
        return DeliveryReport()
    rules = rules or _rules(sessions)
    report = DeliveryReport(cancelled=cancel_expired(sessions, now=clock.now(), rules=rules))
    sender = _Sender(sessions, carriers, clock, guards)
    left = limit
    with ThreadPoolExecutor(threads) if threads > 1 else _InTurn() as pool:
        while left > 0 and (channels := carriers.keys() - sender.patience.keys()):
            size = min(BATCH * threads, left)
            batch = claim_due(sessions, channels=channels, now=clock.now(), limit=size, rules=rules, guards=guards)
            if not batch.looked_at:
                break
            report.sent.update(pool.map(sender.send, batch.claimed))
            report.postponed += batch.postponed
            report.cancelled += batch.cancelled
            left -= batch.looked_at
    if report:
        log.info("delivered", **report.facts())
    return report


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
