"""The contact rules in force: what staff set, else the defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.asking import ask, ids
from models.event import Setting
from models.vocabulary import Channel
from scheduler.planning.budget import (
    DEFAULT_LIMITS,
    ContactBudget,
    Spent,
    next_within_budget,
    read_limits,
)
from scheduler.planning.cadence import DEFAULT_CADENCE, Cadence, read_cadence
from scheduler.planning.holidays import HolidayCalendar, read_overrides
from scheduler.planning.quiet_hours import DEFAULT_HOURS, ContactHours, next_allowed, read_hours
from scheduler.planning.release import FollowAgents, FollowCapacity, read_follow_agents, read_follow_capacity

CONTACT_HOURS = "contact_hours"
CONTACT_BUDGET = "contact_budget"
CADENCE = "cadence"
CALENDAR_OVERRIDES = "calendar_overrides"
CONVERSATION_WAIT_HOURS = "conversation_wait_hours"
SENDER_RATES = "sender_rates"
OUTREACH_FOLLOWS_CAPACITY = "outreach_follows_capacity"
OUTREACH_FOLLOWS_AGENTS = "outreach_follows_agents"
HOME_ZONE = ZoneInfo("Asia/Shanghai")
DEFAULT_CONVERSATION_WAIT_HOURS = 24

Value = TypeVar("Value")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ContactRules:
    zone: ZoneInfo = HOME_ZONE
    hours: ContactHours = field(default_factory=lambda: ContactHours(HOME_ZONE))
    budget: ContactBudget = field(default_factory=lambda: ContactBudget(HOME_ZONE))
    cadence: Cadence = DEFAULT_CADENCE
    conversation_wait: timedelta = timedelta(hours=DEFAULT_CONVERSATION_WAIT_HOURS)
    """How long a conversation must have been silent before somebody is contacted unasked."""
    sender_rates: Mapping[str, float] = field(default_factory=dict)
    """Texts a second that a sending number may send, by number; one left out has no limit of ours."""

    follow_capacity: FollowCapacity | None = None
    """Whether first contacts wait until the teams have room for those who will need a visit."""
    follow_agents: FollowAgents | None = None
    """Whether texts and calls wait until the agents have time for those who will want a person."""

    def next_slot(self, spent: Iterable[Spent], channel: Channel, *, at: datetime) -> datetime:
        """The earliest instant from `at` on that both the budget and the contact hours allow."""
        spent = list(spent)
        while True:
            within_budget = next_within_budget(spent, channel, self.budget, at=at)
            slot = next_allowed(within_budget, channel, self.hours)
            if slot == within_budget:
                return slot
            at = slot


def read_wait_hours(value: Any) -> int:
    """Hours, as staff wrote them.

    Raises:
        ValueError: not a whole number from 1 to 720.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 720:
        raise ValueError("conversation_wait_hours is a whole number of hours, 1 to 720")
    return value


def read_sender_rates(value: Any) -> dict[str, float]:
    """Rates as staff wrote them: `{"+8675525550100": 20}`, texts a second.

    Raises:
        ValueError: names the number whose rate is wrong.
    """
    if not isinstance(value, dict):
        raise ValueError("sender_rates is a table from sending number to texts a second")  # noqa: TRY004 - what staff wrote is wrong, not a type of ours
    for number, rate in value.items():
        if not isinstance(rate, int | float) or isinstance(rate, bool) or not 0.01 <= rate <= 10_000:
            raise ValueError(f"sender_rates for {number}: texts a second, 0.01 to 10000")
    return {str(number): float(rate) for number, rate in value.items()}


READERS: dict[str, Callable[[Any], Any]] = {
    CONTACT_HOURS: read_hours,
    CONTACT_BUDGET: read_limits,
    CADENCE: read_cadence,
    CALENDAR_OVERRIDES: read_overrides,
    CONVERSATION_WAIT_HOURS: read_wait_hours,
    SENDER_RATES: read_sender_rates,
    OUTREACH_FOLLOWS_CAPACITY: read_follow_capacity,
    OUTREACH_FOLLOWS_AGENTS: read_follow_agents,
}
"""Whoever edits a setting passes it through its reader first: the reader's message says what is wrong."""


def contact_rules(session: Session, zone: ZoneInfo = HOME_ZONE) -> ContactRules:
    """The rules as they stand now. A setting that can't be read counts as its default and is logged, never a crash."""
    values: dict[str, Any] = dict(ask(session, _settings(), names=READERS).all())
    calendar = HolidayCalendar(_read(values, CALENDAR_OVERRIDES, {}))
    return ContactRules(
        zone=zone,
        hours=ContactHours(zone, _read(values, CONTACT_HOURS, DEFAULT_HOURS), calendar),
        budget=ContactBudget(zone, _read(values, CONTACT_BUDGET, DEFAULT_LIMITS)),
        cadence=_read(values, CADENCE, DEFAULT_CADENCE),
        conversation_wait=timedelta(hours=_read(values, CONVERSATION_WAIT_HOURS, DEFAULT_CONVERSATION_WAIT_HOURS)),
        sender_rates=_read(values, SENDER_RATES, {}),
        follow_capacity=_read(values, OUTREACH_FOLLOWS_CAPACITY, None),
        follow_agents=_read(values, OUTREACH_FOLLOWS_AGENTS, None),
    )


@cache
def _settings() -> Select[str, Any]:
    return select(Setting.name, Setting.value).where(Setting.name.in_(ids("names")))


def _read(values: dict[str, Any], name: str, default: Value) -> Value:
    if name not in values:
        return default
    try:
        read: Value = READERS[name](values[name])
    except ValueError as fault:
        log.error("setting_unreadable", setting=name, fault=str(fault))  # noqa: TRY400 - the message says it all
        return default
    else:
        return read
