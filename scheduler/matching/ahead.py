"""Looking ahead, once a day: who will be eligible soon, whose renewal is due, whose amount changes, what has closed.

It reads the newest import as it will be seen on a later day. Nothing is sent here: the planner plans what it finds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.match import Match
from models.reminder import Reminder
from models.session import Sessions
from models.vocabulary import MatchState, ReminderOccasion
from scheduler.matching.intake import take_in
from scheduler.matching.moves import move_match
from scheduler.matching.population import KEY, Population
from scheduler.matching.run import open_ahead
from scheduler.planning.situation import PUSHED_STATES
from scheduler.policies.card import PolicyCard
from scheduler.policies.dates import TOLD_DAYS_BEFORE, months_later, new_amount, renewal_to_tell

PEOPLE_AT_A_TIME = 500
BECAUSE = "window_closed"


@dataclass
class AheadReport:
    matched: Counter[str] = field(default_factory=Counter)
    """Matches opened ahead of time, by policy."""
    reminders: Counter[str] = field(default_factory=Counter)
    """By occasion."""
    expired: int = 0
    """Matches whose window has closed."""

    def facts(self) -> dict[str, Any]:
        return {"matched": dict(self.matched), "reminders": dict(self.reminders), "expired": self.expired}


def look_ahead(
    sessions: Sessions, population: Population, cards: Mapping[str, PolicyCard], *, now: datetime
) -> AheadReport:
    """Open matches and reminders for the days to come; a second look on the same day finds nothing new."""
    report = AheadReport()
    today = population.as_of
    for card in cards.values():
        seen = population.of(card.audience)
        if not seen.has_roster or not card.is_pushable(today):
            report.expired += _expire(sessions, card, today, now=now)
            continue
        months = card.deadlines.notice_months_before_age if card.deadlines else None
        if months:
            on = months_later(today, months)
            report.matched[card.id] += open_ahead(sessions, seen, card, on=on, now=now)
        report.reminders.update(_remind(sessions, seen, card, now=now))
    return report


@dataclass(frozen=True)
class _Told:
    occasion: ReminderOccasion
    on: date
    until: date


def _remind(sessions: Sessions, population: Population, card: PolicyCard, *, now: datetime) -> Counter[str]:
    """Reminders for those who have the benefit: all of them of a renewal, some of a new amount."""
    renewal = renewal_to_tell(card.deadlines, population.as_of)
    by_age = card.amount is not None and card.amount.by == "age_years"
    if (renewal is None and not by_age) or not population.knows_enrolled(card.id):
        return Counter()
    people = population.people.select(KEY, "birth_date", "phone_index")
    enrolled = people.filter(people.phone_index.notnull()).semi_join(population.enrolled(card.id), KEY).order_by(KEY)
    told: dict[str, list[_Told]] = {}
    for row in population.fetch(enrolled):
        found = []
        if renewal is not None:
            found.append(_Told(ReminderOccasion.RENEWAL, renewal.first, renewal.last))
        change = new_amount(card.amount, row["birth_date"], population.as_of) if row["birth_date"] else None
        if change is not None:
            birthday = change[0]
            found.append(_Told(ReminderOccasion.NEW_AMOUNT, birthday, birthday + timedelta(days=TOLD_DAYS_BEFORE)))
        if found:
            told[row[KEY]] = found
    return _keep(sessions, population, card, told, now=now)


def _keep(
    sessions: Sessions, population: Population, card: PolicyCard, told: Mapping[str, list[_Told]], *, now: datetime
) -> Counter[str]:
    keys, new = list(told), Counter[str]()
    for first in range(0, len(keys), PEOPLE_AT_A_TIME):
        part = keys[first : first + PEOPLE_AT_A_TIME]
        with sessions.write() as session:
            residents = take_in(session, population, part, now=now)
            rows = [
                {
                    "resident_id": residents[key].id,
                    "policy_id": card.id,
                    "occasion": one.occasion,
                    "on": one.on,
                    "tell_from": one.on - timedelta(days=TOLD_DAYS_BEFORE),
                    "until": one.until,
                    "created_at": now,
                }
                for key in part
                for one in told[key]
            ]
            insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
            kept = insert(Reminder).on_conflict_do_nothing().returning(Reminder.occasion)
            new.update(ReminderOccasion(occasion).value for occasion in session.scalars(kept, rows))
    return new


def _expire(sessions: Sessions, card: PolicyCard, today: date, *, now: datetime) -> int:
    """Close what waits for an answer to an item whose window has closed; it is matched anew in the next one."""
    if card.deadlines is None or card.deadlines.is_open(today):
        return 0
    with sessions.write() as session:
        waiting = _waiting(session, card.id)
        for match in waiting:
            move_match(session, match, MatchState.EXPIRED, because=BECAUSE, now=now)
        return len(waiting)


def _waiting(session: Session, policy_id: str) -> list[Match]:
    query = select(Match).where(Match.policy_id == policy_id, Match.state.in_(PUSHED_STATES))
    return list(session.scalars(query))
