"""A report's figures are those of an independent recount from the raw tables, and its funnel sums at every level."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from models.chat import ChatLink, ChatVisit
from models.event import AuditEntry
from models.policy import PolicyVersion
from models.session import Sessions
from models.vocabulary import ContactState, MatchState
from outreach_api.reports.build import NoSuchCampaign, build_report
from outreach_api.reports.definitions import COLUMNS, FIGURES, TABLES
from outreach_api.reports.labour import labour_minutes, set_minutes
from outreach_api.reports.names import policy_names
from outreach_api.reports.report import Kind, Report
from tests.builders import NOON, a_contact, a_database, a_match
from tests.reports.conftest import ZONE
from tests.reports.recount import recount
from tests.reports.town import POLICY, RESIDENTS


@pytest.mark.sqlite_file
def test_every_figure_is_that_of_the_recount(report: Report, town_file: Path) -> None:
    for name, value in recount(town_file, POLICY).figures.items():
        assert report.figures[name] == pytest.approx(value), name
    assert report.figures["newly_matched"] == RESIDENTS


@pytest.mark.sqlite_file
def test_tables_are_those_of_the_recount(report: Report, town_file: Path) -> None:
    again = recount(town_file, POLICY)
    assert {row[0]: row[1] for row in report.tables["outcomes"].rows} == again.outcomes
    assert {row[0]: row[1] for row in report.tables["by_age_band"].rows} == again.age_bands
    assert {row[0]: row[1] for row in report.tables["not_told"].rows} == again.not_told
    assert {row[0]: row[1] for row in report.tables["attribution"].rows} == again.attribution
    for row in report.tables["by_community"].dicts():
        counted = again.communities[str(row["community"])]
        assert {phase: row[phase] for phase in report.tables["by_community"].additive} == {
            phase: counted[phase] for phase in report.tables["by_community"].additive
        }
    for row in report.tables["queue"].dicts():
        counted = again.queue[str(row["kind"])]
        assert {name: row[name] for name in ("opened", "settled", "on_time")} == dict(counted)
    told = {(row[0], row[2], row[3]): row[4] for row in report.tables["deliverability"].rows}
    assert told == again.deliverability


@pytest.mark.parametrize("name", ["by_policy", "by_street", "by_community", "by_age_band", "by_channel"])
def test_exclusive_phases_sum_to_newly_matched_at_every_level(report: Report, name: str) -> None:
    table = report.tables[name]
    for row in table.dicts():
        assert sum(int(row[phase] or 0) for phase in table.additive) == row["newly_matched"]
    assert sum(int(n or 0) for n in table.column("newly_matched")) == RESIDENTS


def test_outcomes_and_reasons_sum(report: Report) -> None:
    assert report.tables["outcomes"].sums == (None, RESIDENTS, None)
    sums = report.tables["not_told"].sums
    assert sums is not None
    assert sums[1] == report.figures["not_told"]


def test_a_daily_report_counts_one_day_and_a_week_at_least_as_much(town: Sessions, report: Report) -> None:
    on = report.since
    day = build_report(town, Kind.DAILY, zone=ZONE, on=on)
    week = build_report(town, Kind.WEEKLY, zone=ZONE, on=on)
    assert (day.since, day.until) == (on, on)
    assert (week.until - week.since).days == 6
    for name in ("sent", "inbound", "cases_opened"):
        assert 0 < (day.figures[name] or 0) <= (week.figures[name] or 0)


def test_a_year_without_data_is_not_compared(report: Report) -> None:
    assert {row[3] for row in report.tables["year_on_year"].rows} == {None}


def test_everything_shown_has_a_name_and_a_definition(report: Report) -> None:
    assert set(report.figures) <= set(FIGURES)
    assert set(report.tables) <= set(TABLES)
    assert {column for table in report.tables.values() for column in table.columns} <= set(COLUMNS)


def test_a_policy_without_matches_has_no_report(town: Sessions) -> None:
    with pytest.raises(NoSuchCampaign):
        build_report(town, Kind.CAMPAIGN, zone=ZONE, policy_id="no-such-policy")


def test_labour_counts_the_minutes_that_staff_set(report: Report) -> None:
    steps = {row[0]: row for row in report.tables["labour"].rows}
    assert steps["visit"][2] == 30
    assert steps["manual"][1] == RESIDENTS


def test_minutes_per_step_are_changed_on_the_record(tmp_path: Path) -> None:
    sessions = a_database(f"sqlite:///{tmp_path}/minutes.db")
    with sessions.write() as session:
        set_minutes(session, {"visit": 30}, by="staff:1", now=NOON)
        assert set_minutes(session, {"human": 5}, by="staff:1", now=NOON) == labour_minutes(session)
        assert (labour_minutes(session)["visit"], labour_minutes(session)["human"]) == (30, 5)
        assert [entry.facts for entry in session.scalars(select(AuditEntry))] == [{"visit": 30}, {"human": 5}]
        with pytest.raises(ValueError, match="no step 'tea'"):
            set_minutes(session, {"tea": 5}, by="staff:1", now=NOON)


def test_a_page_that_was_opened_and_a_notice_in_wechat_are_chat(tmp_path: Path) -> None:
    sessions = a_database(f"sqlite:///{tmp_path}/chat.db")
    later = NOON + timedelta(hours=2)
    with sessions.write() as session:
        texted, opened, opened_before, noticed = (a_match(session) for _ in range(4))
        for match in (texted, opened, opened_before):
            a_contact(session, match, state=ContactState.DELIVERED, sent_at=NOON)
        a_contact(session, noticed, state=ContactState.ACCEPTED, sent_at=NOON, provider="wechat_notice")
        a_match(session, state=MatchState.NEW)
        for match, at in ((opened, later), (opened_before, NOON - timedelta(days=1))):
            phone_id = match.resident.phones[0].phone_id
            link = ChatLink(token_hash=f"link{match.id}", resident_id=match.resident_id, phone_id=phone_id)
            link.created_at, link.created_by, link.expires_at = NOON, "system", later
            session.add(link)
            session.flush()
            visit = ChatVisit(link_id=link.id, secret_hash=f"page{match.id}", opened_at=at, expires_at=at, seen_at=at)
            session.add(visit)
    report = build_report(sessions, Kind.CAMPAIGN, zone=ZONE, policy_id=POLICY)
    assert {row[0]: row[1] for row in report.tables["by_channel"].rows} == {"sms": 2, "chat": 2, "not_told": 1}
    told = {(row[0], row[1]): row[4] for row in report.tables["deliverability"].rows}
    assert told == {("sms", ""): 3, ("chat", "wechat_notice"): 1}


def test_names_are_those_of_the_cards_kept_with_the_decisions(tmp_path: Path) -> None:
    sessions = a_database(f"sqlite:///{tmp_path}/names.db")
    with sessions.write() as session:
        for version, name in (("1", "高龄津贴"), ("2", "高龄老人津贴")):
            kept = {"id": POLICY, "short_name": name}
            session.add(
                PolicyVersion(policy_id=POLICY, version=version, rule_digest=version, card=kept, first_used_at=NOON)
            )
    with sessions.read() as session:
        assert policy_names(session) == {POLICY: "高龄老人津贴"}
