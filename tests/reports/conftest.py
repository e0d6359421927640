from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest

from models.session import Sessions
from outreach_api.reports.build import build_report
from outreach_api.reports.listing import Filters
from outreach_api.reports.report import Kind, Report, Table
from outreach_api.web.console.report_links import Lists
from outreach_api.web.console.reports import Wanted
from tests.reports.town import POLICY, a_town

ZONE = ZoneInfo("Asia/Shanghai")


def followed(report: Report, table: Table, row: int, place: int) -> Filters:
    """What the link of a cell asks for."""
    address = Lists(report, ZONE, shown=True).of_cell(table, table.rows[row], place)
    assert address is not None
    return Wanted.model_validate(dict(parse_qsl(address.partition("?")[2], keep_blank_values=True))).filters()


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("town") / "town.db"


@pytest.fixture(scope="session")
def town(town_file: Path) -> Iterator[Sessions]:
    """Read by many tests, changed by none."""
    sessions = a_town(town_file)
    yield sessions
    sessions.engine.dispose()


@pytest.fixture(scope="session")
def report(town: Sessions) -> Report:
    return build_report(town, Kind.CAMPAIGN, zone=ZONE, policy_id=POLICY, names={POLICY: "高龄津贴"})
