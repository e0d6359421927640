"""A forecast is kept as it was said, and the report holds it against what came of the same people and days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.contact import Campaign, Contact
from models.match import Match
from models.report import CampaignForecast
from models.session import Sessions
from models.survey import Survey, SurveyInvitation
from models.vocabulary import CaseKind, Channel, ContactState, MatchState
from outreach_api.forecasts.forecast import Forecast, NobodyToForecast, band, forecast, keep_forecast
from outreach_api.reports.build import build_report
from outreach_api.reports.definitions import FORECAST_MEASURES
from outreach_api.reports.listing import count_rows
from outreach_api.reports.report import Kind, Report
from outreach_api.reports.snapshot import take_snapshot
from outreach_api.reports.suppression import suppress
from outreach_api.settings import ROOT
from outreach_api.surveys.planning import Sample
from scheduler.policies.load import load_cards
from tests.builders import a_case, a_contact, a_match
from tests.forecasts.conftest import MORNING, POLICY, RESIDENTS
from tests.reports.conftest import followed

ZONE = ZoneInfo("Asia/Shanghai")
SEEDS = 20
COUNTED = {"contacts", "texts", "calls", "answered", "done", "home_visits", "desk_cases", "complaints", "surveys", None}
DAYS = 14


def _forecast(sessions: Sessions, policy: str = POLICY) -> Forecast:
    cards = load_cards(ROOT / "policies")
    (made,) = forecast(sessions, [policy], now=MORNING, cards=cards, channels=[Channel.SMS], days=DAYS, seeds=SEEDS)
    return made


def _report(sessions: Sessions) -> Report:
    return build_report(sessions, Kind.CAMPAIGN, zone=ZONE, policy_id=POLICY)


def a_survey(session: Session, **sample: Any) -> Survey:
    survey = Survey(
        name="回访",
        questionnaire="after-service",
        version=1,
        sample=Sample.model_validate(sample).model_dump(mode="json"),
        starts_on=MORNING.date(),
    )
    session.add(survey)
    session.flush()
    return survey


def _live(sessions: Sessions) -> None:
    """Twelve are told on the first day, ten of them go to the hall; one gets a visit that comes too late."""
    with sessions.write() as session:
        matches = session.scalars(select(Match).order_by(Match.id).limit(12)).all()
        for match in matches:
            at = MORNING + timedelta(hours=2)
            a_contact(session, match, state=ContactState.DELIVERED, due_at=at, sent_at=at)
        for match in matches[:10]:
            match.state, match.closed_at = MatchState.APPLIED_AT_HALL, MORNING + timedelta(days=3)
            match.state_changed_at = match.closed_at
        campaign = session.scalars(select(Campaign)).one()
        for number, contact in enumerate(session.scalars(select(Contact).order_by(Contact.id))):
            contact.campaign_id = campaign.id
            if number < 2:
                contact.channel, contact.state = Channel.VOICE, (ContactState.ANSWERED, ContactState.BUSY)[number]
        survey = a_survey(session)
        session.add(
            SurveyInvitation(
                survey_id=survey.id,
                resident_id=matches[0].resident_id,
                match_id=matches[0].id,
                policy_id=POLICY,
                stratum=POLICY,
                framed_at=MORNING,
                invited_at=MORNING + timedelta(days=5),
            )
        )
        a_case(session, matches[0], kind=CaseKind.COMPLAINT, now=MORNING + timedelta(days=5))
        late = a_case(session, matches[11], now=MORNING + timedelta(days=1))
        late.resolved_at = late.due_at + timedelta(days=2)
        # Somebody who was not there when it was forecast is none of its business.
        later = a_match(session, opened_at=MORNING + timedelta(days=5))
        a_contact(session, later, state=ContactState.DELIVERED, sent_at=MORNING + timedelta(days=6))


def test_bands_leave_a_twentieth_out() -> None:
    assert band(range(1001)) == (25, 500, 975)
    assert band([3.0]) == (3.0, 3.0, 3.0)


def test_nobody_to_forecast_is_said(street: Sessions) -> None:
    with pytest.raises(NobodyToForecast):
        _forecast(street, "elderly-health-check")


def test_every_measure_has_a_band_for_every_day(street: Sessions) -> None:
    made = _forecast(street)
    assert made.matches == RESIDENTS
    assert set(made.expected) == set(FORECAST_MEASURES)
    for bands in made.expected.values():
        assert len(bands) == DAYS
        assert all(low <= middle <= high for low, middle, high in bands)
    contacts = [middle for _, middle, _ in made.expected["contacts"]]
    assert contacts == sorted(contacts)


def test_the_report_holds_it_against_the_facts(street: Sessions) -> None:
    assert not _report(street).tables["forecast"].rows
    with street.write() as session:
        keep_forecast(session, _forecast(street), by="terminal", now=MORNING)
    _live(street)
    rows = {row["measure"]: row for row in _report(street).tables["forecast"].dicts()}
    assert rows["contacts"]["fact"] == 12
    assert rows["done"]["fact"] == 10
    assert (rows["home_visits"]["fact"], rows["busiest_day"]["fact"]) == (1, 1)
    assert rows["late_percent"]["fact"] == 100
    assert (rows["surveys"]["fact"], rows["complaints"]["fact"], rows["calls"]["fact"]) == (1, 1, 2)
    assert rows["call_cost"]["fact"] == pytest.approx(0.225)
    assert rows["cost"]["fact"] == pytest.approx(0.1 * (10 + 1) + 0.225)
    for row in rows.values():
        low, fact, high = (float(row[name] or 0) for name in ("low", "fact", "high"))
        assert row["within"] == ("yes" if low <= fact <= high else "no")
    report = _report(street)
    with take_snapshot(street) as con:
        for name in ("forecast", "forecast_days"):
            table = report.tables[name]
            for number, row in enumerate(table.dicts()):
                if row["fact"] and row.get("measure") in COUNTED:
                    found = count_rows(con, followed(report, table, number, table.columns.index("fact")))
                    assert found == row["fact"], row
    days = report.tables["forecast_days"].dicts()
    assert [row["day"] for row in days] == ["2026-09-07", "2026-09-14"]
    assert [row["fact"] for row in days] == [10, None]


def test_those_served_are_asked_as_the_surveys_that_run_say(street: Sessions) -> None:
    silent = _forecast(street).expected["surveys"]
    with street.write() as session:
        a_survey(session, after_days=0, take="random", each=3)
    asked = _forecast(street).expected["surveys"]
    assert silent[-1] == (0, 0, 0)
    assert 0 < asked[-1][1] <= asked[-1][2] <= 3


def test_a_forecast_made_afterwards_does_not_stand_for_one_made_before(street: Sessions) -> None:
    made = _forecast(street)
    with street.write() as session:
        keep_forecast(session, made, by="terminal", now=MORNING)
    _live(street)
    with street.write() as session:
        better = keep_forecast(session, made, by="terminal", now=MORNING + timedelta(days=7))
        better.expected = better.expected | {"done": [[10, 10, 10]] * DAYS}
    rows = {row["measure"]: row for row in _report(street).tables["forecast"].dicts()}
    assert rows["done"]["high"] == pytest.approx(made.expected["done"][6][2], abs=0.01)
    with street.read() as session:
        assert len(session.scalars(select(CampaignForecast)).all()) == 2


def test_small_facts_are_withheld_and_what_was_expected_is_not(street: Sessions) -> None:
    with street.write() as session:
        keep_forecast(session, _forecast(street), by="terminal", now=MORNING)
    _live(street)
    report = suppress(_report(street))
    rows = {row["measure"]: row for row in report.tables["forecast"].dicts()}
    assert rows["home_visits"]["fact"] is None
    assert rows["home_visits"]["within"] is None
    assert rows["home_visits"]["high"] is not None
    assert "forecast_days" not in report.tables
