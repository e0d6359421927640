"""Set-based look-ups over the population: who is eligible, enrolled, or not known well enough to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from models.vocabulary import ResidentStatus
from scheduler.matching.population import KEY, Population, keys_table
from scheduler.policies.card import PolicyCard
from scheduler.rules.rule import field_names

Row = Mapping[str, Any]
REGISTRATION = "registration"
"""Whether a person is still registered: `present`, `moved`, `deceased`."""


@dataclass(frozen=True)
class Found:
    """Counts and rows of one card. `eligible` and `enrolled` overlap; `undecided` are people a field is missing for."""

    eligible: int
    enrolled: int
    undecided: int
    newly: Sequence[Row]
    """Person key and the fields the rule reads, of people eligible, not enrolled and not already known."""


@dataclass(frozen=True)
class Standings:
    rows: dict[str, Row]
    """By person key: `verdict` (True, False, None), `is_enrolled`, `registration` where a source brings it, and the
    fields the rule reads."""

    def is_enrolled(self, key: str) -> bool:
        return key in self.rows and bool(self.rows[key]["is_enrolled"])


def find(card: PolicyCard, population: Population, *, known: Iterable[str]) -> Found:
    """Newly matched = eligible − enrolled − already known."""
    judged = _judged(card, population)
    # One look: what a warehouse is asked costs more than what it answers.
    counts = judged.aggregate(
        eligible=judged.verdict.fill_null(False).sum(),  # noqa: FBT003
        enrolled=judged.is_enrolled.sum(),
        undecided=(judged.verdict.isnull() & ~judged.is_enrolled).sum(),
        missing=judged[KEY].collect(where=judged.verdict & ~judged.is_enrolled),
    )
    total = population.fetch(counts)[0]
    keys = frozenset(total["missing"] or ()).difference(known)
    people = _registered(population.people.semi_join(keys_table(keys), KEY))
    return Found(
        eligible=int(total["eligible"] or 0),
        enrolled=int(total["enrolled"] or 0),
        undecided=int(total["undecided"] or 0),
        newly=population.fetch(people.select(KEY, *_rule_columns(card, people)).order_by(KEY)) if keys else [],
    )


def standings(card: PolicyCard, population: Population, keys: Iterable[str]) -> Standings:
    """How people who have an open match stand now. Somebody absent from the population is absent here."""
    people = population.people
    registration = [REGISTRATION] if REGISTRATION in people.columns else []
    facts = people.select(KEY, *dict.fromkeys([*registration, *_rule_columns(card, people)]))
    judged = _judged(card, population).semi_join(keys_table(keys), KEY)
    rows = population.fetch(judged.join(facts, KEY))
    return Standings({row[KEY]: row for row in rows})


def _judged(card: PolicyCard, population: Population) -> ir.Table:
    enrolled = population.enrolled(card.id).select(KEY).distinct().mutate(is_enrolled=True)
    judged = population.verdicts(card.id, card.rule).left_join(enrolled, KEY).drop(f"{KEY}_right")
    return judged.mutate(is_enrolled=judged.is_enrolled.fill_null(False))  # noqa: FBT003


def _registered(people: ir.Table) -> ir.Table:
    """Without those who are known to have moved away or died; of a firm, to have closed."""
    if REGISTRATION not in people.columns:
        return people
    return people.filter(people[REGISTRATION].isnull() | (people[REGISTRATION] == ResidentStatus.PRESENT.value))


def _rule_columns(card: PolicyCard, table: ir.Table) -> list[str]:
    return [name for name in sorted(field_names(card.rule)) if name in table.columns]
