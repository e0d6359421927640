from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from models.contact import Campaign, Contact
from models.event import AuditEntry
from models.resident import Phone, Resident
from models.transitions import UnlawfulTransition
from models.vocabulary import CampaignState, ContactState, MatchState, PhoneState, Refusal, StopReason, Waiver
from scheduler.planning.campaigns import (
    CampaignDraft,
    CampaignRefused,
    approve_campaign,
    campaign_list,
    change_campaign,
    create_campaign,
    start_campaign,
    stop_campaign,
)
from scheduler.planning.preview import Preview, preview
from scheduler.planning.stops import StopScope, place_stop
from tests.planning.street import EIGHT, OTHER_POLICY, POLICY, ACard, Street

ANN, BEN = "staff:1", "staff:2"


def a_draft(**values: Any) -> CampaignDraft:
    usual = CampaignDraft(name="体检", policy_id=OTHER_POLICY, daily_cap=50, starts_on=date(2026, 9, 1))
    return replace(usual, **values)


def test_nothing_goes_out_before_a_second_person_approved_and_it_was_started(street: Street) -> None:
    street.matched(OTHER_POLICY)
    with street.sessions.write() as session:
        campaign = create_campaign(session, a_draft(), by=ANN, now=EIGHT)
        with pytest.raises(CampaignRefused, match="second person"):
            start_campaign(session, campaign, by=ANN, now=EIGHT)
        with pytest.raises(CampaignRefused, match="not the one who drew it up"):
            approve_campaign(session, campaign, by=ANN, now=EIGHT)
    assert street.plan().contacts == 0
    with street.sessions.write() as session:
        campaign = session.get_one(Campaign, campaign.id)
        approve_campaign(session, campaign, by=BEN, now=EIGHT)
        start_campaign(session, campaign, by=ANN, now=EIGHT)
    assert street.plan().contacts == 1
    with street.sessions.read() as session:
        trail = session.execute(select(AuditEntry.action, AuditEntry.actor).order_by(AuditEntry.id)).all()
        assert trail == [("create", ANN), ("approve", BEN), ("start", ANN)]


def test_a_change_takes_the_approval_away_and_changes_who_may_approve(street: Street) -> None:
    with street.sessions.write() as session:
        campaign = create_campaign(session, a_draft(), by=ANN, now=EIGHT)
        approve_campaign(session, campaign, by=BEN, now=EIGHT)
        change_campaign(session, campaign, a_draft(daily_cap=5000), by=BEN, now=EIGHT)
        with pytest.raises(CampaignRefused):
            start_campaign(session, campaign, by=ANN, now=EIGHT)
        with pytest.raises(CampaignRefused):
            approve_campaign(session, campaign, by=BEN, now=EIGHT)
        approve_campaign(session, campaign, by=ANN, now=EIGHT)
        start_campaign(session, campaign, by=BEN, now=EIGHT)
        with pytest.raises(CampaignRefused, match="only a draft"):
            change_campaign(session, campaign, a_draft(), by=ANN, now=EIGHT)
        with pytest.raises(UnlawfulTransition):
            start_campaign(session, campaign, by=BEN, now=EIGHT)


@pytest.mark.parametrize(
    "values",
    [
        {"policy_id": ""},
        {"notice": "今晚八点起停水，请提前接水。"},
        {"policy_id": "", "notice": "太短"},
        {"waives": frozenset({Waiver.BUDGET})},
        {"daily_cap": 0},
        {"ends_on": date(2026, 8, 1)},
    ],
)
def test_a_draft_that_makes_no_sense_is_refused(street: Street, values: dict[str, Any]) -> None:
    with street.sessions.write() as session, pytest.raises(CampaignRefused):
        create_campaign(session, a_draft(**values), by=ANN, now=EIGHT)


def test_stopping_cancels_what_is_queued_and_the_list_counts(street: Street) -> None:
    street.matched()
    street.matched()
    street.plan()
    with street.sessions.write() as session:
        campaign = session.scalars(select(Campaign)).one()
        assert campaign_list(session)[0].contacts == {ContactState.PLANNED: 2}
        assert stop_campaign(session, campaign, because="card withdrawn", by=ANN, now=EIGHT) == 2
        assert set(session.scalars(select(Contact.state))) == {ContactState.CANCELLED}
        assert campaign.state is CampaignState.STOPPED


def look(street: Street, policy_id: str = OTHER_POLICY) -> Preview:
    with street.sessions.read() as session:
        return preview(session, policy_id, now=EIGHT, cards=street.cards)


def test_the_preview_tells_streets_and_exclusions_and_writes_nothing(street: Street) -> None:
    for _ in range(3):
        street.matched(OTHER_POLICY)
    stopped, unreachable = street.matched(OTHER_POLICY), street.matched(OTHER_POLICY)
    street.matched(OTHER_POLICY, state=MatchState.APPLIED_ONLINE, closed_at=EIGHT)
    with street.sessions.write() as session:
        session.get_one(Resident, stopped - 1).street = "桂园街道"
        scope = StopScope(stopped, None)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="model", message_id=None, now=EIGHT)
        session.get_one(Phone, unreachable).state = PhoneState.UNREACHABLE
    found = look(street)
    assert found.reached == {"东门街道": 2, "桂园街道": 1}
    assert found.excluded == {Refusal.OPTED_OUT: 1, Refusal.PHONE_UNREACHABLE: 1}
    assert found.not_pushed == {MatchState.APPLIED_ONLINE: 1}
    assert found.matched == 6
    assert found.days_at(2) == 2
    assert street.contacts() == []


def test_the_preview_is_what_the_planner_then_does(street: Street) -> None:
    """Also with a budget already spent, a shared phone, a card that is closed, and a resident of two policies."""
    for _ in range(2):
        street.matched(OTHER_POLICY, number="+8613800138000")
    street.matched(POLICY)
    street.plan()
    street.settle()
    street.matched(POLICY, OTHER_POLICY)
    found = look(street)
    closed = {**street.cards, OTHER_POLICY: ACard(pushable=False)}
    with street.sessions.read() as session:
        assert preview(session, OTHER_POLICY, now=EIGHT, cards=closed).excluded == {Refusal.NOT_PUSHABLE: 3}
    street.campaign(OTHER_POLICY)
    report = street.plan()
    assert found.reached_total == 3
    assert (report.contacts, report.offers) == (2, 4)
    assert look(street, POLICY).not_due + look(street, POLICY).excluded.total() == 2
