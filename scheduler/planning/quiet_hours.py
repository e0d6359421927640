"""Contact hours: when a resident may be called or texted, on the resident's own clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from models.vocabulary import Channel
from scheduler.planning.holidays import DayKind, HolidayCalendar

MOST_CLOSED_DAYS_IN_A_ROW = 60


@dataclass(frozen=True)
class Hours:
    """From `start`, up to but without `end`."""

    start: time
    end: time


_TEXT_HOURS = (Hours(time(9), time(20)),)
_CALL_HOURS = (Hours(time(9), time(12)), Hours(time(14, 30), time(20)))
DEFAULT_HOURS: dict[Channel, tuple[Hours, ...]] = {
    Channel.SMS: _TEXT_HOURS,
    Channel.CHAT: _TEXT_HOURS,
    Channel.VOICE: _CALL_HOURS,
}


@dataclass(frozen=True)
class ContactHours:
    """Hours by channel; on public holidays nobody is contacted unasked. Ordinary weekends are fine: families are in."""

    zone: ZoneInfo
    by_channel: Mapping[Channel, tuple[Hours, ...]] = field(default_factory=lambda: DEFAULT_HOURS)
    calendar: HolidayCalendar = field(default_factory=HolidayCalendar)


@dataclass(frozen=True)
class Opening:
    """A stretch in which contact is allowed, in UTC; the end is outside."""

    start: datetime
    end: datetime


def next_opening(at: datetime, channel: Channel, hours: ContactHours) -> Opening:
    """The stretch of contact hours that holds `at`, cut to begin there, else the next one.

    Raises:
        ValueError: `at` has no timezone, or two months hold no open hour, which no sound setting does.
    """
    if at.tzinfo is None:
        raise ValueError("`at` needs a timezone")
    for opening in _openings_from(at, channel, hours):
        if at < opening.end:
            return Opening(max(at.astimezone(UTC), opening.start), opening.end)
    raise ValueError(f"no contact hours for {channel} in the {MOST_CLOSED_DAYS_IN_A_ROW} days after {at:%F}")


def next_allowed(at: datetime, channel: Channel, hours: ContactHours) -> datetime:
    """`at` itself within contact hours, else the instant at which they next begin."""
    return next_opening(at, channel, hours).start


def is_allowed(at: datetime, channel: Channel, hours: ContactHours) -> bool:
    return next_allowed(at, channel, hours) == at


def _openings_from(at: datetime, channel: Channel, hours: ContactHours) -> Iterator[Opening]:
    first_day = at.astimezone(hours.zone).date()
    for offset in range(MOST_CLOSED_DAYS_IN_A_ROW):
        day = first_day + timedelta(days=offset)
        if hours.calendar.kind(day) is DayKind.HOLIDAY:
            continue
        for open_hours in hours.by_channel[channel]:
            start, end = (datetime.combine(day, t, hours.zone) for t in (open_hours.start, open_hours.end))
            yield Opening(start.astimezone(UTC), end.astimezone(UTC))


def read_hours(value: Any) -> dict[Channel, tuple[Hours, ...]]:
    """Hours as staff wrote them: `{"sms": [["09:00", "20:00"]], "voice": […]}`; a channel left out keeps its default.

    Raises:
        ValueError: names the channel and what is wrong with it.
    """
    if not isinstance(value, dict):
        raise ValueError("the contact hours are a table from channel to hours")  # noqa: TRY004 - what staff wrote is wrong, not a type of ours
    unknown = set(value) - set(Channel)
    if unknown:
        raise ValueError(f"contact hours: there is no channel {sorted(unknown)[0]}")
    return DEFAULT_HOURS | {Channel(name): _read_channel(name, rows) for name, rows in value.items()}


def _read_channel(channel: str, rows: Any) -> tuple[Hours, ...]:
    try:
        hours = tuple(Hours(time.fromisoformat(start), time.fromisoformat(end)) for start, end in rows)
    except (TypeError, ValueError) as fault:
        raise ValueError(f'contact hours for {channel}: write them as [["09:00", "20:00"]]') from fault
    in_order = all(a.end <= b.start for a, b in pairwise(hours))
    if not hours or not in_order or any(h.start >= h.end for h in hours):
        raise ValueError(f"contact hours for {channel}: at least one, each begins before it ends, earliest first")
    return hours
