"""How residents wish to be reached, as far as it decides when and by which way they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import time
from enum import StrEnum
from functools import cache

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.asking import ask, ids
from models.resident import Preference
from models.vocabulary import Channel
from scheduler.planning.quiet_hours import ContactHours, Hours
from scheduler.planning.rules import ContactRules

NOON = Hours(time(12), time(14, 30))


class Wish(StrEnum):
    NO_ROBOT_CALLS = "no_robot_calls"
    VISIT_ONLY = "visit_only"
    NOT_AT_NOON = "not_at_noon"
    DAUGHTER_FIRST = "daughter_first"
    SON_FIRST = "son_first"


RELATION_WISHED = {Wish.DAUGHTER_FIRST: "女儿", Wish.SON_FIRST: "儿子"}
"""Whom to turn to first, if that one has a mandate."""


def wishes_of(session: Session, resident_ids: Collection[int]) -> dict[int, frozenset[Wish]]:
    """The wishes of those residents who have any."""
    found: dict[int, set[Wish]] = defaultdict(set)
    for resident_id, name in ask(session, _wished(), residents=resident_ids):
        found[resident_id].add(Wish(name))
    return {resident_id: frozenset(wishes) for resident_id, wishes in found.items()}


@cache
def _wished() -> Select[int, str]:
    return select(Preference.resident_id, Preference.name).where(
        Preference.resident_id.in_(ids("residents")), Preference.name.in_(Wish)
    )


def honouring(rules: ContactRules, wishes: frozenset[Wish]) -> ContactRules:
    """The contact rules as they hold for somebody with these wishes."""
    if Wish.NOT_AT_NOON not in wishes:
        return rules
    by_channel = {channel: without_noon(hours) for channel, hours in rules.hours.by_channel.items()}
    # Where noon is all the time there is, the rules as they are must do.
    kept = {channel: hours or rules.hours.by_channel[channel] for channel, hours in by_channel.items()}
    return replace(rules, hours=ContactHours(rules.hours.zone, kept, rules.hours.calendar))


def without_noon(hours: tuple[Hours, ...]) -> tuple[Hours, ...]:
    cut = [piece for each in hours for piece in (_before(each), _after(each))]
    return tuple(piece for piece in cut if piece.start < piece.end)


def _before(hours: Hours) -> Hours:
    return Hours(hours.start, min(hours.end, NOON.start))


def _after(hours: Hours) -> Hours:
    return Hours(max(hours.start, NOON.end), hours.end)


def channel_for(channel: Channel, wishes: frozenset[Wish]) -> Channel:
    """A text in the place of a machine's call, for those who want none."""
    return Channel.SMS if channel is Channel.VOICE and Wish.NO_ROBOT_CALLS in wishes else channel
