"""Whom a campaign would reach if it started now: by street, and who is left out for which reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.contact import Campaign
from models.match import Match
from models.resident import Resident
from models.vocabulary import MatchState, Refusal
from scheduler.planning.deciding import beside_their_housemates, decide_in_turn
from scheduler.planning.decision import Bench
from scheduler.planning.guards import ALL_GUARDS
from scheduler.planning.pauses import standing_pauses
from scheduler.planning.rules import ContactRules, contact_rules
from scheduler.planning.situation import PUSHED_STATES, Card, Terms, campaigns_on, read_situations
from scheduler.planning.spending import Planned, spending

RESIDENTS_AT_A_TIME = 500


@dataclass
class Preview:
    """Counts of residents matched to the policy; `reached` and all that follow add up to `matched`."""

    matched: int = 0
    reached: Counter[str] = field(default_factory=Counter)
    """Residents who would be contacted, by street."""
    excluded: Counter[Refusal] = field(default_factory=Counter)
    not_due: int = 0
    """Contacted lately, or asked to be called another day."""
    not_pushed: Counter[MatchState] = field(default_factory=Counter)
    """In a state in which nobody is contacted unasked."""

    @property
    def reached_total(self) -> int:
        return self.reached.total()

    def days_at(self, daily_cap: int) -> int:
        """How many days the first contacts take."""
        return days_at(self.reached_total, daily_cap)


def days_at(people: int, daily_cap: int) -> int:
    return ceil(people / daily_cap)


def preview(
    session: Session,
    policy_id: str,
    *,
    now: datetime,
    cards: Mapping[str, Card],
    rules: ContactRules | None = None,
    priority: int = 100,
) -> Preview:
    """Decide as the planner would, with a campaign for this policy beside those that run; nothing is written.

    The daily cap is left out of it: `Preview.days_at` says what it means.
    """
    rules = rules or contact_rules(session)
    bench = Bench(rules, rules.cadence, ALL_GUARDS, now)
    today = now.astimezone(rules.zone).date()
    campaign = Campaign(policy_id=policy_id, priority=priority)
    campaigns = campaigns_on(session, today) | {policy_id: campaign}
    terms = Terms(campaigns, standing_pauses(session), cards, rules.zone, now, ALL_GUARDS)
    found = Preview(not_pushed=_not_pushed(session, policy_id))
    found.matched = found.not_pushed.total()
    mine = select(Match.resident_id).where(Match.policy_id == policy_id, Match.state.in_(PUSHED_STATES))
    residents = beside_their_housemates(session, session.scalars(mine.order_by(Match.id)).all())
    for start in range(0, len(residents), RESIDENTS_AT_A_TIME):
        _preview_some(session, residents[start : start + RESIDENTS_AT_A_TIME], policy_id, bench, terms, found)
    return found


def _preview_some(
    session: Session, resident_ids: list[int], policy_id: str, bench: Bench, terms: Terms, found: Preview
) -> None:
    people = read_situations(session, resident_ids, terms)
    phone_ids = {phone.phone_id for person in people for phone in person.phones}
    counted = spending(session, set(resident_ids), phone_ids, now=bench.now, planned=Planned.COUNTS)
    decisions = decide_in_turn(people, bench, counted, lambda _: True)
    spoken_of = {match.match_id for _, contact in decisions.contacts for match in contact.matches}
    reasons = {refused.match_id: refused.reason for refused in decisions.refused}
    streets = dict(session.execute(select(Resident.id, Resident.street).where(Resident.id.in_(resident_ids))).all())
    for person in people:
        match_id = next(match.match_id for match in person.matches if match.policy_id == policy_id)
        found.matched += 1
        if match_id in spoken_of:
            found.reached[streets[person.resident_id] or ""] += 1
        elif match_id in reasons:
            found.excluded[reasons[match_id]] += 1
        else:
            found.not_due += 1


def _not_pushed(session: Session, policy_id: str) -> Counter[MatchState]:
    rows = session.execute(
        select(Match.state, func.count())
        .where(Match.policy_id == policy_id, Match.state.not_in(PUSHED_STATES))
        .group_by(Match.state)
    )
    return Counter(dict(rows.all()))
