"""Forecast against fact: what was expected before the campaign, and what came, of the same people and days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from outreach_api.reports.counting import Counting
from outreach_api.reports.definitions import FORECAST_MEASURES
from outreach_api.reports.report import Cell, Table

COLUMNS = ("measure", "low", "estimate", "high", "fact", "within")
DAY_COLUMNS = ("day", "low", "estimate", "high", "fact")
WEEK = 7


@dataclass(frozen=True)
class _Kept:
    made_at: datetime
    starts_on: date
    days: int
    yuan_a_text: float
    yuan_a_call: float
    expected: Mapping[str, list[list[float]]]

    def days_gone(self, as_of: date) -> int:
        return max(0, min((as_of - self.starts_on).days + 1, self.days))


def forecast_tables(counting: Counting, as_of: datetime, zone: ZoneInfo) -> list[Table]:
    """The last forecast before the first contact, else the first one; without one both tables are empty."""
    kept = _kept(counting)
    gone = kept.days_gone(as_of.astimezone(zone).date()) if kept else 0
    if kept is None or not gone:
        return [Table("forecast", COLUMNS, ()), Table("forecast_days", DAY_COLUMNS, ())]
    facts = _facts(counting, kept, gone, zone)
    said = [name for name in FORECAST_MEASURES if name in kept.expected]
    rows = [_row(name, kept.expected[name][gone - 1], facts[name]) for name in said]
    last = kept.starts_on + timedelta(days=gone - 1)
    about = {"since": kept.starts_on.isoformat(), "until": last.isoformat(), "made": kept.made_at.isoformat()}
    by_week = replace(_by_week(counting, kept, gone, zone), about=about)
    return [Table("forecast", COLUMNS, tuple(rows), about=about), by_week]


def _kept(counting: Counting) -> _Kept | None:
    found = counting.one(
        """
        WITH told AS (SELECT MIN(first_told_at) AS at FROM counted)
        SELECT f.made_at, f.starts_on, f.days, f.assumptions, f.expected FROM campaign_forecast f, told
        WHERE f.policy_id = $policy
        ORDER BY CASE WHEN told.at IS NULL OR f.made_at <= told.at THEN 0 ELSE 1 END,
          CASE WHEN told.at IS NULL OR f.made_at <= told.at THEN -f.id ELSE f.id END LIMIT 1""",
        policy=counting.policy_id or "",
    )
    if not found:
        return None
    made_at, starts_on, days, assumptions, expected = found
    assumed: dict[str, Any] = json.loads(assumptions)
    a_text = assumed["text_parts"] * assumed["yuan_per_part"]
    # A forecast of an earlier version said nothing of calls.
    a_call = assumed.get("call_minutes", 0) * assumed.get("yuan_per_call_minute", 0)
    return _Kept(made_at, starts_on, days, a_text, a_call, json.loads(expected))


def _row(name: str, band: list[float], fact: float | None) -> tuple[Cell, ...]:
    low, estimate, high = band
    within = None if fact is None else "yes" if low <= fact <= high else "no"
    return (name, low, estimate, high, fact, within)


def _facts(counting: Counting, kept: _Kept, gone: int, zone: ZoneInfo) -> dict[str, float | None]:
    since, until = _instant(kept.starts_on, zone), _instant(kept.starts_on + timedelta(days=gone), zone)
    span = {"since": since, "until": until, "made": kept.made_at}
    mine = "m.opened_at <= $made"
    (contacts,) = counting.one(
        f"""SELECT COUNT(*) FROM report_told t JOIN counted m ON m.match_id = t.match_id
        WHERE {mine} AND t.told_at >= $since AND t.told_at < $until""",
        **span,
    )
    texts, calls, answered_calls = counting.one(
        """SELECT COUNT(*) FILTER (c.channel = 'sms'), COUNT(*) FILTER (c.channel = 'voice'),
          COUNT(*) FILTER (c.channel = 'voice' AND c.arrived = 1)
        FROM report_contact c JOIN campaign k ON k.id = c.campaign_id
        WHERE k.policy_id = $policy AND c.went_out = 1 AND c.purpose IN ('offer', 'reminder')
          AND c.sent_at >= $since AND c.sent_at < $until""",
        policy=counting.policy_id or "",
        since=since,
        until=until,
    )
    (surveys,) = counting.one(
        f"""SELECT COUNT(*) FROM survey_invitation i JOIN counted m ON m.match_id = i.match_id
        WHERE {mine} AND m.closed_at > $made AND i.invited_at >= $since AND i.invited_at < $until""",
        **span,
    )
    # What somebody writes when it is over, to a survey say, is no answer to the offer.
    (answered,) = counting.one(
        f"""SELECT COUNT(DISTINCT m.match_id) FROM counted m JOIN conversation v ON v.resident_id = m.resident_id
        JOIN message s ON s.conversation_id = v.id
        WHERE {mine} AND s.direction = 'in' AND s.at >= greatest(m.first_told_at, $since) AND s.at < $until
          AND (m.closed_at IS NULL OR s.at <= m.closed_at)""",
        **span,
    )
    (done,) = counting.one(_DONE.format(mine=mine), **span)
    visits, desk, complaints, due, late, busiest = counting.one(
        f"""WITH mine AS (SELECT c.* FROM report_case c JOIN counted m ON m.match_id = c.match_id
            WHERE {mine} AND c.opened_at >= $since AND c.opened_at < $until),
          visits AS (SELECT * FROM mine WHERE kind = 'home_visit')
        SELECT (SELECT COUNT(*) FROM visits),
          (SELECT COUNT(*) FROM mine WHERE kind NOT IN ('home_visit', 'complaint')),
          (SELECT COUNT(*) FROM mine WHERE kind = 'complaint'),
          (SELECT COUNT(*) FROM visits WHERE due_at < $until),
          (SELECT COUNT(*) FROM visits WHERE due_at < $until AND (resolved_at IS NULL OR resolved_at > due_at)),
          (SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM visits
            GROUP BY CAST(opened_at + INTERVAL {_offset_minutes(since, zone)} MINUTE AS DATE)))""",
        **span,
    )
    return {
        "contacts": contacts,
        "texts": texts,
        "text_cost": texts * kept.yuan_a_text,
        "calls": calls,
        "call_cost": answered_calls * kept.yuan_a_call,
        "surveys": surveys,
        "cost": (texts + surveys) * kept.yuan_a_text + answered_calls * kept.yuan_a_call,
        "answered": answered,
        "done": done,
        "home_visits": visits,
        "home_visits_a_day": visits / gone,
        "busiest_day": busiest or 0,
        "late_percent": 100 * late / due if due else None,
        "desk_cases": desk,
        "complaints": complaints,
    }


_DONE = """SELECT COUNT(*) FROM counted m WHERE {mine} AND m.done = 1
AND COALESCE(m.closed_at, m.state_changed_at) >= $since AND COALESCE(m.closed_at, m.state_changed_at) < $until"""


def _by_week(counting: Counting, kept: _Kept, gone: int, zone: ZoneInfo) -> Table:
    """Done at the end of each week; weeks still to come have no fact."""
    ends = sorted({*range(WEEK, kept.days + 1, WEEK), kept.days})
    since = _instant(kept.starts_on, zone)
    rows: list[tuple[Cell, ...]] = []
    for end in ends:
        fact = None
        if end <= gone:
            until = _instant(kept.starts_on + timedelta(days=end), zone)
            (fact,) = counting.one(
                _DONE.format(mine="m.opened_at <= $made"), since=since, until=until, made=kept.made_at
            )
        day = kept.starts_on + timedelta(days=end - 1)
        rows.append((day.isoformat(), *kept.expected["done"][end - 1], fact))
    return Table("forecast_days", DAY_COLUMNS, tuple(rows))


def _offset_minutes(at: datetime, zone: ZoneInfo) -> int:
    offset = at.replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta()
    return int(offset.total_seconds() // 60)


def _instant(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, as the snapshot has instants: UTC without saying so."""
    return datetime.combine(day, time.min, zone).astimezone(UTC).replace(tzinfo=None)
