"""Times as residents say them. It is Wednesday 3 June 2026, ten in the morning."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach_api.conversations.when import read_when

NOW = datetime(2026, 6, 3, 10, 5, tzinfo=ZoneInfo("Asia/Shanghai"))


def window(text: str) -> str | None:
    found = read_when(text, NOW)
    return f"{found.from_:%m-%d %H:%M}/{found.to:%m-%d %H:%M}" if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("明天下午三点", "06-04 15:00/06-04 15:30"),
        ("礼拜六早上", "06-06 09:00/06-06 12:00"),
        ("半个钟后", "06-03 10:35/06-03 11:05"),
        ("一个半小时以后", "06-03 11:35/06-03 12:05"),
        ("吃完饭", "06-03 13:00/06-03 15:00"),
        ("吃完晚饭吧", "06-03 19:00/06-03 20:00"),
        ("下周二", "06-09 09:00/06-09 20:00"),
        ("三点半", "06-03 15:30/06-03 16:00"),
        ("九点", "06-03 21:00/06-03 21:30"),
        ("后日朝早", "06-05 09:00/06-05 12:00"),
        ("聽日下晝兩點半", "06-04 14:30/06-04 15:00"),
        ("晚上八点以后", "06-03 20:00/06-03 22:00"),
        ("三点以后都行", "06-03 15:00/06-03 20:00"),
        ("明天五点之前", "06-04 09:00/06-04 17:00"),
        ("五点前", "06-03 10:05/06-03 17:00"),
        ("三点前别打", "06-03 15:00/06-03 20:00"),
        ("上午没空下午三点再打", "06-03 15:00/06-03 15:30"),
        ("上午要去买菜，下午在家", "06-03 14:30/06-03 18:00"),
        ("不是明天，是后天", "06-05 09:00/06-05 20:00"),
        ("两三点", "06-03 14:00/06-03 15:00"),
        ("下午2-4点", "06-03 14:00/06-03 16:00"),
        ("差十分三点", "06-03 14:50/06-03 15:20"),
        ("三点三", "06-03 15:15/06-03 15:45"),
        ("周末", "06-06 09:00/06-07 20:00"),
        ("下个礼拜", "06-08 09:00/06-14 20:00"),
        ("过两天", "06-05 09:00/06-05 20:00"),
        ("月底", "06-28 09:00/06-30 20:00"),
        ("15号下午", "06-15 14:30/06-15 18:00"),
        ("国庆之后", "10-08 09:00/10-08 20:00"),
        ("十一点半", "06-03 11:30/06-03 12:00"),
        ("午睡起来", "06-03 15:00/06-03 18:00"),
    ],
)
def test_times_are_placed(text: str, expected: str) -> None:
    assert window(text) == expected


@pytest.mark.parametrize(
    "text", ["改天", "过几天", "再说吧", "等一下", "中午别打", "晚一点再打", "一点都不想", "好", ""]
)
def test_what_names_no_time_is_not_placed(text: str) -> None:
    assert window(text) is None


@given(
    st.text(
        alphabet="今明后天大周下上午晚早中一二三四五六七八九十点半刻钟个号月日过以前后:0123456789差分吃饭别打没空 ",
        max_size=14,
    ),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001 - made aware below
)
def test_a_window_never_ends_before_it_begins(text: str, moment: datetime) -> None:
    found = read_when(text, moment.replace(tzinfo=NOW.tzinfo))
    assert found is None or found.from_ <= found.to <= found.from_ + timedelta(days=32)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        read_when("明天", datetime(2026, 6, 3, 10, 0))  # noqa: DTZ001 - that is the point


TIMES = [json.loads(line) for line in Path(__file__).with_name("times.jsonl").read_text(encoding="utf-8").splitlines()]
AIM = 0.95


@pytest.mark.parametrize("half", ["worked_on", "held_out"])
def test_times_of_two_kinds_are_placed(half: str) -> None:
    """Both halves were written before they were measured; `held_out` was never looked at afterwards."""
    told = [each for each in TIMES if each["set"] == half]
    wrong = [each["text"] for each in told if _read(each) != (each["from"], each["to"])]
    assert len(wrong) <= (1 - AIM) * len(told), wrong if half == "worked_on" else len(wrong)


def _read(told: dict[str, str]) -> tuple[str | None, str | None]:
    found = read_when(told["text"], datetime.fromisoformat(told["now"]))
    return (found.from_.isoformat(), found.to.isoformat()) if found else (None, None)
