"""Time: one `tick(now)` runs every job whose slot has come. Whoever holds the clock calls it; nothing here reads one.

A slot is a nominal time of a job's cron trigger. Its row in `job_slot` is inserted, and committed, before the job runs,
and `UNIQUE(job, slot)` lets one of several schedulers win. When a process dies between start and finish, the row stays
unfinished; after the job's `restart_after` the next tick takes that slot over, by compare-and-set on its start. Jobs
are therefore written to do all that is due whenever they run: a second run of a slot finds the first one's work done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache, lru_cache
from typing import Any

import structlog
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import ColumnElement, bindparam, delete, func, null, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from models.asking import AnyUnion, ask, ids
from models.event import JobSlot
from models.session import Sessions

KEEP_SLOTS = timedelta(days=30)
_INSTANT = timedelta(microseconds=1)
# How far back the newest missed slot is looked for first: most jobs run often, and a month's stop has many slots.
_LOOK_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=40))

log = structlog.get_logger(__name__)


class Missed(Enum):
    """What is done about several slots missed in a row."""

    NEWEST = "newest"
    EACH = "each"


@dataclass(frozen=True)
class Job:
    name: str
    trigger: CronTrigger
    run: Callable[[datetime, datetime], dict[str, Any]]
    """Called with the slot and with now, both in UTC; what it returns is kept with the slot: counts, never people."""
    missed: Missed = Missed.NEWEST
    restart_after: timedelta = timedelta(hours=1)


@dataclass(frozen=True)
class Ran:
    job: str
    slot: datetime
    result: dict[str, Any]
    failed: BaseException | None = None


def tick(sessions: Sessions, jobs: Sequence[Job], now: datetime) -> list[Ran]:
    """Run what is due, in the order of slots. A job that fails is logged, and keeps no other from running.

    A job met for the first time counts its slots from now on.
    """
    standing = _standing(sessions, jobs)
    for job in jobs:
        if job.name not in standing.last:
            _begin_counting(sessions, job, now)
            standing.last[job.name] = now - _INSTANT
    due = [(slot, number, job) for number, job in enumerate(jobs) for slot in _due_slots(standing, job, now)]
    in_order = sorted(due, key=lambda entry: entry[:2])
    return [_run(sessions, job, slot, now) for slot, _, job in in_order if _win(sessions, job, slot, now)]


def next_due(jobs: Sequence[Job], sessions: Sessions, now: datetime) -> datetime | None:
    """When the next slot of any job comes; one that is overdue counts as now."""
    last = _standing(sessions, jobs).last
    starts = [(job, last.get(job.name, now - _INSTANT)) for job in jobs]
    slots = [slot for job, start in starts if (slot := _slot_after(job.trigger, start)) is not None]
    return max(min(slots), now.astimezone(UTC)) if slots else None


def next_slot(jobs: Sequence[Job], now: datetime) -> datetime | None:
    """When the next slot of any job comes, for who has just run all that were due: then nothing need be looked up."""
    slots = [slot for job in jobs if (slot := _slot_after(job.trigger, now)) is not None]
    return min(slots, default=None)


def forget_old_slots(sessions: Sessions, now: datetime) -> int:
    """Delete finished slots older than 30 days, but each job's newest; how many."""
    with sessions.write() as session:
        later = aliased(JobSlot)
        has_later = select(later.id).where(later.job == JobSlot.job, later.slot > JobSlot.slot).exists()
        old = (JobSlot.finished_at.is_not(None), JobSlot.slot < now - KEEP_SLOTS, has_later)
        deleted = delete(JobSlot).where(*old).returning(JobSlot.id).execution_options(synchronize_session=False)
        return len(session.scalars(deleted).all())


@dataclass
class _Standing:
    """How far jobs have come."""

    last: dict[str, datetime] = field(default_factory=dict)
    """The newest slot of each job that has one."""
    begun: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))
    """Slots without an end, oldest first, each with when it was begun."""


def _standing(sessions: Sessions, jobs: Sequence[Job]) -> _Standing:
    found = _Standing()
    with sessions.read() as session:
        for name, slot, started_at in ask(session, _slots_on_record(), jobs=[job.name for job in jobs]):
            if started_at is None:
                found.last[name] = slot
            else:
                found.begun[name].append((slot, started_at))
    return found


@cache
def _slots_on_record() -> AnyUnion:
    """The newest slot of each of the jobs, and every unfinished one."""
    ours = JobSlot.job.in_(ids("jobs"))
    no_start = null().cast(JobSlot.started_at.type).label("started_at")
    newest = func.max(JobSlot.slot, type_=JobSlot.slot.type).label("slot")
    last = select(JobSlot.job, newest, no_start).where(ours).group_by(JobSlot.job)
    unfinished = select(JobSlot.job, JobSlot.slot, JobSlot.started_at).where(ours, JobSlot.finished_at.is_(None))
    return union_all(last, unfinished).order_by("slot")


def _due_slots(standing: _Standing, job: Job, now: datetime) -> list[datetime]:
    last = standing.last[job.name]
    unfinished = _abandoned(standing, job, now)
    if job.missed is Missed.EACH:
        return unfinished + list(_slots(job.trigger, last, now))
    newest = _newest_slot(job.trigger, last, now)
    return [newest] if newest is not None else unfinished


def _abandoned(standing: _Standing, job: Job, now: datetime) -> list[datetime]:
    """Slots that somebody began and nobody will finish: the newest, or where each counts, all."""
    long_ago = now - job.restart_after
    found = [slot for slot, started_at in standing.begun[job.name] if started_at <= long_ago]
    return found if job.missed is Missed.EACH else found[-1:]


def _begin_counting(sessions: Sessions, job: Job, now: datetime) -> None:
    """Leave a first row just before now: without it a job whose slots fall between ticks would never be due."""
    with sessions.write() as session:
        slot = now - _INSTANT
        if _insert(session, job, slot, now):
            ask(session, _finishes(), job_=job.name, slot_=slot, now=now, facts={})


def _win(sessions: Sessions, job: Job, slot: datetime, now: datetime) -> bool:
    """Whether this scheduler may run the slot: it inserted the row, or took over an abandoned one."""
    with sessions.write() as session:
        if _insert(session, job, slot, now):
            return True
        long_ago = now - job.restart_after
        return ask(session, _takes_over(), job_=job.name, slot_=slot, now=now, long_ago=long_ago).scalar() is not None


def _insert(session: Session, job: Job, slot: datetime, now: datetime) -> bool:
    inserted = ask(session, _insertion(session.get_bind().dialect.name), job=job.name, slot=slot, started_at=now)
    return inserted.scalar() is not None


@cache
def _insertion(dialect: str) -> Any:
    insert: Any = postgresql.insert(JobSlot) if dialect == "postgresql" else sqlite.insert(JobSlot)
    row: dict[str, Any] = {name: bindparam(name) for name in ("job", "slot", "started_at")}
    return insert.values(row).on_conflict_do_nothing().returning(JobSlot.id)


@cache
def _takes_over() -> Any:
    long_ago = bindparam("long_ago", type_=JobSlot.started_at.type)
    return (
        update(JobSlot)
        .where(*_is_slot(), JobSlot.finished_at.is_(None), JobSlot.started_at <= long_ago)
        .values(started_at=bindparam("now"))
        .returning(JobSlot.id)
    )


@cache
def _finishes() -> Any:
    return update(JobSlot).where(*_is_slot()).values(finished_at=bindparam("now"), result=bindparam("facts"))


def _is_slot() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # A bound name in an update must not be a column's.
    return JobSlot.job == bindparam("job_"), JobSlot.slot == bindparam("slot_", type_=JobSlot.slot.type)


def _run(sessions: Sessions, job: Job, slot: datetime, now: datetime) -> Ran:
    try:
        ran = Ran(job.name, slot, job.run(slot, now))
        log.info("job_ran", job=job.name, slot=slot.isoformat())
    except Exception as fault:
        log.exception("job_failed", job=job.name, slot=slot.isoformat())
        ran = Ran(job.name, slot, {"failed": type(fault).__name__}, fault)
    with sessions.write() as session:
        ask(session, _finishes(), job_=job.name, slot_=slot, now=now, facts=ran.result)
    return ran


def _slots(trigger: CronTrigger, after: datetime, until: datetime) -> Iterator[datetime]:
    slot = _slot_after(trigger, after)
    while slot is not None and slot <= until:
        yield slot
        slot = _slot_after(trigger, slot)


def _newest_slot(trigger: CronTrigger, after: datetime, until: datetime) -> datetime | None:
    first = _slot_after(trigger, after)
    if first is None or first > until:
        return None
    for back in _LOOK_BACK:
        found = list(_slots(trigger, max(after, until - back), until))
        if found:
            return found[-1]
    return max(_slots(trigger, after, until), default=None)


@lru_cache(maxsize=1024)
def _slot_after(trigger: CronTrigger, instant: datetime) -> datetime | None:
    slot: datetime | None = trigger.get_next_fire_time(None, instant + _INSTANT)
    return slot.astimezone(UTC) if slot is not None else None
