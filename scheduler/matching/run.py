"""One matching pass: compare who should receive a benefit with who does, and hand over the difference."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from models.event import Event
from models.match import Match, MatchLedger, Snapshot
from models.policy import PolicyVersion
from models.resident import Resident
from models.session import Sessions
from models.vocabulary import OPEN_MATCH_STATES, Audience, DeltaKind, EventKind, MatchState, ResidentStatus
from scheduler.matching.delta import Standing, closing_of, may_match_again
from scheduler.matching.find import REGISTRATION, Row, Standings, find, standings
from scheduler.matching.intake import take_in, take_new_phones
from scheduler.matching.moves import move_match
from scheduler.matching.population import KEY, Population
from scheduler.policies.card import PolicyCard
from scheduler.policies.dates import birthday_ahead
from scheduler.rules.evaluate import Verdict, evaluate
from scheduler.rules.rule import field_names


@dataclass
class PolicyFigures:
    """What one pass found for one policy, in people."""

    eligible: int = 0
    enrolled: int = 0
    undecided: int = 0
    newly_matched: int = 0
    closed: dict[str, int] = field(default_factory=dict)
    enrolment_known: bool = True
    """Whether a list says who already receives it. Without one nobody can be said to be missing it."""


@dataclass
class MatchingReport:
    snapshot_id: int
    repeated: bool
    """The same files, cards and day were matched before: nothing was done."""
    policies: dict[str, PolicyFigures]


class RuleDisagreement(Exception):  # noqa: N818
    """The compiled rule and the rule in words decide differently: a fault of ours that must not reach a resident."""


def run_matching(
    sessions: Sessions, population: Population, cards: Mapping[str, PolicyCard], *, now: datetime
) -> MatchingReport:
    """Match every card that may be pushed on the population's day, and close what no longer holds.

    The same snapshot twice creates nothing.
    """
    as_of = population.as_of
    audiences = {audience: population.of(audience) for audience in Audience}
    pushable = {
        card.id: card for card in cards.values() if card.is_pushable(as_of) and audiences[card.audience].has_roster
    }
    digest = _digest(population, pushable.values())
    with sessions.write() as session:
        earlier = session.scalar(select(Snapshot).where(Snapshot.digest == digest))
        if earlier is not None:
            return MatchingReport(earlier.id, repeated=True, policies={})
        snapshot = Snapshot(digest=digest, as_of=as_of, counts={}, created_at=now)
        session.add(snapshot)
        session.flush()
        for audience, seen in audiences.items():
            if rules := {card.id: card.rule for card in pushable.values() if card.audience is audience}:
                seen.judge(rules)
        passes = {audience: _Pass(session, seen, snapshot.id, as_of, now) for audience, seen in audiences.items()}
        figures = {card.id: passes[card.audience].match(card) for card in pushable.values()}
        snapshot.counts = {policy_id: vars(found) for policy_id, found in figures.items()}
        newly = {policy_id: found.newly_matched for policy_id, found in figures.items() if found.enrolment_known}
        session.add(Event(at=now, kind=EventKind.MATCHES_FOUND, facts=newly))
    return MatchingReport(snapshot.id, repeated=False, policies=figures)


def open_ahead(sessions: Sessions, population: Population, card: PolicyCard, *, on: date, now: datetime) -> int:
    """Open matches for those who will be eligible on a later day and are not yet; how many.

    The ledger keeps the values of that day.
    """
    later, today = population.seen_on(on), population.as_of
    digest = _digest(later, (card,), kind=f"ahead of {today.isoformat()}")
    with sessions.write() as session:
        if session.scalar(select(Snapshot.id).where(Snapshot.digest == digest)) or not later.knows_enrolled(card.id):
            return 0
        snapshot = Snapshot(digest=digest, as_of=later.as_of, counts={}, created_at=now)
        session.add(snapshot)
        session.flush()
        opened = _Pass(session, later, snapshot.id, today, now).match_ahead(card, population)
        snapshot.counts = {card.id: {"newly_matched": opened}}
        return opened


def rule_digest(card: PolicyCard) -> str:
    text = json.dumps(card.rule.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest(population: Population, cards: Iterable[PolicyCard], *, kind: str = "") -> str:
    versions = sorted(f"{card.id}@{card.version}#{rule_digest(card)}" for card in cards)
    parts = [population.digest, population.as_of.isoformat(), *versions, *([kind] if kind else [])]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass
class _Pass:
    session: Session
    population: Population
    snapshot_id: int
    as_of: date
    now: datetime

    def match(self, card: PolicyCard) -> PolicyFigures:
        version = self._policy_version(card)
        closed = self._close_what_no_longer_holds(card, version)
        take_new_phones(self.session, self.population, card.id)
        if not self.population.knows_enrolled(card.id):
            return PolicyFigures(closed=closed, enrolment_known=False)
        found = find(card, self.population, known=self._known(card))
        self._open(card, version, found.newly)
        return PolicyFigures(found.eligible, found.enrolled, found.undecided, len(found.newly), closed)

    def match_ahead(self, card: PolicyCard, today: Population) -> int:
        known = self._known(card)
        known |= {row[KEY] for row in find(card, today, known=known).newly}
        found = find(card, self.population, known=known)
        self._open(card, self._policy_version(card), found.newly, ahead=True)
        return len(found.newly)

    def _policy_version(self, card: PolicyCard) -> PolicyVersion:
        digest = rule_digest(card)
        kept = self.session.scalar(
            select(PolicyVersion).where(
                PolicyVersion.policy_id == card.id,
                PolicyVersion.version == str(card.version),
                PolicyVersion.rule_digest == digest,
            )
        )
        if kept is None:
            kept = PolicyVersion(
                policy_id=card.id,
                version=str(card.version),
                rule_digest=digest,
                card=card.model_dump(mode="json", by_alias=True),
                first_used_at=self.now,
            )
            self.session.add(kept)
        return kept

    def _known(self, card: PolicyCard) -> set[str]:
        rows = self.session.execute(
            select(Resident.person_key, Match.state, Match.closed_at)
            .join(Match, Match.resident_id == Resident.id)
            .where(Match.policy_id == card.id)
            .order_by(Match.episode)
        ).all()
        latest = {key: (state, closed_at) for key, state, closed_at in rows}
        refused = self.session.scalars(select(Resident.person_key).where(Resident.profiling_refused_at.is_not(None)))
        merged = self._merged()
        enrolled = standings(card, self.population, merged).rows if merged else {}
        by_another_name = {merged[key] for key, row in enrolled.items() if row["is_enrolled"]}
        return (
            set(refused)
            | set(merged)
            | by_another_name
            | {
                key
                for key, (state, closed_at) in latest.items()
                if closed_at is None or not may_match_again(state, closed_at.date(), as_of=self.as_of)
            }
        )

    def _merged(self) -> dict[str, str]:
        """Key in the files of a record that was merged → that of the one that stands for it."""
        stands = aliased(Resident)
        pairs = select(Resident.person_key, stands.person_key).join(stands, stands.id == Resident.merged_into_id)
        return dict(self.session.execute(pairs).all())

    def _open(self, card: PolicyCard, version: PolicyVersion, newly: Sequence[Row], *, ahead: bool = False) -> None:
        residents = take_in(self.session, self.population, [row[KEY] for row in newly], now=self.now)
        episodes = self._episodes(card)
        opened = [self._new_match(card, version, residents[row[KEY]].id, episodes) for row in newly]
        if ahead:
            for match, row in zip(opened, newly, strict=True):
                match.eligible_from = self._from_when(residents[row[KEY]])
        self.session.add_all(opened)
        self.session.flush()
        for match, row in zip(opened, newly, strict=True):
            self._enter(match, card, version, row, DeltaKind.NEWLY_ELIGIBLE, opened=True)

    def _new_match(
        self, card: PolicyCard, version: PolicyVersion, resident_id: int, episodes: Mapping[int, int]
    ) -> Match:
        return Match(
            resident_id=resident_id,
            policy_id=card.id,
            episode=episodes.get(resident_id, 0) + 1,
            policy_version=version.version,
            state=MatchState.NEW,
            opened_at=self.now,
            state_changed_at=self.now,
        )

    def _from_when(self, resident: Resident) -> date:
        """What makes somebody eligible within the notice is a birthday; without a date of birth, the day looked at."""
        born, later = resident.birth_date, self.population.as_of
        return (born and birthday_ahead(born, self.as_of, until=later)) or later

    def _episodes(self, card: PolicyCard) -> dict[int, int]:
        rows = self.session.execute(select(Match.resident_id, Match.episode).where(Match.policy_id == card.id)).all()
        return dict(sorted((resident_id, episode) for resident_id, episode in rows))

    def _close_what_no_longer_holds(self, card: PolicyCard, version: PolicyVersion) -> dict[str, int]:
        open_matches = self.session.execute(
            select(Match, Resident.person_key)
            .join(Resident, Resident.id == Match.resident_id)
            .where(Match.policy_id == card.id, Match.state.in_(OPEN_MATCH_STATES))
        ).all()
        if not open_matches:
            return {}
        others: dict[str, list[str]] = {}
        for key, stands in self._merged().items():
            others.setdefault(stands, []).append(key)
        keys = [key for _, key in open_matches]
        now_standing = standings(card, self.population, keys + [one for key in keys for one in others.get(key, ())])
        decided_by = self._rule_versions(card)
        closed: dict[str, int] = {}
        for match, key in open_matches:
            rule_changed = decided_by[match.id] != version.label
            # A list may still know them by the record that was merged.
            listed = any(now_standing.is_enrolled(one) for one in (key, *others.get(key, ())))
            delta = self._close(match, key, card, version, now_standing, enrolled=listed, rule_changed=rule_changed)
            if delta is not None:
                closed[delta.value] = closed.get(delta.value, 0) + 1
        return closed

    def _rule_versions(self, card: PolicyCard) -> dict[int, str]:
        """The rule version of the newest ledger entry of each open match."""
        newest = select(func.max(MatchLedger.id)).join(Match, Match.id == MatchLedger.match_id)
        newest = newest.where(Match.policy_id == card.id, Match.state.in_(OPEN_MATCH_STATES))
        newest = newest.group_by(MatchLedger.match_id)
        query = select(MatchLedger.match_id, MatchLedger.rule_version).where(MatchLedger.id.in_(newest))
        return dict(self.session.execute(query).all())

    def _close(
        self,
        match: Match,
        key: str,
        card: PolicyCard,
        version: PolicyVersion,
        now_standing: Standings,
        *,
        enrolled: bool,
        rule_changed: bool,
    ) -> DeltaKind | None:
        row = now_standing.rows.get(key)
        if row is None:
            return None
        status = ResidentStatus(row.get(REGISTRATION) or ResidentStatus.PRESENT)
        is_closed_firm = card.audience is Audience.ENTERPRISE and status is ResidentStatus.DECEASED
        if is_closed_firm:
            status = ResidentStatus.PRESENT
        # Who was matched ahead of a day is not eligible before it: that closes nothing.
        is_ahead = match.eligible_from is not None and match.eligible_from > self.as_of
        eligible = False if is_closed_firm else None if is_ahead else row["verdict"]
        closing = closing_of(Standing(eligible, enrolled, status, rule_changed=rule_changed))
        if closing is None:
            return None
        self._enter(match, card, version, row, closing.delta, opened=False)
        move_match(self.session, match, closing.state, because=f"snapshot:{self.snapshot_id}", now=self.now)
        return closing.delta

    def _enter(
        self, match: Match, card: PolicyCard, version: PolicyVersion, row: Row, delta: DeltaKind, *, opened: bool
    ) -> None:
        seen: dict[str, Any] = {name: row[name] for name in field_names(card.rule) if name in row}
        trace = evaluate(card.rule, seen)
        if opened and trace.verdict is not Verdict.TRUE:
            raise RuleDisagreement(
                f"{version.label}: match {match.id} was found eligible but its trace says {trace.verdict}"
            )
        self.session.add(
            MatchLedger(
                match_id=match.id,
                at=self.now,
                delta=delta,
                opened=opened,
                snapshot_id=self.snapshot_id,
                rule_version=version.label,
                row=seen,
                trace=trace.model_dump(mode="json"),
            )
        )
