from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from models.session import Sessions
from outreach_api.reports.build import build_report
from outreach_api.reports.report import Kind, Report
from tests.reports.town import POLICY, a_town

ZONE = ZoneInfo("Asia/Shanghai")


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
