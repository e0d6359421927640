"""The teams' room as outreach sees it: what can be promised, less what waits and what is expected to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache

from sqlalchemy import ColumnElement, bindparam, case, func, select
from sqlalchemy.orm import Session

from models.asking import AnyColumns, ask
from models.case import Case, Team
from models.contact import Campaign, Contact, ContactMatch
from models.match import Match
from models.vocabulary import (
    OPEN_MATCH_STATES,
    CampaignState,
    CaseKind,
    CaseState,
    ContactPurpose,
    ContactState,
    MatchState,
)
from outreach_api.cases.bookings import Bookings, bookable_days
from outreach_api.cases.open_case import working_hours
from scheduler.planning.cadence import read_cadence
from scheduler.planning.release import FollowCapacity, Room
from scheduler.planning.rules import ContactRules

LEAST_MEASURED = 30
"""Fewer people whose ladder has run its course say nothing about a policy's share."""
ANSWERS_WITHIN = timedelta(days=2)
# Between their first contact and help at the door: who answers may still need it, who has closed does not.
ON_THE_LADDER = OPEN_MATCH_STATES - {MatchState.NEW, MatchState.IN_QUEUE, MatchState.AWAITING_RESULT}


def room_for_outreach(session: Session, follow: FollowCapacity, rules: ContactRules, now: datetime) -> Room | None:
    """The room there is now; None where no team is known, so that there is nothing to follow."""
    visits, waiting = ask(session, _visits_and_waiting()).one()
    if visits is None:
        return None
    hours = working_hours(rules.hours.calendar)
    today = now.astimezone(hours.zone).date()
    free = Bookings.read(session, bookable_days(today, hours.is_working_day)).free_slots()
    shares = measured_shares(session, rules, today)
    expected = Expected(shares, follow.share)
    told = _told_and_open(session)
    fresh, silent = _since(told, now - ANSWERS_WITHIN)
    room = free - waiting - expected.doors(fresh) - silent
    # No more in a day than teams visit in one: who is told in one go stands at the door on one day, ten days later, and
    # a share that was taken too low would be seen only then.
    midnight = datetime.combine(today, time(), hours.zone)
    told_today, _ = _since(told, midnight)
    return Room(min(room, visits - expected.doors(told_today)), shares, follow.share)


@cache
def _visits_and_waiting() -> AnyColumns:
    """What the teams visit in a day, and the people for whom nobody is appointed yet."""
    visits = select(func.sum(Team.visits_per_day)).where(Team.withdrawn_at.is_(None))
    waiting = select(func.count(func.distinct(Case.resident_id))).where(
        Case.kind == CaseKind.HOME_VISIT, Case.state == CaseState.OPEN
    )
    return select(visits.scalar_subquery(), waiting.scalar_subquery())


@dataclass(frozen=True)
class Expected:
    """How many of those told are expected at the door."""

    shares: Mapping[str, float]
    share: float

    def doors(self, told: Mapping[str, int]) -> float:
        return sum(number * self.shares.get(policy, self.share) for policy, number in told.items())


def measured_shares(session: Session, rules: ContactRules, today: date) -> dict[str, float]:
    """By policy: of those whose ladder has run its course, the share for whom a visit was opened."""
    own = ask(session, _own_ladders()).scalars().all()
    ladders = (rules.cadence, *(read_cadence(rungs) for rungs in own if rungs))
    length = max(ladder.length_days for ladder in ladders) + 1
    before = datetime.combine(today - timedelta(days=length), time(), rules.zone)
    return {
        policy: max(int(helped) / told, 1 / told)
        for policy, told, helped in ask(session, _told_and_helped(), before=before)
        if told >= LEAST_MEASURED
    }


@cache
def _own_ladders() -> AnyColumns:
    return select(Campaign.cadence).where(Campaign.state != CampaignState.DRAFT)


@cache
def _told_and_helped() -> AnyColumns:
    visited = select(Case.match_id).where(Case.kind == CaseKind.HOME_VISIT, Case.match_id.is_not(None))
    long_ago = Contact.sent_at < bindparam("before", type_=Contact.sent_at.type)
    told = select(ContactMatch.match_id).join(Contact).where(*_offered(), long_ago)
    return (
        select(Match.policy_id, func.count(Match.id), func.sum(case((Match.id.in_(visited), 1), else_=0)))
        .where(Match.id.in_(told))
        .group_by(Match.policy_id)
    )


def _since(told: Iterable[tuple[str, datetime]], before: datetime) -> tuple[Counter[str], int]:
    """By policy those told since `before`, and the number of those who let it pass.

    Who still has not answered by then is expected at the door in full: those who were going to answer have mostly done.
    """
    fresh: Counter[str] = Counter()
    silent = 0
    for policy, first in told:
        if first < before:
            silent += 1
        else:
            fresh[policy] += 1
    return fresh, silent


def _told_and_open(session: Session) -> list[tuple[str, datetime]]:
    """People on the ladder: the policy they were told of, and when first."""
    return [(policy, first) for _, policy, first in ask(session, _on_the_ladder())]


@cache
def _on_the_ladder() -> AnyColumns:
    told_at = func.min(func.coalesce(Contact.sent_at, Contact.due_at))
    return (
        select(Match.resident_id, func.min(Match.policy_id), told_at)
        .join(ContactMatch, ContactMatch.match_id == Match.id)
        .join(Contact, Contact.id == ContactMatch.contact_id)
        .where(Match.state.in_(ON_THE_LADDER), Contact.purpose == ContactPurpose.OFFER)
        .where(Contact.state != ContactState.CANCELLED)
        .group_by(Match.resident_id)
    )


def _offered() -> tuple[ColumnElement[bool], ...]:
    return (Contact.purpose == ContactPurpose.OFFER, Contact.sent_at.is_not(None))
