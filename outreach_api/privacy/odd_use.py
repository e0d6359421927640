"""Odd use, told to the auditors: many looks at night, looking through a street, tokens in somebody else's name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from statistics import median
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import AuditAlert, AuditEntry
from models.resident import Resident
from models.staff import Staff
from models.vocabulary import Reach

NIGHT_FROM, NIGHT_UNTIL = time(21), time(7)
LOOKS_A_NIGHT = 5
LOOKS_A_NIGHT_OF_A_SYSTEM = 50
"""A system may keep itself up to date at night; one whose token was stolen reads on."""
PEOPLE_A_DAY = 40
PEOPLE_OF_A_STREET = 15
SHARE_OF_A_STREET = 0.8
"""Who looks at one street and hardly at others is odd, unless that street is their work or they usually do."""
TIMES_THE_USUAL = 2
AT_A_STRETCH = timedelta(minutes=30)
"""So many people of one street in so short a time are read, whoever works there."""
HABITS_LOOKED_BACK = timedelta(days=28)
DAYS_OF_A_HABIT = 5
LOOKED_BACK = timedelta(hours=36)
LOOKS = "reveal."
COUNTED_LISTS = {"care.hand_over": "entries", "export.take": "rows"}
"""What is taken as a list, by the fact that says how many are on it."""
CASE_LISTS = ("visits.list", "api.cases")
"""Lists of cases whose people stand there in full; the same case is looked at once a night."""
LENT = "token.add"

log = structlog.get_logger(__name__)


class OddUse(StrEnum):
    AT_NIGHT = "at_night"
    MANY_PEOPLE = "many_people"
    A_STREET = "a_street"
    IN_ANOTHERS_NAME = "in_anothers_name"
    """Somebody made a token that acts for a colleague: whoever holds it acts in the colleague's name."""


@dataclass(frozen=True)
class Look:
    """One value shown in full."""

    at: datetime
    """On the district's own clock."""
    actor: str
    resident_id: int
    street: str


@dataclass(frozen=True)
class Found:
    rule: OddUse
    actor: str
    on: date
    count: int
    street: str = ""


@dataclass(frozen=True)
class Habits:
    """What is usual for whom."""

    people: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Actor and street → people of it that they look at on a usual day; a habit takes five days."""
    work_there: frozenset[tuple[str, str]] = frozenset()
    """Actor and street: they were given no more of the district to see than a few streets, this among them."""


@dataclass(frozen=True)
class Bulk:
    """A list handed over in full."""

    at: datetime
    """On the district's own clock."""
    actor: str
    people: int


NO_HABITS = Habits()


def odd_use(looks: Sequence[Look], bulks: Sequence[Bulk] = (), habits: Habits = NO_HABITS) -> list[Found]:
    """What is odd about these looks, by actor and day; a night belongs to the day on which it began.

    At night a list counts as a look at everybody on it.
    """
    nights: Counter[tuple[str, date]] = Counter()
    people: dict[tuple[str, date], dict[int, Look]] = defaultdict(dict)
    for bulk in bulks:
        if (began := _night_of(bulk.at)) is not None:
            nights[bulk.actor, began] += bulk.people
    for look in looks:
        if (began := _night_of(look.at)) is not None:
            nights[look.actor, began] += 1
        people[look.actor, look.at.date()].setdefault(look.resident_id, look)
    found = [Found(OddUse.AT_NIGHT, actor, on, n) for (actor, on), n in nights.items() if n >= _allowed_a_night(actor)]
    for (actor, on), seen in people.items():
        found += _of_a_day(actor, on, seen.values(), habits)
    return found


def _allowed_a_night(actor: str) -> int:
    return LOOKS_A_NIGHT_OF_A_SYSTEM if actor.startswith("api:") else LOOKS_A_NIGHT


def _night_of(at: datetime) -> date | None:
    """The day on which the night of this moment began; none by day."""
    if NIGHT_UNTIL <= at.time() < NIGHT_FROM:
        return None
    return at.date() - timedelta(days=at.time() < NIGHT_UNTIL)


def _of_a_day(actor: str, on: date, looks: Collection[Look], habits: Habits) -> Iterator[Found]:
    """`looks` are the first at each person."""
    by_street = Counter(look.street for look in looks)
    whole = by_street.total()
    if whole >= PEOPLE_A_DAY:
        yield Found(OddUse.MANY_PEOPLE, actor, on, whole)
    street, most = by_street.most_common(1)[0]
    if not street or most < PEOPLE_OF_A_STREET:
        return
    usual = habits.people.get((actor, street), 0)
    if (actor, street) in habits.work_there:
        # Of their own street they see its people alone: it is odd only beside what they usually see.
        is_odd = 0 < TIMES_THE_USUAL * usual < most
    else:
        is_odd = most >= SHARE_OF_A_STREET * whole and most > TIMES_THE_USUAL * usual
    if is_odd or _at_a_stretch(sorted(look.at for look in looks if look.street == street)):
        yield Found(OddUse.A_STREET, actor, on, most, street)


def _at_a_stretch(at: Sequence[datetime]) -> bool:
    pairs = zip(at, at[PEOPLE_OF_A_STREET - 1 :], strict=False)
    return any(last - first <= AT_A_STRETCH for first, last in pairs)


def watch_use(session: Session, *, zone: ZoneInfo, now: datetime) -> int:
    """Look through the last day and a half; each finding is told once, and grows while it goes on."""
    new = 0
    since = now - LOOKED_BACK
    looks = list(_looks(session, since=since, zone=zone))
    habits = _habits(session, looks, until=since, zone=zone)
    for found in odd_use(looks, list(_bulks(session, since=since, zone=zone)), habits) + _lent(
        session, since=since, zone=zone
    ):
        known = session.scalar(
            select(AuditAlert).where(
                AuditAlert.rule == found.rule.value, AuditAlert.actor == found.actor, AuditAlert.on == found.on
            )
        )
        if known is not None:
            known.count = max(known.count, found.count)
            continue
        facts = {"street": found.street} if found.street else {}
        session.add(
            AuditAlert(rule=found.rule.value, actor=found.actor, on=found.on, at=now, count=found.count, facts=facts)
        )
        log.warning("odd_use", rule=found.rule.value, actor=found.actor, count=found.count)
        new += 1
    return new


def _habits(session: Session, looks: Sequence[Look], *, until: datetime, zone: ZoneInfo) -> Habits:
    """Of those alone who have looked at enough people to be asked about."""
    seen = Counter(actor for actor, _ in {(look.actor, look.resident_id) for look in looks})
    actors = {actor for actor, number in seen.items() if number >= PEOPLE_OF_A_STREET}
    if not actors:
        return NO_HABITS
    days: dict[tuple[str, str], dict[date, set[int]]] = defaultdict(lambda: defaultdict(set))
    for look in _looks(session, since=until - HABITS_LOOKED_BACK, until=until, zone=zone, actors=actors):
        days[look.actor, look.street][look.at.date()].add(look.resident_id)
    people = {
        key: int(median(len(seen) for seen in by_day.values()))
        for key, by_day in days.items()
        if len(by_day) >= DAYS_OF_A_HABIT
    }
    numbers = {int(actor.partition(":")[2]) for actor in actors if actor.startswith("staff:")}
    theirs = select(Staff.id, Staff.streets).where(Staff.id.in_(numbers), Staff.reach == Reach.STREETS)
    work_there = {(f"staff:{number}", street) for number, own in session.execute(theirs) for street in own}
    return Habits(people, frozenset(work_there))


def _lent(session: Session, *, since: datetime, zone: ZoneInfo) -> list[Found]:
    """Tokens that members of staff made for others, by who made them and day; the terminal is the operator's."""
    query = select(AuditEntry).where(AuditEntry.at >= since, AuditEntry.action == LENT)
    made = Counter(
        (entry.actor, entry.at.astimezone(zone).date())
        for entry in session.scalars(query.where(AuditEntry.actor.startswith("staff:")))
        if entry.facts.get("staff") is not None and entry.actor != f"staff:{entry.facts['staff']}"
    )
    return [Found(OddUse.IN_ANOTHERS_NAME, actor, on, number) for (actor, on), number in made.items()]


def _bulks(session: Session, *, since: datetime, zone: ZoneInfo) -> Iterator[Bulk]:
    query = select(AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.facts).where(AuditEntry.at >= since)
    seen: dict[tuple[str, date | None], set[int]] = defaultdict(set)
    lists = query.where(AuditEntry.action.in_([*COUNTED_LISTS, *CASE_LISTS])).order_by(AuditEntry.id)
    for at, actor, action, facts in session.execute(lists):
        local = at.astimezone(zone)
        if action in COUNTED_LISTS:
            yield Bulk(local, actor, int(facts.get(COUNTED_LISTS[action], 0)))
            continue
        before = seen[actor, _night_of(local)]
        cases = set(facts.get("cases", ()))
        yield Bulk(local, actor, len(cases - before))
        before |= cases


def _looks(
    session: Session,
    *,
    since: datetime,
    zone: ZoneInfo,
    until: datetime | None = None,
    actors: Collection[str] = (),
) -> Iterator[Look]:
    query = select(AuditEntry.at, AuditEntry.actor, AuditEntry.subject)
    query = query.where(AuditEntry.at >= since, AuditEntry.action.startswith(LOOKS))
    if until is not None:
        query = query.where(AuditEntry.at < until)
    if actors:
        query = query.where(AuditEntry.actor.in_(actors))
    rows = session.execute(query).all()
    if not rows:
        return
    seen = [(at, actor, int(subject.partition(":")[2])) for at, actor, subject in rows]
    places = select(Resident.id, Resident.street).where(Resident.id.in_({one for _, _, one in seen}))
    streets = dict(session.execute(places).all())
    for at, actor, resident_id in seen:
        yield Look(at.astimezone(zone), actor, resident_id, streets.get(resident_id) or "")
