"""The facts of `./outreach why`, said in both languages."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from models.vocabulary import MatchState
from outreach_api.web.why_words import SAID, why_in_words
from outreach_api.web.words import Locale, Speaker
from scheduler.planning.why import Fact, Why
from tests.builders import NOON

SPEAKER = Speaker(Locale.ZH, ZoneInfo("Asia/Shanghai"))
NAMES = {"elderly-allowance": "高龄津贴"}
DETAIL = {
    "from": MatchState.NEW.value,
    "to": MatchState.IN_OUTREACH.value,
    "because": "planner",
    "channel": "sms",
    "state": "delivered",
    "reason": "opt_out",
    "scope": "phone",
}


def said(fact: Fact, detail: dict[str, str]) -> str:
    return why_in_words(Why(NOON, fact, ("elderly-allowance",), detail), SPEAKER, NAMES)


@pytest.fixture(autouse=True)
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")


def test_every_fact_has_its_words() -> None:
    assert set(SAID) == set(Fact)


@pytest.mark.parametrize(
    ("fact", "changes", "words"),
    [
        (Fact.MATCH_MOVED, {}, "待触达 → 触达中（排期）"),
        (Fact.MATCH_MOVED, {"because": "inbound:12"}, "待触达 → 触达中（居民的来信 12）"),
        (Fact.CONTACT_SENT, {}, "短信：已送达"),
        (Fact.CONTACT_CANCELLED, {"state": "cancelled", "refusal": "opted_out"}, "短信取消：已取消，本人退订"),
        (Fact.REFUSED, {"reason": "daily_cap"}, "没有联系：今天已联系过"),
        (Fact.STOPPED, {}, "停止联系这个号码：退订"),
        (
            Fact.DATE_AHEAD,
            {"occasion": "renewal", "on": "2026-05-01", "from": "2026-04-17"},
            "记下要提前告知：资格认证或续办 2026-05-01，2026-04-17 起可以说",
        ),
        (
            Fact.REMINDER_REFUSED,
            {"on": "2026-05-01", "reason": "daily_cap"},
            "2026-05-01 的事没有告知：今天已联系过",
        ),
        (Fact.NOT_PUSHED_IN_STATE, {"state": "in_queue"}, "现在不再主动联系：排队上门"),
    ],
)
def test_a_fact_is_a_sentence_with_its_time_and_policy(fact: Fact, changes: dict[str, str], words: str) -> None:
    assert said(fact, DETAIL | changes) == f"{SPEAKER.moment(NOON)}  高龄津贴  {words}"
