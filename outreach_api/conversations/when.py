"""When a resident asks to be contacted: Chinese time expressions, read as a window in the resident's own time.

The window is what the resident meant; quiet hours are applied by the planner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from outreach_api.conversations.when_day import ONE_DAY, Days, read_days
from outreach_api.conversations.when_words import NUMBER, in_simple_words, number_in, positive_part

HALF_HOUR = timedelta(minutes=30)
DAY_BEGINS = time(9)
DAY_ENDS = time(20)
TWO_HOURS = timedelta(hours=2)


@dataclass(frozen=True)
class Window:
    """From when to when, in local time."""

    from_: datetime
    to: datetime


@dataclass(frozen=True)
class _Span:
    """A stretch of a day. `certain` is false for 九点 alone, which may be morning or evening."""

    begins: time
    ends: time
    certain: bool = True


MORNING = _Span(time(9), time(12))
NOON = _Span(time(12), time(14))
AFTERNOON = _Span(time(14, 30), time(18))
DUSK = _Span(time(17), time(19))
EVENING = _Span(time(18), time(20))
AFTER_NAP = _Span(time(15), time(18))
AFTER_LUNCH = _Span(time(13), time(15))
AFTER_DINNER = _Span(time(19), time(20))
SMALL_HOURS = _Span(time(0), time(6))
WHOLE_DAY = _Span(DAY_BEGINS, DAY_ENDS)

# The first that is found counts: 午睡 before 午, meals before parts of the day.
_SPANS: tuple[tuple[re.Pattern[str], _Span], ...] = (
    (re.compile(r"(午睡|午觉|睡醒|睡完)"), AFTER_NAP),
    (re.compile(r"(睡觉|睡|瞓)(之|以)?前"), EVENING),
    (re.compile(r"(晚饭|晚餐|夜饭)(之|以)?前"), AFTERNOON),
    (re.compile(r"(午饭|中饭|午餐|中午饭)(之|以)?前"), MORNING),
    (re.compile(r"(早饭|早餐|早茶|早点心)"), MORNING),
    (re.compile(r"(午饭|中饭|午餐|中午饭|中午吃完|晌午饭|吃完晏)"), AFTER_LUNCH),
    (re.compile(r"(晚饭|夜饭|晚餐|晚上吃完)"), AFTER_DINNER),
    (re.compile(r"(下班|收工|放工)"), EVENING),
    (re.compile(r"凌晨"), SMALL_HOURS),
    (re.compile(r"(上午|早上|早晨|清早|清晨|大清早|一早|早间|午前|天亮)"), MORNING),
    (re.compile(r"(中午|正午|晌午)"), NOON),
    (re.compile(r"(下午|午后)"), AFTERNOON),
    (re.compile(r"(傍晚|黄昏|傍黑|天黑|擦黑)"), DUSK),
    (re.compile(r"(晚上|夜里|夜间|晚间|夜晚)"), EVENING),
)
_MEAL = re.compile(r"(吃[完过]?|饭)[^，]{0,2}(饭|东西|后|完)")
_SOME_HOURS = re.compile(r"(?P<few>[一两二三])(?P<more>[两二三四五])个?(?:小时|钟头|钟)")
_DURATION = re.compile(
    rf"(?P<half>半)个?(小时|钟头|钟)|(?P<fives>{NUMBER})个五分钟|(?P<minutes>{NUMBER})分钟|(?P<quarters>{NUMBER})刻钟"
    rf"|(?P<hours>{NUMBER})个?(?P<and_half>半)?(小时|钟头)(?P<half_after>半)?|(?P<bells>{NUMBER})个(?P<bell_half>半)?(字头|钟)"
)
_NOW = re.compile(r"(现在|马上|立刻|即刻|这会儿?)(就)?(可以|行|打|联系|方便|得)")
_MINUTE = rf"(?P<half>半)|(?P<quarter>[一三])刻|过?(?P<minute>[0-5]?\d|[零〇]?{NUMBER})分?"
_CLOCK = re.compile(
    rf"(?:(?P<colon_hour>\d{{1,2}}):(?P<colon_minute>\d{{2}})|(?P<hour>{NUMBER})点(?!心)钟?整?(?:{_MINUTE})?)"
)
_SHORT_OF = re.compile(
    rf"差(?:(?P<quarter>一刻)|(?P<minutes>{NUMBER})分)钟?(?P<hour>{NUMBER})点"
    rf"|(?P<hour_first>{NUMBER})点钟?差(?:(?P<quarter_after>一刻)|(?P<minutes_after>{NUMBER})分)"
)
_TWO_HOURS_NAMED = re.compile(
    r"(?<![\d十])(?P<tens>十)?(?P<first>[一两二三四五六七八九])(?P<second>[一二三四五六七八九])点"
)
_RANGE = re.compile(rf"(?P<first>{NUMBER})[到至\-~—](?P<second>(?:上午|下午|晚上|中午)?{NUMBER})点")
_UNTIL = re.compile(r"[到至\-~—]")
_AFTER = re.compile(r"^(钟|整|左右)*(以后|之后|过后|后|开始|起)")
_BEFORE = re.compile(r"^(钟|整|左右)*(以前|之前|前)")
_CANTONESE_FIVES = re.compile(r"^[一二三四五六七八九]$")

_HALF_DAY_OF: Mapping[_Span, range] = MappingProxyType(
    {
        NOON: range(1, 4),
        AFTERNOON: range(1, 12),
        DUSK: range(1, 12),
        EVENING: range(4, 12),
        AFTER_NAP: range(1, 12),
        AFTER_LUNCH: range(1, 8),
        AFTER_DINNER: range(1, 12),
    }
)


def read_when(text: str, now: datetime) -> Window | None:
    """The window that the text names, or None: no time was named, or none that can be placed.

    `now` carries the resident's zone. A time already past today is tomorrow's.

    Raises:
        ValueError: `now` has no timezone.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a timezone")
    words = positive_part(in_simple_words(text))
    hours = _SOME_HOURS.search(words)
    if hours:
        return Window(*(now + timedelta(hours=number_in(hours[each])) for each in ("few", "more")))
    duration = _DURATION.search(words)
    if duration:
        begins = now + _length(duration)
        return Window(begins, begins + HALF_HOUR)
    days, rest = read_days(words, now.date())
    window = _clock_window(rest, days, now) or _part_window(rest, days, now)
    if window or days is None:
        return window or (Window(now, now + HALF_HOUR) if _NOW.search(words) else None)
    return Window(_at(days.first, DAY_BEGINS, now), _at(days.last, DAY_ENDS, now))


def _length(found: re.Match[str]) -> timedelta:
    if found["half"]:
        return HALF_HOUR
    if found["fives"]:
        return timedelta(minutes=5 * number_in(found["fives"]))
    if found["minutes"]:
        return timedelta(minutes=number_in(found["minutes"]))
    if found["quarters"]:
        return timedelta(minutes=15 * number_in(found["quarters"]))
    extra = HALF_HOUR if found["and_half"] or found["half_after"] or found["bell_half"] else timedelta()
    return timedelta(hours=number_in(found["hours"] or found["bells"])) + extra


def _part_window(words: str, days: Days | None, now: datetime) -> Window | None:
    span = _span_in(words)
    if span is None and _MEAL.search(words):
        span = AFTER_LUNCH if days or now.time() < AFTER_LUNCH.begins else AFTER_DINNER
        if days is None and now.time() >= AFTER_DINNER.begins:
            span = AFTER_LUNCH
    return _placed(span, days, now) if span else None


def _span_in(words: str) -> _Span | None:
    return next((span for pattern, span in _SPANS if pattern.search(words)), None)


def _clock_window(words: str, days: Days | None, now: datetime) -> Window | None:
    part = _span_in(words)
    named = _TWO_HOURS_NAMED.search(words)
    if named:
        tens = 10 if named["tens"] else 0
        first, second = (tens + number_in(named[each]) for each in ("first", "second"))
        return _between(time(first % 24), time(second % 24), part, days, now)
    ranged = _RANGE.search(words)
    if ranged:
        last = re.sub(r"^\D*(?=[\d一二两三四五六七八九十])", "", ranged["second"])
        return _between(time(number_in(ranged["first"]) % 24), time(number_in(last) % 24), part, days, now)
    times = _times_in(words)
    if not times:
        return None
    if len(times) > 1 and _is_between(words, times[0], times[1]):
        return _between(times[0].said, times[1].said, part, days, now)
    return _around(times[0], words[times[0].end :], part, days, now)


def _is_between(words: str, first: _Said, second: _Said) -> bool:
    """三点到五点, 三点之后五点之前."""
    joined = words[first.end : second.start]
    return bool(_UNTIL.search(joined) or (_AFTER.match(joined) and _BEFORE.match(words[second.end :])))


@dataclass(frozen=True)
class _Said:
    said: time
    start: int
    end: int


def _times_in(words: str) -> list[_Said]:
    short = _SHORT_OF.search(words)
    if short:
        quarter = short["quarter"] or short["quarter_after"]
        minutes = 15 if quarter else number_in(short["minutes"] or short["minutes_after"])
        hour = number_in(short["hour"] or short["hour_first"])
        return [_Said(time((hour - 1) % 24, 60 - minutes), short.start(), short.end())]
    found = (_said(match) for match in _CLOCK.finditer(words))
    return [said for said in found if said]


def _said(found: re.Match[str]) -> _Said | None:
    hour = int(found["colon_hour"]) if found["colon_hour"] else number_in(found["hour"])
    minute = int(found["colon_minute"]) if found["colon_minute"] else _minute(found)
    if hour > 24 or minute > 59:
        return None
    return _Said(time(hour % 24, minute), found.start(), found.end())


def _minute(found: re.Match[str]) -> int:
    if found["half"]:
        return 30
    if found["quarter"]:
        return 15 if found["quarter"] == "一" else 45
    spoken = found["minute"]
    if not spoken:
        return 0
    # Cantonese counts minutes in fives: 三点三 is a quarter past three.
    fives = _CANTONESE_FIVES.match(spoken) and not found[0].endswith("分")
    return number_in(spoken) * (5 if fives else 1)


def _around(said: _Said, following: str, part: _Span | None, days: Days | None, now: datetime) -> Window:
    at = _instant(said.said, part, days, now)
    if _AFTER.match(following):
        closes = _at(at.date(), DAY_ENDS, now)
        return Window(at, closes if at < closes else at + TWO_HOURS)
    if _BEFORE.match(following):
        return Window(now if at.date() == now.date() else _at(at.date(), DAY_BEGINS, now), at)
    return Window(at, at + HALF_HOUR)


def _between(first: time, second: time, part: _Span | None, days: Days | None, now: datetime) -> Window:
    begins = _instant(first, part, days, now)
    ends = datetime.combine(begins.date(), second, now.tzinfo)
    return Window(begins, ends if ends > begins else ends + timedelta(hours=12))


def _instant(said: time, part: _Span | None, days: Days | None, now: datetime) -> datetime:
    """The instant of a spoken time: by its part of day, else 1 to 7 is the afternoon and 8 to 11 the next to come."""
    day = days.first if days else now.date()
    if part is None and 8 <= said.hour <= 11:
        candidates = (_at(day, said, now), _at(day, said, now) + timedelta(hours=12))
        return next((each for each in candidates if each > now), _at(day + ONE_DAY, said, now))
    later = said.hour in (_HALF_DAY_OF.get(part, range(0)) if part else range(1, 8))
    at = _at(day, said, now) + timedelta(hours=12 if later else 0)
    return at + ONE_DAY if at <= now and _may_move(days, now) else at


def _placed(span: _Span, days: Days | None, now: datetime) -> Window:
    day = days.first if days else now.date()
    if _at(day, span.ends, now) <= now and _may_move(days, now):
        day += ONE_DAY
    return Window(_at(day, span.begins, now), _at(day, span.ends, now))


def _may_move(days: Days | None, now: datetime) -> bool:
    return days is None or days.first == now.date()


def _at(day: date, at: time, now: datetime) -> datetime:
    return datetime.combine(day, at, now.tzinfo)
