"""Putting a report together: of one campaign since its start, or of a day or a week over all policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.session import Sessions
from outreach_api.reports.counting import Counting, ratio
from outreach_api.reports.forecast_table import forecast_tables
from outreach_api.reports.labour import labour, labour_minutes
from outreach_api.reports.report import Kind, Report, Table
from outreach_api.reports.snapshot import Snapshot, take_snapshot
from outreach_api.reports.suppression import suppress
from outreach_api.reports.survey_tables import response_table, results_table, satisfaction
from outreach_api.reports.uplift import uplift_table

YEAR = timedelta(days=365)
SPAN = {Kind.DAILY: timedelta(days=1), Kind.WEEKLY: timedelta(days=7)}


class NoSuchCampaign(LookupError):  # noqa: N818
    """Nothing was ever matched for this policy."""


def build_report(
    sessions: Sessions,
    kind: Kind,
    *,
    zone: ZoneInfo,
    policy_id: str | None = None,
    on: date | None = None,
    names: Mapping[str, str] | None = None,
    shows_small_cells: bool = True,
) -> Report:
    """The report as of the last thing that happened, or a daily or weekly one that ends with the day `on`.

    A reader without access to cases is shown no small cells.

    Raises:
        NoSuchCampaign: the policy has no matches.
    """
    with sessions.read() as session:
        minutes = labour_minutes(session)
    with take_snapshot(sessions) as con:
        report = _Build(con, zone, policy_id, minutes).report(kind, on)
    report = replace(report, names=names or {})
    return report if shows_small_cells else suppress(report)


class _Build:
    def __init__(self, con: Snapshot, zone: ZoneInfo, policy_id: str | None, minutes: Mapping[str, float]) -> None:
        self.con, self.zone, self.policy_id, self.minutes = con, zone, policy_id, minutes
        self.counting = Counting(con, policy_id)

    def report(self, kind: Kind, on: date | None) -> Report:
        first, last = self._span()
        if first is None or last is None:
            raise NoSuchCampaign(f"nothing was matched for {self.policy_id or 'any policy'} yet")
        last_day = last.astimezone(self.zone).date()
        if kind is Kind.CAMPAIGN:
            since, until = first.astimezone(self.zone).date(), last_day
        else:
            until = on or last_day
            since = until - SPAN[kind] + timedelta(days=1)
        figures, tables = self._content(kind, since, until, last)
        return Report(kind, last, since, until, self.policy_id, figures, {table.name: table for table in tables})

    def _span(self) -> tuple[datetime | None, datetime | None]:
        first, last = self.counting.one(
            "SELECT (SELECT MIN(opened_at) FROM counted), greatest((SELECT MAX(opened_at) FROM counted), "
            "(SELECT MAX(state_changed_at) FROM counted), (SELECT MAX(sent_at) FROM contact), "
            "(SELECT MAX(s.at) FROM message s), (SELECT MAX(opened_at) FROM report_case))"
        )
        return (first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)) if first else (None, None)

    def _content(
        self, kind: Kind, since: date, until: date, as_of: datetime
    ) -> tuple[dict[str, float | None], list[Table]]:
        start, end = self._instants(since, until)
        counting = self.counting
        matches = counting.matches()
        figures = matches | _rates(matches) | counting.unasked(start, end) | counting.talk(start, end)
        uptake_figures, uptake = self._uptake()
        minutes, labour_table = labour(counting, self.minutes, matches, start, end)
        tables = [
            counting.outcomes(),
            uptake,
            counting.by("policy", "policy_id"),
            counting.by("street", "street"),
            counting.by("community", "community"),
            counting.by("age_band", "age_band"),
            counting.by("channel", "CASE WHEN contacts = 0 THEN 'not_told' ELSE channel END"),
            counting.attribution(),
            counting.not_told(),
            counting.deliverability(start, end),
            counting.queue(start, end),
            counting.equity(),
            counting.confused(start, end),
            counting.curve(_offset_hours(end, self.zone)),
            self._year_on_year(since, until),
        ]
        if kind is Kind.CAMPAIGN:
            figures |= uptake_figures | minutes
            figures |= satisfaction(counting)
            tables += forecast_tables(counting, as_of, self.zone)
            tables += [labour_table, uplift_table(counting), response_table(counting), results_table(counting)]
        return figures, tables

    def _instants(self, since: date, until: date) -> tuple[datetime, datetime]:
        """The span in UTC, as the snapshot has instants: without saying so."""
        ends = (since, until + timedelta(days=1))
        first, last = (datetime.combine(day, time.min, self.zone).astimezone(UTC).replace(tzinfo=None) for day in ends)
        return first, last

    def _uptake(self) -> tuple[dict[str, float | None], Table]:
        """Before and now, over those eligible on the day of each policy's first matching."""
        rows = []
        sums = [0, 0, 0]
        for policy_id, eligible, newly, later in self._frozen():
            before, now = eligible - newly, eligible - newly + later
            rows.append((policy_id, eligible, ratio(before, eligible), ratio(now, eligible)))
            sums = [sums[0] + eligible, sums[1] + before, sums[2] + now]
        figures = {
            "eligible": sums[0] or None,
            "uptake_before": ratio(sums[1], sums[0]),
            "uptake_now": ratio(sums[2], sums[0]),
        }
        table = Table("uptake", ("policy", "people", "before", "after"), tuple(rows))
        return figures, table

    def _frozen(self) -> list[tuple[str, int, int, int]]:
        found: dict[str, tuple[str, int, int, int]] = {}
        for created_at, counts in self.con.execute('SELECT created_at, counts FROM "snapshot" ORDER BY id').fetchall():
            for policy_id, counted in json.loads(counts or "{}").items():
                if policy_id in found or self.policy_id not in (None, policy_id):
                    continue
                (later,) = self.counting.one(
                    "SELECT COUNT(*) FROM counted WHERE policy_id = $one AND opened_at <= $at "
                    "AND (done = 1 OR state = 'already_enrolled')",
                    one=policy_id,
                    at=created_at,
                )
                found[policy_id] = (policy_id, counted["eligible"], counted["newly_matched"], later)
        return [found[policy_id] for policy_id in sorted(found)]

    def _year_on_year(self, since: date, until: date) -> Table:
        now = self.counting.said_yes(*self._instants(since, until))
        before = self.counting.said_yes(*self._instants(since - YEAR, until - YEAR))
        was_at_work = any(before.values())
        rows = tuple(
            (name, value, before[name] if was_at_work else None, ratio(value - before[name], before[name]))
            for name, value in now.items()
        )
        return Table("year_on_year", ("figure", "now", "year_before", "change"), rows)


def _rates(matches: Mapping[str, float | None]) -> dict[str, float | None]:
    return {
        "told_rate": ratio(matches["told"], matches["newly_matched"]),
        "arrived_rate": ratio(matches["arrived"], matches["told"]),
        "answer_rate": ratio(matches["answered"], matches["arrived"]),
        "interest_rate": ratio(matches["interested"], matches["told"]),
        "done_rate": ratio(matches["done"], matches["newly_matched"]),
        "contacts_per_done": ratio(matches["person_times"], matches["done"]),
    }


def _offset_hours(at: datetime, zone: ZoneInfo) -> int:
    offset = at.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return int((offset or timedelta()).total_seconds() // 3600)
