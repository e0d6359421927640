"""What Prometheus reads: counts and ages from the database, and how long this process waited for the bot.

Labels are enums and the names of jobs and carriers; never a person, a number or a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.carrier import CarrierBreaker
from models.contact import Contact, Receipt
from models.conversation import Inbound
from models.event import JobSlot
from models.session import DATABASE_AWAY, Sessions
from models.vocabulary import BreakerState, ContactState, InboundState
from outreach_api.clock import Clock
from outreach_api.spool import Spool

BOT_SECONDS = Histogram(
    "outreach_bot_seconds",
    "How long the assistant took for a turn, answered or not.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=None,
)
BOT_FAILURES = Counter("outreach_bot_failures", "Turns a process of the assistant gave no answer to.", registry=None)
UNANSWERED = (InboundState.PENDING, InboundState.PROCESSING)


class HouseCollector(Collector):
    """Reads the database when Prometheus asks, in one short session."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        try:
            yield from list(self._figures())
        except DATABASE_AWAY:
            yield _single("database_up", "Whether the database answers.", 0)

    def _figures(self) -> Iterator[Metric]:
        now = self._clock.now()
        with self._sessions.read() as session:
            yield _single("database_up", "Whether the database answers.", 1)
            yield _labelled(session, "contacts", "Contacts, by state.", "state", _contacts())
            yield _labelled(
                session, "breaker", "Breakers that are not closed: 1 half open, 2 open.", "carrier", _open()
            )
            yield _single("unknown_contacts", "Sends nobody knows the outcome of.", session.scalar(_unknown()))
            yield _age(
                "queue_age_seconds", "How long the oldest due contact has waited.", session.scalar(_due(now)), now
            )
            yield _single("inbound_backlog", "Messages not answered yet.", session.scalar(_backlog()))
            yield _age("inbound_age_seconds", "How long the oldest of them has waited.", session.scalar(_heard()), now)
            yield _single("receipt_backlog", "Receipts not applied yet.", session.scalar(_receipts()))
            yield _slots(session, now)
            yield _single("slots_unfinished", "Slots begun and not finished.", session.scalar(_unfinished()))


class SpoolCollector(Collector):
    """What arrived while the database was away."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def collect(self) -> Iterator[Metric]:
        waiting = self._spool.waiting()
        yield _single("spooled", "Arrivals that wait on this machine's disk.", waiting.entries)
        yield _single("spool_refused", "Arrivals that no database took; a person has to look.", waiting.refused)


def registry_of(sessions: Sessions, clock: Clock, spool: Spool) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(SpoolCollector(spool))
    registry.register(HouseCollector(sessions, clock))
    registry.register(BOT_SECONDS)
    registry.register(BOT_FAILURES)
    return registry


def _contacts() -> Select[ContactState, int]:
    return select(Contact.state, func.count()).group_by(Contact.state)


def _open() -> Select[str, BreakerState]:
    return select(CarrierBreaker.carrier, CarrierBreaker.state)


def _unknown() -> Select[Any]:
    return select(func.count()).where(Contact.state == ContactState.UNKNOWN)


def _due(now: datetime) -> Select[Any]:
    oldest = func.min(Contact.due_at, type_=Contact.due_at.type)
    return select(oldest).where(Contact.state == ContactState.PLANNED, Contact.due_at <= now)


def _backlog() -> Select[Any]:
    return select(func.count()).where(Inbound.state.in_(UNANSWERED))


def _heard() -> Select[Any]:
    return select(func.min(Inbound.received_at, type_=Inbound.received_at.type)).where(Inbound.state.in_(UNANSWERED))


def _receipts() -> Select[Any]:
    return select(func.count()).where(Receipt.applied_at.is_(None))


def _unfinished() -> Select[Any]:
    return select(func.count()).where(JobSlot.finished_at.is_(None))


def _slots(session: Session, now: datetime) -> Metric:
    newest = select(JobSlot.job, func.max(JobSlot.finished_at, type_=JobSlot.finished_at.type)).group_by(JobSlot.job)
    ages = [(job, max((now - at).total_seconds(), 0.0)) for job, at in session.execute(newest) if at is not None]
    return _family("slot_age_seconds", "Since a slot of each job was last finished.", "job", ages)


BREAKER_VALUE = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


def _labelled(session: Session, name: str, told: str, label: str, query: Select[Any, Any]) -> Metric:
    rows = session.execute(query).all()
    return _family(name, told, label, [(str(key), BREAKER_VALUE.get(value, value)) for key, value in rows])


def _family(name: str, told: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(f"outreach_{name}", told, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


def _single(name: str, told: str, value: int | None) -> Metric:
    return GaugeMetricFamily(f"outreach_{name}", told, value=float(value or 0))


def _age(name: str, told: str, since: datetime | None, now: datetime) -> Metric:
    seconds = max((now - since).total_seconds(), 0.0) if since is not None else 0.0
    return GaugeMetricFamily(f"outreach_{name}", told, value=seconds)
