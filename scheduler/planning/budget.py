"""The contact budget: how often somebody may be contacted unasked, over all channels' rows and all policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from models.vocabulary import PROACTIVE_PURPOSES, Channel, ContactPurpose, ContactState, Refusal

WEEK = timedelta(days=7)
NOTICES_PER_DAY = 2
"""Of urgent notices, whatever else their approval lets them exceed."""
# An answer counts as one only while the resident still waits for it; later it is a contact of its own. That is half an
# hour from when they wrote, less what a message may take to come to us: a slow line, or the carrier's second try.
ANSWER_WITHIN = timedelta(minutes=30) - timedelta(minutes=3)
# Contacts in these states never reached anybody and spend nothing.
UNSPENT = frozenset({ContactState.CANCELLED, ContactState.REJECTED, ContactState.NOT_SENT})


@dataclass(frozen=True)
class Limits:
    per_day: int
    per_week: int
    """In any 7 times 24 hours."""


DEFAULT_LIMITS: dict[Channel, Limits] = {channel: Limits(per_day=1, per_week=3) for channel in Channel}


@dataclass(frozen=True)
class Spent:
    """One contact that counts, at the instant it was or will be sent."""

    channel: Channel
    at: datetime
    purpose: ContactPurpose = ContactPurpose.OFFER


@dataclass(frozen=True)
class ContactBudget:
    zone: ZoneInfo
    by_channel: Mapping[Channel, Limits] = field(default_factory=lambda: DEFAULT_LIMITS)


def budget_refusal(spent: Iterable[Spent], channel: Channel, budget: ContactBudget, *, at: datetime) -> Refusal | None:
    """Why one more contact at `at` would be too many, or None.

    `spent` is the union of what the resident got on any phone and what the phone got for anybody. A day is a calendar
    day on the resident's clock. What is planned for later counts as well, so that two plans can't add up to too many.
    """
    same_channel = [contact.at for contact in spent if contact.channel is channel]
    limits = budget.by_channel[channel]
    today = _day(at, budget)
    if sum(_day(instant, budget) == today for instant in same_channel) >= limits.per_day:
        return Refusal.DAILY_CAP
    if sum(instant > at - WEEK for instant in same_channel) >= limits.per_week:
        return Refusal.WEEKLY_CAP
    return None


def notice_refusal(spent: Iterable[Spent], budget: ContactBudget, *, at: datetime) -> Refusal | None:
    """Why one more urgent notice at `at` would be too many, or None. Of one notice a phone gets one in any case."""
    today = _day(at, budget)
    notices = sum(one.purpose is ContactPurpose.NOTICE and _day(one.at, budget) == today for one in spent)
    return Refusal.DAILY_CAP if notices >= NOTICES_PER_DAY else None


def next_within_budget(spent: Iterable[Spent], channel: Channel, budget: ContactBudget, *, at: datetime) -> datetime:
    """The earliest instant from `at` on at which the budget allows one more contact."""
    spent = list(spent)
    while (refusal := budget_refusal(spent, channel, budget, at=at)) is not None:
        at = tomorrow(at, budget) if refusal is Refusal.DAILY_CAP else _week_after_oldest(spent, channel, at=at)
    return at


def is_proactive(purpose: ContactPurpose, *, at: datetime, answers: datetime | None) -> bool:
    """Whether a contact counts against the budget: we began it, or it answers a message that came too long ago."""
    if purpose is ContactPurpose.REPLY:
        return answers is None or at - answers > ANSWER_WITHIN
    return purpose in PROACTIVE_PURPOSES


def _week_after_oldest(spent: Iterable[Spent], channel: Channel, *, at: datetime) -> datetime:
    return min(contact.at for contact in spent if contact.channel is channel and contact.at > at - WEEK) + WEEK


def tomorrow(at: datetime, budget: ContactBudget) -> datetime:
    """The first moment of the next day on the resident's clock."""
    return datetime.combine(_day(at, budget) + timedelta(days=1), time.min, budget.zone)


def _day(at: datetime, budget: ContactBudget) -> date:
    return at.astimezone(budget.zone).date()


def read_limits(value: Any) -> dict[Channel, Limits]:
    """Limits as staff wrote them: `{"sms": {"per_day": 1, "per_week": 3}}`; a channel left out keeps its default.

    Raises:
        ValueError: names the channel and what is wrong with it.
    """
    if not isinstance(value, dict):
        raise ValueError("the contact budget is a table from channel to limits")  # noqa: TRY004 - what staff wrote is wrong, not a type of ours
    unknown = set(value) - set(Channel)
    if unknown:
        raise ValueError(f"contact budget: there is no channel {sorted(unknown)[0]}")
    return DEFAULT_LIMITS | {Channel(name): _read_limits(name, limits) for name, limits in value.items()}


def _read_limits(channel: str, value: Any) -> Limits:
    try:
        limits = Limits(**value)
        sound = 1 <= limits.per_day <= limits.per_week
    except TypeError as fault:
        raise ValueError(f"contact budget for {channel}: write per_day and per_week as numbers") from fault
    if not sound:
        raise ValueError(f"contact budget for {channel}: at least 1 a day, and no fewer a week than a day")
    return limits
