from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocabulary import Channel
from scheduler.planning.holidays import DayKind, HolidayCalendar, is_published, read_overrides
from scheduler.planning.quiet_hours import ContactHours, is_allowed, next_allowed, read_hours

SHENZHEN = ZoneInfo("Asia/Shanghai")
HOURS = ContactHours(SHENZHEN)
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2031, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))  # noqa: DTZ001
ZONES = st.sampled_from([SHENZHEN, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC")])


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 9, day, hour, minute, tzinfo=SHENZHEN)


@pytest.mark.parametrize(
    ("channel", "at", "moves_to"),
    [
        (Channel.SMS, local(1, 8, 59), local(1, 9)),
        (Channel.SMS, local(1, 9), local(1, 9)),
        (Channel.SMS, local(1, 19, 59), local(1, 19, 59)),
        (Channel.SMS, local(1, 20), local(2, 9)),
        (Channel.SMS, local(1, 13), local(1, 13)),
        (Channel.VOICE, local(1, 13), local(1, 14, 30)),
        (Channel.VOICE, local(1, 12), local(1, 14, 30)),
        (Channel.SMS, local(5, 10), local(5, 10)),  # a Saturday
        (Channel.SMS, local(24, 21), local(28, 9)),  # Mid-Autumn Festival 2026: 25 to 27 September
    ],
)
def test_contact_moves_to_the_next_open_minute(channel: Channel, at: datetime, moves_to: datetime) -> None:
    assert next_allowed(at, channel, HOURS) == moves_to


def test_new_year_of_a_year_not_yet_published_is_still_a_holiday() -> None:
    assert not is_published(2040)
    new_year = datetime(2040, 1, 1, 10, tzinfo=SHENZHEN)
    assert next_allowed(new_year, Channel.SMS, HOURS) == datetime(2040, 1, 2, 9, tzinfo=SHENZHEN)


def test_staff_override_both_published_and_unpublished_days() -> None:
    overrides = read_overrides({"2026-09-01": "holiday", "2040-01-01": "workday"})
    calendar = HolidayCalendar(overrides)
    assert calendar.kind(date(2026, 9, 1)) is DayKind.HOLIDAY
    assert calendar.kind(date(2040, 1, 1)) is DayKind.WORKDAY
    hours = ContactHours(SHENZHEN, calendar=calendar)
    assert next_allowed(local(1, 10), Channel.SMS, hours) == local(2, 9)


def test_a_make_up_day_is_a_workday_and_a_bridge_day_a_holiday() -> None:
    assert HolidayCalendar().kind(date(2026, 2, 14)) is DayKind.WORKDAY  # a Saturday worked for Spring Festival
    assert HolidayCalendar().kind(date(2026, 2, 23)) is DayKind.HOLIDAY
    assert HolidayCalendar().kind(date(2026, 9, 5)) is DayKind.WEEKEND


@given(st.dates())
def test_every_day_there_is_has_a_kind(day: date) -> None:
    assert HolidayCalendar().kind(day) in DayKind


@given(INSTANTS, st.sampled_from(Channel), ZONES)
def test_the_next_allowed_instant_is_allowed_and_never_earlier(at: datetime, channel: Channel, zone: ZoneInfo) -> None:
    hours = ContactHours(zone)
    then = next_allowed(at, channel, hours)
    assert then >= at
    assert is_allowed(then, channel, hours)
    clock = then.astimezone(zone).time()
    assert time(9) <= clock < time(20)
    if channel is Channel.VOICE:
        assert not time(12) <= clock < time(14, 30)


@given(INSTANTS, st.sampled_from(Channel))
def test_no_open_minute_is_skipped(at: datetime, channel: Channel) -> None:
    then = next_allowed(at, channel, HOURS)
    minute = at
    while minute < min(then, at + timedelta(hours=15)):
        assert not is_allowed(minute, channel, HOURS)
        minute += timedelta(minutes=17)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        next_allowed(datetime(2026, 9, 1), Channel.SMS, HOURS)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("hours", "complaint"),
    [
        ({"fax": []}, "no channel fax"),
        ({"sms": []}, "sms"),
        ({"sms": [["20:00", "09:00"]]}, "begins before"),
        ({"sms": [["nine", "20:00"]]}, "write them as"),
        ({"sms": [["09:00", "12:00"], ["11:00", "20:00"]]}, "earliest first"),
        ([], "table"),
    ],
)
def test_unsound_hours_are_refused(hours: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_hours(hours)


def test_a_channel_left_out_keeps_its_hours() -> None:
    changed = ContactHours(SHENZHEN, read_hours({"sms": [["10:00", "11:00"]]}))
    assert next_allowed(local(1, 9), Channel.SMS, changed) == local(1, 10)
    assert next_allowed(local(1, 13), Channel.VOICE, changed) == local(1, 14, 30)


@pytest.mark.parametrize("overrides", [["2026-09-01"], {"2026-13-01": "holiday"}, {"2026-09-01": "feast"}])
def test_an_unsound_override_is_refused(overrides: Any) -> None:
    with pytest.raises(ValueError, match="calendar override"):
        read_overrides(overrides)
