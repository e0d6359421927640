"""The views for BI tools give on the operational database what the report counts in its snapshot."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, text

from models import migrate
from models.report_views import VIEWS
from models.session import Sessions, make_engine
from models.tables import metadata
from outreach_api.reports.build import build_report
from outreach_api.reports.report import Kind, Report
from tests.reports.conftest import ZONE
from tests.reports.town import POLICY

SENSITIVE = {"name", "phone", "id_number", "address", "text", "number", "variables", "summary", "note"}


def test_a_view_counts_what_the_report_counts(town: Sessions, report: Report) -> None:
    with town.read() as session:
        query = text("SELECT COUNT(*), SUM(done), SUM(contacts) FROM report_match WHERE policy_id = :policy")
        counted = session.execute(query, {"policy": POLICY}).one()
    assert tuple(counted) == tuple(report.figures[name] for name in ("newly_matched", "done", "person_times"))


def test_no_view_shows_anything_personal(town: Sessions) -> None:
    with town.read() as session:
        for name in VIEWS:
            assert not {column["name"] for column in inspect(session.connection()).get_columns(name)} & SENSITIVE


def test_an_upgrade_brings_the_views_and_leaves_them_at_the_second_start(tmp_path: object) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/new.db")
    for _ in range(2):
        migrate.upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM report_match")) == 0
    migrate.check(engine)
    engine.dispose()


@pytest.mark.postgres
def test_postgres_gives_the_same_report(town: Sessions, postgres_url: str, report: Report) -> None:
    engine = make_engine(postgres_url)
    migrate.upgrade(engine)
    with town.engine.connect() as source, engine.begin() as target:
        for table in metadata.sorted_tables:
            rows = [dict(row._mapping) for row in source.execute(table.select())]
            if rows:
                target.execute(table.insert(), rows)
    again = build_report(Sessions(engine), Kind.CAMPAIGN, zone=ZONE, policy_id=POLICY, names=report.names)
    engine.dispose()
    assert again.figures == report.figures
    assert again.tables == report.tables
