"""Which day, or days, a Chinese expression names, counted from today."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar

from outreach_api.conversations.when_words import NUMBER, number_in

ONE_DAY = timedelta(days=1)
ONE_WEEK = timedelta(days=7)
SATURDAY = 5
FURTHEST_HOLIDAY_DAYS = 370


@dataclass(frozen=True)
class Days:
    first: date
    last: date


_WEEKDAYS = {sign: index for index, sign in enumerate("一二三四五六日")} | {str(i + 1): i for i in range(6)}
_TENS_OF_DAYS = {"上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 0)}
_HOLIDAYS = {
    "国庆": "National Day",
    "中秋": "Mid-autumn Festival",
    "春节": "Spring Festival",
    "过年": "Spring Festival",
    "过完年": "Spring Festival",
    "年后": "Spring Festival",
    "五一": "Labour Day",
    "劳动节": "Labour Day",
    "清明": "Tomb-sweeping Day",
    "端午": "Dragon Boat Festival",
    "元旦": "New Year's Day",
}


def read_days(words: str, today: date) -> tuple[Days | None, str]:
    """The days named, and the words without them."""
    for pattern, read in _EXPRESSIONS:
        found = pattern.search(words)
        days = read(found, today) if found else None
        if found and days:
            return days, words[: found.start()] + "，" + words[found.end() :]
    return None, words


def _one(day: date) -> Days:
    return Days(day, day)


def _monday(today: date) -> date:
    return today - timedelta(days=today.weekday())


def _in_some_days(found: re.Match[str], today: date) -> Days:
    return _one(today + timedelta(days=number_in(found["days"] or found["days_after"])))


def _in_some_weeks(found: re.Match[str], today: date) -> Days:
    return _one(today + number_in(found["weeks"]) * ONE_WEEK)


def _in_some_months(found: re.Match[str], today: date) -> Days:
    first = _month(today, number_in(found["months"]))
    return _one(first.replace(day=min(today.day, _last_day(first))))


def _weekday(found: re.Match[str], today: date) -> Days:
    index = _WEEKDAYS[found["weekday"]]
    weeks = found["next"].count("下") if found["next"] else 0
    if weeks:
        return _one(_monday(today) + weeks * ONE_WEEK + timedelta(days=index))
    return _one(today + timedelta(days=(index - today.weekday() - 1) % 7 + 1))


def _weekdays(found: re.Match[str], today: date) -> Days:
    first = _weekday(found, today).first
    return Days(first, first + timedelta(days=(_WEEKDAYS[found["until"]] - first.weekday()) % 7))


def _weekend(found: re.Match[str], today: date) -> Days:
    weeks = found["next"].count("下") if found["next"] else 0
    if weeks:
        saturday = _monday(today) + weeks * ONE_WEEK + timedelta(days=SATURDAY)
    else:
        saturday = today + timedelta(days=(SATURDAY - today.weekday()) % 7)
    return Days(saturday, saturday + ONE_DAY)


def _next_week(found: re.Match[str], today: date) -> Days:
    monday = _monday(today) + found["next"].count("下") * ONE_WEEK
    return Days(monday, monday + 6 * ONE_DAY)


def _half_month(_found: re.Match[str], today: date) -> Days:
    return _one(today + timedelta(days=15))


def _some_days(found: re.Match[str], today: date) -> Days:
    """两三天后, 三五天以后."""
    first, last = (number_in(found[each]) for each in ("few", "more"))
    return Days(today + timedelta(days=first), today + timedelta(days=last))


def _near_days(found: re.Match[str], today: date) -> Days:
    """今明两天, 明后天, 这两天."""
    first = 1 if found["near"].startswith("明") else 0
    return Days(today + timedelta(days=first), today + timedelta(days=first + 1))


def _year_end(_found: re.Match[str], today: date) -> Days:
    return Days(date(today.year, 12, 29), date(today.year, 12, 31))


def _month(today: date, ahead: int) -> date:
    """The first of the month so many months ahead."""
    years, month = divmod(today.month - 1 + ahead, 12)
    return date(today.year + years, month + 1, 1)


def _last_day(first: date) -> int:
    return monthrange(first.year, first.month)[1]


def _part_of_month(found: re.Match[str], today: date) -> Days:
    ahead = found["next"].count("下") if found["next"] else 0
    days = _span_of_month(_month(today, ahead), found["part"])
    return days if ahead or days.last >= today else _span_of_month(_month(today, 1), found["part"])


def _span_of_month(first: date, part: str) -> Days:
    if part == "初":
        return Days(first, first.replace(day=3))
    if part == "中":
        return Days(first.replace(day=14), first.replace(day=16))
    last = _last_day(first)
    if part in _TENS_OF_DAYS:
        begins, ends = _TENS_OF_DAYS[part]
        return Days(first.replace(day=begins), first.replace(day=ends or last))
    return Days(first.replace(day=last - 2), first.replace(day=last))


def _next_month(found: re.Match[str], today: date) -> Days:
    first = _month(today, found["next"].count("下"))
    return Days(first, first.replace(day=_last_day(first)))


def _day_of_month(found: re.Match[str], today: date) -> Days | None:
    day = number_in(found["day"])
    if found["month"]:
        return _dated(today, number_in(found["month"]), day)
    ahead = found["next"].count("下") if found["next"] else 0
    months = (_month(today, each) for each in range(ahead, ahead + 12))
    fitting = (first.replace(day=day) for first in months if 1 <= day <= _last_day(first))
    return next((_one(each) for each in fitting if each >= today), None)


def _dated(today: date, month: int, day: int) -> Days | None:
    for year in (today.year, today.year + 1):
        try:
            named = date(year, month, day)
        except ValueError:
            continue
        if named >= today:
            return _one(named)
    return None


def _after_holiday(found: re.Match[str], today: date) -> Days | None:
    """The first day after the next public holiday of that name; None where the calendar does not reach so far."""
    name = _HOLIDAYS[found["holiday"]]
    days = (today + timedelta(days=ahead) for ahead in range(FURTHEST_HOLIDAY_DAYS))
    try:
        day = next((each for each in days if chinese_calendar.get_holiday_detail(each) == (True, name)), None)
        while day and chinese_calendar.get_holiday_detail(day) == (True, name):
            day += ONE_DAY
    except NotImplementedError:
        return None
    return _one(day) if day else None


def _ahead(days: int) -> Callable[[re.Match[str], date], Days]:
    return lambda _found, today: _one(today + timedelta(days=days))


_NEXT = r"(?P<next>下+|这|本)?"
_EXPRESSIONS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Days | None]], ...] = (
    (
        re.compile(rf"(?P<holiday>{'|'.join(_HOLIDAYS)})节?(长假|假期?|放假)?(过?完|以?后|之后|过后|回来)?"),
        _after_holiday,
    ),
    (
        re.compile(
            rf"{_NEXT}周(?P<weekday>[一二三四五六日])(?:(?:[到至\-~、和跟同]|或者?|要么)周?|周)(?P<until>[一二三四五六日])"
        ),
        _weekdays,
    ),
    (re.compile(r"(?P<near>今明两?[天日]|明后两?[天日]|这两[天日])"), _near_days),
    (re.compile(r"年底|年尾|年末"), _year_end),
    (re.compile(r"大后天"), _ahead(3)),
    (re.compile(r"后天"), _ahead(2)),
    (re.compile(r"明天"), _ahead(1)),
    (re.compile(r"今天"), _ahead(0)),
    (re.compile(r"(?:再?过|等|隔)?半个?月(?:以后|之后|过后|后|再)?"), _half_month),
    (
        re.compile(r"(?:再?过|等|隔)?(?P<few>[一两二三])(?P<more>[二两三四五])[天日](?:以后|之后|过后|后)?"),
        _some_days,
    ),
    (
        re.compile(rf"(?:再?过|等|隔)(?P<days>{NUMBER})[天日]|(?P<days_after>{NUMBER})[天日](?:以后|之后|过后|后)"),
        _in_some_days,
    ),
    (
        re.compile(rf"(?:再?过|等|隔)?(?P<weeks>{NUMBER})个?周(?:以后|之后|过后|后|再)?(?![一二三四五六日末])"),
        _in_some_weeks,
    ),
    (re.compile(rf"(?:再?过|等|隔)?(?P<months>{NUMBER})个月(?:以后|之后|过后|后|再)"), _in_some_months),
    (re.compile(rf"{_NEXT}周末"), _weekend),
    (re.compile(rf"{_NEXT}周(?P<weekday>[一二三四五六日1-6])"), _weekday),
    (re.compile(r"(?P<next>下+)周"), _next_week),
    (re.compile(rf"{_NEXT}月(?P<part>[上中下]旬|初(?![一二三四五六七八九十])|[中底末尾])"), _part_of_month),
    (
        re.compile(
            rf"(?:(?P<next>下+|这|本)月初?|(?P<month>{NUMBER})月)?(?P<day>{NUMBER})(?:[号日]|(?<=初.)|(?<=初..))"
        ),
        _day_of_month,
    ),
    (re.compile(r"(?P<next>下+)月"), _next_month),
)
