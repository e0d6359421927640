"""The list behind a figure has as many rows as the figure says, and shows nobody in full."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pyarrow.parquet
import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from models.resident import Resident
from models.session import Sessions
from outreach_api.reports.definitions import COLUMNS, Unit
from outreach_api.reports.export import Form, write_list
from outreach_api.reports.listing import Filters, count_rows, page_of, put_list
from outreach_api.reports.lists import BEHIND, COUNTED, HEADINGS, KINDS, Of
from outreach_api.reports.phases import Phase
from outreach_api.reports.report import Report
from outreach_api.reports.snapshot import take_snapshot
from outreach_api.web.console.report_links import CELL_FIGURE, ROW_CELLS, Lists
from outreach_api.web.console.reports import Wanted
from tests.reports.conftest import ZONE
from tests.reports.town import POLICY, RESIDENTS, a_town

COUNTS = {name for name, (_, _, unit) in COLUMNS.items() if unit is Unit.COUNT} | {"now", "year_before"}


def _behind(report: Report, figure: str) -> Filters:
    """The list of a figure over the report's span."""
    since, until = (
        datetime.combine(day, time.min, ZONE).astimezone(UTC).replace(tzinfo=None)
        for day in (report.since, report.until + timedelta(days=1))
    )
    return Filters(policy=POLICY, figure=figure, since=since, until=until)


def _followed(address: str) -> Filters:
    return Wanted.model_validate(dict(parse_qsl(address.partition("?")[2], keep_blank_values=True))).filters()


def test_a_list_is_as_long_as_its_figure(town: Sessions, report: Report) -> None:
    with take_snapshot(town) as con:
        for figure in COUNTED:
            assert count_rows(con, _behind(report, figure)) == report.figures[figure]
        for row in report.tables["by_community"].dicts():
            filters = Filters(policy=POLICY, phase=Phase.DONE, groups={"community": str(row["community"])})
            assert count_rows(con, filters) == row["done"]


def test_every_figure_has_its_list(report: Report) -> None:
    assert set(report.figures) <= set(BEHIND)


def test_every_link_of_a_table_leads_to_as_many_rows_as_the_cell_says(town: Sessions, report: Report) -> None:
    lists = Lists(report, ZONE, shown=True)
    followed = Counter[str]()
    with take_snapshot(town) as con:
        for table in report.tables.values():
            for row in table.rows:
                for place, cell in enumerate(row):
                    address = lists.of_cell(table, row, place)
                    if address is not None and cell is not None:
                        rows = count_rows(con, _followed(address))
                        if table.columns[place] in COUNTS and table.name != "uptake":
                            assert rows == cell, (table.name, row, table.columns[place])
                        elif table.columns[place] == "rate":
                            assert rows == float(row[table.columns.index("newly_matched")] or 0) * float(cell)
                        followed[table.name] += 1
    # The town has no surveys, no phases and no forecast; those have tests of their own.
    elsewhere = {"survey_response", "survey_results", "uplift", "forecast", "forecast_days"}
    assert set(followed) >= {*CELL_FIGURE, *ROW_CELLS} - elsewhere


def test_each_list_can_be_shown_and_taken(town: Sessions, report: Report) -> None:
    with take_snapshot(town) as con:
        for figure in ("done", "sent", "inbound", "handover_rate", "opt_outs", "cases_opened", "surveyed", "drawn"):
            filters = _behind(report, figure)
            page = page_of(con, town, filters, start=0, rows=5)
            assert len(page) == min(5, count_rows(con, filters))
            assert all(set(row) == set(filters.kind.columns) <= set(HEADINGS) for row in page)
            assert all(row["name"] in ("", "陈*") for row in page)


def test_a_value_of_a_filter_is_never_part_of_the_query(town: Sessions) -> None:
    with take_snapshot(town) as con:
        assert count_rows(con, Filters(groups={"community": "' OR 1=1 --", "1=1; --": "x"})) == 0


def test_a_page_is_masked(town: Sessions) -> None:
    with take_snapshot(town) as con:
        page = page_of(con, town, Filters(policy=POLICY), start=0, rows=20)
    assert len(page) == 20
    assert all(row["name"] == "陈*" and "****" in row["phone"] for row in page)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Form, Path]:
    folder = tmp_path_factory.mktemp("files")
    sessions = a_town(folder / "evil.db")
    with sessions.write() as session:
        first = session.scalars(select(Resident).order_by(Resident.id).limit(1)).one()
        first.community = '=HYPERLINK("http://x","<点我>")'
    made = {form: folder / f"list.{form.value}" for form in Form}
    with take_snapshot(sessions) as con:
        assert put_list(con, sessions, Filters(policy=POLICY)) == RESIDENTS
        for form, path in made.items():
            write_list(con, path, form, zh=True)
    sessions.engine.dispose()
    return made


def test_the_csv_opens_in_excel_and_calculates_nothing(files: dict[Form, Path]) -> None:
    assert files[Form.CSV].read_bytes().startswith("\ufeff编号".encode())
    rows = list(csv.DictReader(files[Form.CSV].read_text("utf-8-sig").splitlines()))
    assert len(rows) == RESIDENTS
    assert rows[0]["社区"] == '\'=HYPERLINK("http://x","<点我>")'
    assert {row["姓名"] for row in rows} == {"陈*"}


def test_the_spreadsheet_is_whole_and_calculates_nothing(files: dict[Form, Path]) -> None:
    sheet = load_workbook(files[Form.XLSX]).active
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == RESIDENTS + 1
    assert rows[1][5] == '\'=HYPERLINK("http://x","<点我>")'
    assert isinstance(rows[1][0], int)


def test_the_parquet_file_has_the_same_rows(files: dict[Form, Path]) -> None:
    table = pyarrow.parquet.read_table(files[Form.PARQUET])
    assert tuple(table.column_names) == KINDS[Of.MATCHES].columns
    assert table.num_rows == RESIDENTS
