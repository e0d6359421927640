"""Where a figure or a cell of a report leads: the masked list of what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from outreach_api.reports.build import YEAR
from outreach_api.reports.lists import BEHIND, has_span
from outreach_api.reports.phases import Phase
from outreach_api.reports.report import Cell, Report, Table

# Table → the filter that its first column is.
ROW_FILTER = {
    "by_policy": "policy", "by_street": "street", "by_community": "community", "by_age_band": "age_band",
    "by_channel": "channel", "outcomes": "state", "attribution": "application_channel", "not_told": "reason",
    "queue": "kind", "survey_response": "stratum", "uptake": "policy",
}  # fmt: skip
# Table → column → the figure (of `lists.py`) that the column counts, or whose share it is.
CELL_FIGURE: dict[str, dict[str, str | None]] = {
    "outcomes": {"count": None, "share": None},
    "attribution": {"count": "done", "share": "done"},
    "not_told": {"count": "not_told"},
    "queue": {
        "opened": "cases_opened", "taken": "cases_taken", "settled": "cases_settled", "settled_rate": "cases_settled",
        "on_time": "cases_on_time", "on_time_rate": "cases_on_time", "reopened": "cases_reopened",
    },
    "equity": {"newly_matched": None, "done": "done", "rate": "done", "missing": "missing", "missing_rate": "missing"},
    "deliverability": {"count": "contacts"},
    "confused": {"count": "confused"},
    "survey_response": {
        "people": "framed", "drawn": "drawn", "invited": "invited", "responded": "responded",
        "response_rate": "responded",
    },
    "survey_results": {"count": "answers", "share": "answers", "weighted": "answers"},
    "uptake": {"people": "eligible", "before": "uptake_before", "after": "uptake_now"},
    "curve": {"told": "told_then", "done": "done_by_then", "cumulative": "done_by_then"},
    "uplift": {
        "treated": "step_treated", "treated_rate": "step_treated_done", "waiting_group": "step_waiting",
        "waiting_rate": "step_waiting_done",
    },
    "forecast_days": {"fact": "fact_done"},
}  # fmt: skip
# Where the row says what is counted: table → its first column → the figure.
ROW_FIGURE: dict[str, dict[str, str]] = {
    "year_on_year": {"newly_matched": "matched_then", "interested": "willing_then", "done": "closed_done_then"},
    "labour": {"text": "person_times", "visit": "visits", "manual": "newly_matched"},
    "forecast": {
        "contacts": "fact_contacts", "texts": "fact_texts", "text_cost": "fact_texts", "answered": "fact_answered",
        "calls": "fact_calls", "call_cost": "fact_calls", "surveys": "fact_surveys", "complaints": "fact_complaints",
        "cost": "fact_contacts",
        "done": "fact_done", "home_visits": "fact_home_visits", "home_visits_a_day": "fact_home_visits",
        "busiest_day": "fact_home_visits", "late_percent": "fact_late", "desk_cases": "fact_desk_cases",
    },
}  # fmt: skip
ROW_CELLS = {"year_on_year": ("now", "year_before"), "labour": ("units", "minutes"), "forecast": ("fact",)}
# Tables in which more than the first column names the row.
NAMED_BY = {
    "deliverability": {"channel": "channel", "carrier": "carrier", "state": "contact_state", "cause": "cause"},
    "confused": {"intent": "intent", "rival": "rival"},
    "survey_results": {"question": "question", "answer": "answer"},
    "uplift": {"phase": "step"},
}
# Tables whose rows stand for a time, not for a group.
OF_TIMES = frozenset({"curve", "year_on_year", "labour", "forecast", "forecast_days"})


@dataclass(frozen=True)
class Lists:
    """Addresses of lists for a reader; none for one who may not see them."""

    report: Report
    zone: ZoneInfo
    shown: bool

    def of_figure(self, name: str) -> str | None:
        return self._address({"figure": name}) if self.shown and name in BEHIND else None

    def of_cell(self, table: Table, row: tuple[Cell, ...], place: int) -> str | None:
        column = table.columns[place]
        if not self.shown or not self._is_counted(table, column):
            return None
        chosen = self._row(table, row)
        if table.name in ROW_CELLS:
            chosen |= self._of_row(table, str(row[0]))
        elif table.name in CELL_FIGURE:
            figure = CELL_FIGURE[table.name][column]
            chosen |= {"figure": figure} if figure else {}
        elif column == "rate":
            chosen |= {"figure": "done"}
        else:
            chosen |= {"phase": column} if column in set(Phase) else {}
        if table.name == "uplift" and row[0] == "all":
            return None
        return self._address(chosen, self._span(table, row, column))

    def _is_counted(self, table: Table, column: str) -> bool:
        if table.name in ROW_CELLS:
            return column in ROW_CELLS[table.name]
        if table.name in CELL_FIGURE:
            return column in CELL_FIGURE[table.name]
        return table.name in ROW_FILTER and (column in ("newly_matched", "rate") or column in set(Phase))

    def _row(self, table: Table, row: tuple[Cell, ...]) -> dict[str, str]:
        made = {"made": table.about["made"]} if "made" in table.about else {}
        if table.name in OF_TIMES:
            return made
        if table.name == "equity":
            return {str(row[0]): str(row[1] or "")}
        named = NAMED_BY.get(table.name) or {table.columns[0]: ROW_FILTER[table.name]}
        return {name: str(row[table.columns.index(column)] or "") for column, name in named.items()}

    def _of_row(self, table: Table, named: str) -> dict[str, str]:
        figures = ROW_FIGURE[table.name]
        # What labour does not name otherwise are cases of a kind.
        return {"figure": figures[named]} if named in figures else {"figure": "cases_taken", "kind": named}

    def _span(self, table: Table, row: tuple[Cell, ...], column: str) -> tuple[datetime, datetime]:
        """The time that a cell is about: the report's span, but where the table has one of its own."""
        since, until = self.report.since, self.report.until
        if column == "year_before":
            since, until = since - YEAR, until - YEAR
        elif table.name == "curve":
            until = date.fromisoformat(str(row[0]))
            since = until if column != "cumulative" else date.fromisoformat(str(table.rows[0][0]))
        elif "since" in table.about:
            since = date.fromisoformat(table.about["since"])
            ends = str(row[0]) if table.name == "forecast_days" else table.about["until"]
            until = date.fromisoformat(ends)
        return self._instants(since, until)

    def _instants(self, since: date, until: date) -> tuple[datetime, datetime]:
        """The days in UTC, as the snapshot has instants: without saying so."""
        ends = (since, until + timedelta(days=1))
        first, last = (datetime.combine(day, time.min, self.zone).astimezone(UTC).replace(tzinfo=None) for day in ends)
        return first, last

    def _address(self, chosen: dict[str, str], span: tuple[datetime, datetime] | None = None) -> str:
        """Lists of what happened hold a span; matches are counted as they stand."""
        whole = ({"policy": self.report.policy_id} if self.report.policy_id else {}) | chosen
        if has_span(chosen.get("figure")):
            ends = span or self._instants(self.report.since, self.report.until)
            whole |= {name: at.isoformat() for name, at in zip(("since", "until"), ends, strict=True)}
        return "/reports/list?" + urlencode(whole)
