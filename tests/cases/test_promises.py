from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocabulary import CaseKind
from outreach_api.cases.promises import DISTRICT_HOURS, PROMISES, WorkingHours, due_time

SHENZHEN = ZoneInfo("Asia/Shanghai")
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(SHENZHEN))  # noqa: DTZ001


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHENZHEN)


def test_every_kind_has_a_promise() -> None:
    assert set(PROMISES) == set(CaseKind)


@pytest.mark.parametrize(
    ("kind", "opened", "due"),
    [
        (CaseKind.APPEAL, "2026-09-01T10:00", "2026-09-02T00:00"),
        (CaseKind.APPEAL, "2026-09-01T18:00", "2026-09-03T00:00"),
        (CaseKind.APPEAL, "2026-09-05T10:00", "2026-09-08T00:00"),
        (CaseKind.HUMAN, "2026-09-01T09:30", "2026-09-01T11:30"),
        (CaseKind.HUMAN, "2026-09-01T11:30", "2026-09-01T15:30"),
        (CaseKind.HUMAN, "2026-09-01T03:00", "2026-09-01T11:00"),
        (CaseKind.HUMAN, "2026-09-04T17:00", "2026-09-07T10:00"),
        (CaseKind.COMPLAINT, "2026-09-04T10:00", "2026-09-07T18:00"),
        (CaseKind.HOME_VISIT, "2026-09-03T23:00", "2026-09-08T18:00"),
    ],
)
def test_a_promise_is_kept_in_working_time(kind: CaseKind, opened: str, due: str) -> None:
    assert due_time(kind, local(opened)) == local(due)


def test_holidays_and_make_up_days_are_those_published() -> None:
    assert due_time(CaseKind.COMPLAINT, local("2025-09-30T10:00")) == local("2025-10-09T18:00")
    assert due_time(CaseKind.COMPLAINT, local("2025-10-10T10:00")) == local("2025-10-11T18:00")


def test_holidays_are_no_working_days() -> None:
    national_day = {date(2026, 10, day) for day in range(1, 8)}
    hours = WorkingHours(SHENZHEN, is_working_day=lambda day: day not in national_day and day.weekday() < 5)
    assert due_time(CaseKind.HUMAN, local("2026-09-30T17:00"), hours) == local("2026-10-08T10:00")


@given(opened=INSTANTS, kind=st.sampled_from(CaseKind))
def test_a_promise_lies_ahead_and_not_past_the_longest_holiday(opened: datetime, kind: CaseKind) -> None:
    longest = timedelta(days=30 if kind is CaseKind.RIGHTS else 15)
    assert opened < due_time(kind, opened) <= opened + longest


@given(earlier=INSTANTS, later=INSTANTS, kind=st.sampled_from(CaseKind))
def test_who_comes_first_is_promised_no_later(earlier: datetime, later: datetime, kind: CaseKind) -> None:
    earlier, later = sorted((earlier, later))
    assert due_time(kind, earlier) <= due_time(kind, later)


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        due_time(CaseKind.HUMAN, datetime(2026, 9, 1), DISTRICT_HOURS)  # noqa: DTZ001
