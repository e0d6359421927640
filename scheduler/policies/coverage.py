"""Which facts of a rule a feed brings, which follow from others, and which only the resident can tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from scheduler.policies.card import PolicyCard
from scheduler.roster.feed import Feed, FeedKind
from scheduler.rules.derive import DERIVED_FROM
from scheduler.rules.fields import FIELDS
from scheduler.rules.rule import AllOf, AnyOf, Clause, NotOf, Rule, field_names

_BRINGS_FACTS = frozenset({FeedKind.POPULATION, FeedKind.ENTERPRISES, FeedKind.REGISTER})


class Origin(StrEnum):
    FEED = "feed"
    DERIVED = "derived"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class FieldOrigin:
    """Where one field of a rule comes from: feeds by their id, or the fields that it follows from."""

    field: str
    origin: Origin
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """`can_match`: whether anybody can be found eligible from the feeds alone. Otherwise the item is asked about."""

    policy_id: str
    fields: tuple[FieldOrigin, ...]
    can_match: bool

    def of(self, origin: Origin) -> tuple[FieldOrigin, ...]:
        return tuple(field for field in self.fields if field.origin is origin)


def coverage(card: PolicyCard, feeds: Mapping[str, Feed]) -> Coverage:
    # What a person's registers say of a clerk is not the firm's.
    brought = _brought({name: feed for name, feed in feeds.items() if feed.audience is card.audience})
    fields = tuple(_origin(name, brought) for name in FIELDS if name in field_names(card.rule))
    known = {field.field for field in fields if field.origin is not Origin.ASK}
    return Coverage(card.id, fields, may_hold(card.rule, known))


def may_hold(rule: Rule, known: Collection[str]) -> bool:
    """Whether a rule can come out true while only these fields are known. What is unknown never makes it true."""
    match rule:
        case Clause():
            return rule.field in known or (rule.exempt is not None and may_hold(rule.exempt, known))
        case NotOf():
            return may_fail(rule.part, known)
        case AllOf():
            return all(may_hold(part, known) for part in rule.parts)
        case AnyOf():
            return any(may_hold(part, known) for part in rule.parts)


def may_fail(rule: Rule, known: Collection[str]) -> bool:
    """Whether a rule can come out false while only these fields are known."""
    match rule:
        case Clause():
            return rule.field in known and (rule.exempt is None or may_fail(rule.exempt, known))
        case NotOf():
            return may_hold(rule.part, known)
        case AllOf():
            return any(may_fail(part, known) for part in rule.parts)
        case AnyOf():
            return all(may_fail(part, known) for part in rule.parts)


def _brought(feeds: Mapping[str, Feed]) -> dict[str, tuple[str, ...]]:
    """Fields of the catalogue → the feeds that bring them."""
    found: dict[str, tuple[str, ...]] = {}
    for feed in feeds.values():
        for name in _fields_of(feed):
            found[name] = (*found.get(name, ()), feed.id)
    return found


def _fields_of(feed: Feed) -> Iterator[str]:
    if feed.kind in _BRINGS_FACTS:
        yield from dict.fromkeys(name for name in (*feed.fields, *feed.when_absent) if name in FIELDS)


def _origin(name: str, brought: Mapping[str, tuple[str, ...]]) -> FieldOrigin:
    sources = DERIVED_FROM.get(name, ())
    if sources and all(_is_known(source, brought) for source in sources):
        return FieldOrigin(name, Origin.DERIVED, sources)
    if name in brought:
        return FieldOrigin(name, Origin.FEED, brought[name])
    return FieldOrigin(name, Origin.ASK)


def _is_known(name: str, brought: Mapping[str, tuple[str, ...]]) -> bool:
    return name in brought or any(_is_known(source, brought) for source in DERIVED_FROM.get(name, ()))
