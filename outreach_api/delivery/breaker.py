"""The circuit breaker of a carrier: after many failures nothing is handed to it for a while, then a few to see.

It only holds back. What is unknown stays unknown; an open breaker is no reason to send anything again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.asking import AnyColumns, ask
from models.carrier import CarrierBreaker
from models.event import Event
from models.session import Sessions
from models.vocabulary import BreakerState, Cause, EventKind
from outreach_api.channels.carrier import Rejected, SendResult, Unknown

WINDOW = timedelta(minutes=1)
FAILURES_THAT_OPEN = 5
SHARE_THAT_OPENS = 0.5
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=10)
PROBES = 3
# A prober that died leaves the breaker half open no longer than this.
PROBE_TAKES_AT_MOST = timedelta(minutes=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Breaker:
    """A carrier's breaker as a value: for the sender, for metrics, for the console."""

    state: BreakerState = BreakerState.CLOSED
    good: int = 0
    bad: int = 0
    since: datetime | None = None
    retry_at: datetime | None = None
    trips: int = 0


INTACT = Breaker()


def is_failure(result: SendResult) -> bool:
    """A time-out, a 5xx or no connection. That a text was refused, or too many came at once, is the carrier at work."""
    return isinstance(result, Unknown) or (isinstance(result, Rejected) and result.cause is Cause.CARRIER_FAULT)


def after(breaker: Breaker, *, good: int, bad: int, now: datetime) -> Breaker:
    """The breaker after some more sends.

    A window of a minute begins with a failure; in it, five failures that are half of all sends open the breaker. Half
    open, one failure opens it again, for twice as long, and a success closes it.
    """
    if breaker.state is not BreakerState.CLOSED:
        if bad:
            return _opened(breaker, now)
        return INTACT if good else breaker
    if breaker.since is None or now - breaker.since > WINDOW:
        breaker = Breaker(since=now) if bad else INTACT
    if breaker.since is None:
        return breaker
    counted = Breaker(BreakerState.CLOSED, breaker.good + good, breaker.bad + bad, breaker.since)
    many = counted.bad >= FAILURES_THAT_OPEN
    return _opened(counted, now) if many and counted.bad >= SHARE_THAT_OPENS * (counted.good + counted.bad) else counted


def _opened(breaker: Breaker, now: datetime) -> Breaker:
    rest = min(FIRST_REST * 2**breaker.trips, LONGEST_REST)
    return Breaker(BreakerState.OPEN, since=now, retry_at=now + rest, trips=breaker.trips + 1)


def breakers(session: Session) -> dict[str, Breaker]:
    """The breakers that are not intact, by carrier."""
    return {carrier: Breaker(*values) for carrier, *values in ask(session, _rows())}


@dataclass(frozen=True)
class Switch:
    """A carrier was left, and was taken up again or not yet."""

    carrier: str
    left_at: datetime
    returned_at: datetime | None


def switches(session: Session, *, since: datetime) -> list[Switch]:
    """The last switch of each carrier, where it was not over by then, newest first."""
    rows = session.scalars(select(CarrierBreaker).where(CarrierBreaker.left_at.is_not(None)))
    found = [Switch(row.carrier, row.left_at, row.returned_at) for row in rows if row.left_at is not None]
    lately = [each for each in found if each.returned_at is None or each.returned_at >= since]
    return sorted(lately, key=lambda each: each.left_at, reverse=True)


def may_probe(sessions: Sessions, carrier: str, *, now: datetime) -> bool:
    """Whether this worker is the one that tries an open carrier again: its time has come and no other was faster."""
    with sessions.write() as session:
        won = session.scalar(
            update(CarrierBreaker)
            .where(CarrierBreaker.carrier == carrier, CarrierBreaker.state != BreakerState.CLOSED)
            .where(or_(CarrierBreaker.retry_at.is_(None), CarrierBreaker.retry_at <= now))
            .values(state=BreakerState.HALF_OPEN, retry_at=now + PROBE_TAKES_AT_MOST)
            .returning(CarrierBreaker.carrier)
            .execution_options(synchronize_session=False)
        )
        if won is not None:
            _tell(session, carrier, BreakerState.HALF_OPEN, now=now)
        return won is not None


def note_outcomes(sessions: Sessions, carrier: str, *, good: int, bad: int, now: datetime) -> Breaker:
    """Count what came of some sends. While all is well nothing is written."""
    if not bad:
        with sessions.read() as session:
            if breakers(session).get(carrier, INTACT) == INTACT:
                return INTACT
    with sessions.write() as session:
        row = _row(session, carrier)
        old = _as_value(row)
        new = after(old, good=good, bad=bad, now=now)
        for name, value in vars(new).items():
            setattr(row, name, value)
        if new.state is not old.state:
            _note_switch(row, old.state, new.state, now=now)
            _tell(session, carrier, new.state, now=now)
        return new


def allowances(sessions: Sessions, carriers: Mapping[str, object], *, now: datetime) -> dict[str, int]:
    """How many texts a carrier may be given in one go, for those whose breaker holds something back: none, or a few."""
    with sessions.read() as session:
        broken = {name: breaker for name, breaker in breakers(session).items() if name in carriers}
    held: dict[str, int] = {}
    for name, breaker in broken.items():
        if breaker.state is not BreakerState.CLOSED:
            due = breaker.retry_at is None or breaker.retry_at <= now
            held[name] = PROBES if due and may_probe(sessions, name, now=now) else 0
    return held


@cache
def _rows() -> AnyColumns:
    """The columns in the order of a breaker's fields."""
    return select(CarrierBreaker.carrier, *(getattr(CarrierBreaker, one.name) for one in fields(Breaker)))


def _row(session: Session, carrier: str) -> CarrierBreaker:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    intact = {"carrier": carrier, **vars(INTACT)}
    session.execute(insert(CarrierBreaker).values(intact).on_conflict_do_nothing())
    query = select(CarrierBreaker).where(CarrierBreaker.carrier == carrier)
    return session.scalars(query.with_for_update()).one()


def _note_switch(row: CarrierBreaker, old: BreakerState, new: BreakerState, *, now: datetime) -> None:
    """When it was left and when it was taken up again; the tries between are neither."""
    if old is BreakerState.CLOSED:
        row.left_at, row.returned_at = now, None
    elif new is BreakerState.CLOSED:
        row.returned_at = now


def _as_value(row: CarrierBreaker) -> Breaker:
    return Breaker(row.state, row.good, row.bad, row.since, row.retry_at, row.trips)


def _tell(session: Session, carrier: str, state: BreakerState, *, now: datetime) -> None:
    session.add(Event(at=now, kind=EventKind.CARRIER_CHANGED, facts={"carrier": carrier, "state": state.value}))
    log.warning("carrier_breaker", carrier=carrier, state=state.value)
