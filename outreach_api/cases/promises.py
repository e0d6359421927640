"""When a case has to be done: one promise a kind, in working time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.vocabulary import CaseKind
from scheduler.planning.holidays import DayKind, HolidayCalendar

ONE_DAY = timedelta(days=1)


def is_workday(day: date) -> bool:
    """By the published arrangement of holidays and make-up days."""
    return HolidayCalendar().kind(day) is DayKind.WORKDAY


@dataclass(frozen=True)
class WorkingHours:
    """The hours in which somebody is there to answer, on the district's own clock."""

    zone: ZoneInfo
    spans: tuple[tuple[time, time], ...] = ((time(9), time(12)), (time(14), time(18)))
    is_working_day: Callable[[date], bool] = is_workday

    @property
    def closes_at(self) -> time:
        return self.spans[-1][1]

    def first_working_day(self, day: date) -> date:
        """`day` itself, or the next day on which work is done."""
        while not self.is_working_day(day):
            day += ONE_DAY
        return day


Promise = Callable[[datetime, WorkingHours], datetime]


def same_day() -> Promise:
    """不过夜: by midnight of the day it came in; what comes after closing time, by midnight of the next working day."""

    def due(opened: datetime, hours: WorkingHours) -> datetime:
        came_on = opened.date() if opened.time() < hours.closes_at else opened.date() + ONE_DAY
        return datetime.combine(hours.first_working_day(came_on) + ONE_DAY, time(), hours.zone)

    return due


def working_hours(amount: float) -> Promise:
    """So many hours of presence, counted from the first moment somebody is there."""

    def due(opened: datetime, hours: WorkingHours) -> datetime:
        left = timedelta(hours=amount)
        day = opened.date()
        while True:
            day = hours.first_working_day(day)
            for begins, ends in hours.spans:
                start = max(datetime.combine(day, begins, hours.zone), opened)
                end = datetime.combine(day, ends, hours.zone)
                if start + left <= end:
                    return start + left
                left -= max(end - start, timedelta())
            day += ONE_DAY

    return due


def working_days(amount: int) -> Promise:
    """By closing time of the so-manieth working day after the day it came in."""

    def due(opened: datetime, hours: WorkingHours) -> datetime:
        day = opened.date()
        for _ in range(amount):
            day = hours.first_working_day(day + ONE_DAY)
        return datetime.combine(day, hours.closes_at, hours.zone)

    return due


PROMISES: dict[CaseKind, Promise] = {
    CaseKind.APPEAL: same_day(),
    CaseKind.HUMAN: working_hours(2),
    CaseKind.COMPLAINT: working_days(1),
    CaseKind.HOME_VISIT: working_days(3),
    CaseKind.IDENTITY: working_days(2),
    CaseKind.POLICY_QUESTION: working_days(2),
    # The district's own promise; shorten it here where a law says less.
    CaseKind.RIGHTS: working_days(10),
}
DISTRICT_HOURS = WorkingHours(ZoneInfo("Asia/Shanghai"))


def due_time(kind: CaseKind, opened_at: datetime, hours: WorkingHours = DISTRICT_HOURS) -> datetime:
    """The instant, in UTC, by which a case of this kind opened at that instant is promised to be done.

    Raises:
        ValueError: `opened_at` has no timezone.
    """
    if opened_at.tzinfo is None:
        raise ValueError("opened_at needs a timezone")
    return PROMISES[kind](opened_at.astimezone(hours.zone), hours).astimezone(UTC)


def working_time(start: datetime, end: datetime, hours: WorkingHours = DISTRICT_HOURS) -> timedelta:
    """How much time somebody is there between two instants; none where `end` is not after `start`."""
    start, end = start.astimezone(hours.zone), end.astimezone(hours.zone)
    there = timedelta()
    day = start.date()
    while day <= end.date():
        if hours.is_working_day(day):
            for begins, ends in hours.spans:
                opens, closes = (datetime.combine(day, at, hours.zone) for at in (begins, ends))
                there += max(min(closes, end) - max(opens, start), timedelta())
        day += ONE_DAY
    return there


def after_working_hours(amount: float, start: datetime, hours: WorkingHours = DISTRICT_HOURS) -> datetime:
    """The instant, in UTC, by which so many hours of presence have passed since `start`."""
    return working_hours(amount)(start.astimezone(hours.zone), hours).astimezone(UTC)
