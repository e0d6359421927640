"""Who belongs on the care list: by one statement a reason, over those whom matching took in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, String, and_, cast, exists, insert, literal, or_, select
from sqlalchemy.orm import Session

from models.care import CareEntry
from models.match import Match
from models.resident import Resident
from models.session import Sessions
from models.vocabulary import Audience, CareReason, ResidentStatus
from scheduler.rules.derive import FocusGroup
from scheduler.rules.rule import AllOf, Clause, Op, Rule

HIGH_AGE = 80
PREGNANT_FOR = timedelta(days=300)
"""So long after a match that rested on a pregnancy somebody may still be pregnant."""


class Card(Protocol):
    @property
    def rule(self) -> Rule | None: ...


def find_care(sessions: Sessions, cards: Mapping[str, Card], *, today: date, now: datetime) -> int:
    """Put on the list who belongs there and is not on it yet; how many entries that were."""
    by_reason = {
        CareReason.HIGH_AGE: Resident.birth_date <= _years_before(today, HIGH_AGE),
        CareReason.LIVING_ALONE: _in_group(FocusGroup.LIVING_ALONE),
        CareReason.PREGNANT: _matched_lately(pregnancy_policies(cards), now - PREGNANT_FOR),
    }
    with sessions.write() as session:
        return sum(_take_in(session, reason, belongs, now) for reason, belongs in by_reason.items())


def pregnancy_policies(cards: Mapping[str, Card]) -> list[str]:
    """Items that only somebody pregnant can have."""
    return [policy_id for policy_id, card in cards.items() if any(_asks_pregnancy(one) for one in _all_of(card.rule))]


def _all_of(rule: Rule | None) -> Iterable[object]:
    return rule.parts if isinstance(rule, AllOf) else [rule]


def _asks_pregnancy(part: object) -> bool:
    return isinstance(part, Clause) and part.field == "pregnant" and part.op is Op.EQ and part.value is True


def _take_in(session: Session, reason: CareReason, belongs: ColumnElement[bool], now: datetime) -> int:
    on_it = exists().where(CareEntry.resident_id == Resident.id, CareEntry.reason == reason)
    theirs = select(
        Resident.id, literal(reason, CareEntry.reason.type), Resident.street, Resident.community,
        literal(now, CareEntry.opened_at.type),
    ).where(
        belongs,
        Resident.audience == Audience.PERSON,
        Resident.status == ResidentStatus.PRESENT,
        Resident.profiling_refused_at.is_(None),
        Resident.merged_into_id.is_(None),
        ~on_it,
    )  # fmt: skip
    columns = ["resident_id", "reason", "street", "community", "opened_at"]
    # The count of rows is not what every driver tells after such a statement.
    taken = session.execute(insert(CareEntry).from_select(columns, theirs).returning(CareEntry.id))
    return len(taken.all())


def _in_group(group: FocusGroup) -> ColumnElement[bool]:
    """JSON as both engines write it, which may or may not escape what is not ASCII."""
    listed = cast(Resident.focus_groups, String)
    escaped = group.value.encode("unicode_escape").decode()
    return or_(listed.contains(f'"{group.value}"', autoescape=True), listed.contains(f'"{escaped}"', autoescape=True))


def _matched_lately(policies: Collection[str], since: datetime) -> ColumnElement[bool]:
    return exists().where(
        and_(Match.resident_id == Resident.id, Match.policy_id.in_(policies), Match.opened_at >= since)
    )


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
