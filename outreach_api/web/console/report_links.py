"""Where a figure or a cell of a report leads: the masked list of what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from outreach_api.reports.lists import BEHIND, kind_of
from outreach_api.reports.phases import Phase
from outreach_api.reports.report import Cell, Report, Table

# Table → the filter that its first column is.
ROW_FILTER = {
    "by_policy": "policy", "by_street": "street", "by_community": "community", "by_age_band": "age_band",
    "by_channel": "channel", "outcomes": "state", "attribution": "application_channel", "not_told": "reason",
    "queue": "kind", "survey_response": "stratum",
}  # fmt: skip
# Table → column → the figure (of `lists.py`) that the column counts.
CELL_FIGURE: dict[str, dict[str, str | None]] = {
    "outcomes": {"count": None},
    "attribution": {"count": "done"},
    "not_told": {"count": "not_told"},
    "queue": {
        "opened": "cases_opened", "taken": "cases_taken", "settled": "cases_settled", "on_time": "cases_on_time",
        "reopened": "cases_reopened",
    },
    "equity": {"newly_matched": None, "done": "done", "missing": "missing"},
    "deliverability": {"count": "contacts"},
    "confused": {"count": "confused"},
    "survey_response": {"people": "framed", "drawn": "drawn", "invited": "invited", "responded": "responded"},
    "survey_results": {"count": "answers"},
}  # fmt: skip
# Tables in which more than the first column names the row.
NAMED_BY = {
    "deliverability": {"channel": "channel", "carrier": "carrier", "state": "contact_state", "cause": "cause"},
    "confused": {"intent": "intent", "rival": "rival"},
    "survey_results": {"question": "question", "answer": "answer"},
}


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
        figures = CELL_FIGURE.get(table.name)
        if not self.shown or not self._is_counted(table, column):
            return None
        chosen = self._row(table, row)
        if figures is None:
            return self._address(chosen | ({"phase": column} if column in set(Phase) else {}))
        figure = figures[column]
        return self._address(chosen | ({"figure": figure} if figure else {}))

    def _is_counted(self, table: Table, column: str) -> bool:
        if table.name in CELL_FIGURE:
            return column in CELL_FIGURE[table.name]
        return table.name in ROW_FILTER and (column == "newly_matched" or column in set(Phase))

    def _row(self, table: Table, row: tuple[Cell, ...]) -> dict[str, str]:
        if table.name == "equity":
            return {str(row[0]): str(row[1] or "")}
        named = NAMED_BY.get(table.name) or {table.columns[0]: ROW_FILTER[table.name]}
        return {name: str(row[table.columns.index(column)] or "") for column, name in named.items()}

    def _address(self, chosen: dict[str, str]) -> str:
        """Lists of what happened hold the report's span; matches are counted as they stand."""
        whole = ({"policy": self.report.policy_id} if self.report.policy_id else {}) | chosen
        if kind_of(chosen.get("figure")).spans:
            ends = (("since", self.report.since), ("until", self.report.until + timedelta(days=1)))
            instants = {name: datetime.combine(day, time.min, self.zone).astimezone(UTC) for name, day in ends}
            whole |= {name: at.replace(tzinfo=None).isoformat() for name, at in instants.items()}
        return "/reports/list?" + urlencode(whole)
