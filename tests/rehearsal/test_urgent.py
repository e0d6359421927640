"""What the drill of an urgent notice says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from outreach_api.rehearsal.figures import BREACH_KINDS
from outreach_api.rehearsal.urgent import UrgentResult, in_words


def a_result(**changes: Any) -> UrgentResult:
    figures = {
        "queued": 1980,
        "sent": 1980,
        "left_out": {"opted_out": 20},
        "seconds_to_last": 9.5,
        "per_s": 208.4,
        "other_messages": 20,
        "other_start_s": 0.31,
        "sent_to_stopped": 0,
        "rule_breaches": dict.fromkeys(BREACH_KINDS, 0),
    }
    return UrgentResult(figures | changes)


def test_a_drill_that_passed_reads_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert list(in_words(a_result())) == [
        "发给 1,980 人，最后一条在 9.5 秒，平均每秒 208.4 条",
        "没有发给：本人退订 20",
        "其间别的活动有 20 条，最久等 0.31 秒开始发（最多 1 秒）",
        "触达规则违例：超次数 0，时段外 0，退订后 0，重复 0",
        "退订的人收到 0 条",
        "演练通过",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"sent": 1979},
        {"sent_to_stopped": 1},
        {"other_start_s": 1.2},
        {"rule_breaches": {**dict.fromkeys(BREACH_KINDS, 0), "after_stop": 1}},
    ],
)
def test_whatever_went_wrong_fails_it(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert list(in_words(a_result(**changes)))[-1] == "演练没有通过"
