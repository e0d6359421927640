"""Reminders of dates ahead: planned once, by the rules that hold for every text we begin."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.contact import Contact
from models.reminder import Reminder
from models.vocabulary import ContactPurpose, ContactState, MatchState, Refusal, ReminderOccasion, StopReason
from outreach_api.conversations.offers import HeadsUpTexts, OfferTexts
from outreach_api.settings import ROOT
from scheduler.planning.pauses import pause_policy
from scheduler.planning.reminders import plan_reminders
from scheduler.planning.stops import StopScope, place_stop
from scheduler.planning.why import Fact, why_resident
from scheduler.policies.load import load_cards
from tests.planning.street import DAY, EIGHT, POLICY, ACard, Street

CARDS = load_cards(ROOT / "policies")
BEGINS, ENDS = date(2026, 9, 10), date(2026, 9, 30)


def remind(street: Street, resident_id: int, **values: Any) -> int:
    usual = {"occasion": ReminderOccasion.RENEWAL, "on": BEGINS, "tell_from": EIGHT.date(), "until": ENDS}
    with street.sessions.write() as session:
        row = Reminder(resident_id=resident_id, policy_id=POLICY, created_at=EIGHT, **(usual | values))
        session.add(row)
        session.flush()
        return row.id


def plan(street: Street, now: datetime = EIGHT) -> int:
    return plan_reminders(street.sessions, now=now, cards=street.cards, render=HeadsUpTexts(CARDS))


def refusal(street: Street) -> Refusal | None:
    with street.sessions.read() as session:
        return session.scalars(select(Reminder.refusal)).one()


def a_beneficiary(street: Street, **values: Any) -> int:
    return street.matched(state=MatchState.ALREADY_ENROLLED, closed_at=EIGHT, **values)


def test_a_renewal_is_told_once_in_contact_hours_in_the_cards_own_words(street: Street) -> None:
    remind(street, a_beneficiary(street))
    assert plan(street) == 1
    (contact,) = street.contacts()
    assert (contact.purpose, contact.due_at) == (ContactPurpose.HEADS_UP, EIGHT + timedelta(hours=1))
    assert "9月10日到9月30日" in contact.text
    assert "高龄津贴" in contact.text
    assert "5月和11月" in contact.text
    street.settle()
    assert plan(street, EIGHT + 3 * DAY) == 0


def test_why_tells_of_the_date_ahead_and_why_it_was_not_told(street: Street) -> None:
    resident_id = a_beneficiary(street)
    remind(street, resident_id)
    with street.sessions.write() as session:
        pause_policy(session, POLICY, because="卡片要改", by="li", now=EIGHT)
    plan(street)
    with street.sessions.read() as session:
        facts = {fact.fact: fact for fact in why_resident(session, resident_id, EIGHT)}
    assert facts[Fact.DATE_AHEAD].detail == {"occasion": "renewal", "on": "2026-09-10", "from": "2026-09-01"}
    assert facts[Fact.REMINDER_REFUSED].detail["reason"] == "campaign_paused"


def test_why_names_the_benefit_of_a_reminder_that_went_out(street: Street) -> None:
    resident_id = a_beneficiary(street)
    remind(street, resident_id)
    plan(street)
    with street.sessions.read() as session:
        (told,) = [fact for fact in why_resident(session, resident_id, EIGHT) if fact.fact is Fact.CONTACT_PLANNED]
    assert told.policy_ids == (POLICY,)


def test_its_time_is_neither_before_nor_after(street: Street) -> None:
    resident_id = a_beneficiary(street)
    remind(street, resident_id, tell_from=EIGHT.date() + DAY)
    remind(street, resident_id, on=date(2026, 8, 1), until=EIGHT.date() - DAY)
    assert plan(street) == 0


def test_on_a_shared_phone_it_names_no_benefit(street: Street) -> None:
    resident_id = a_beneficiary(street, number="+8613800138000")
    street.matched(number="+8613800138000")
    remind(street, resident_id)
    plan(street)
    (contact,) = street.contacts()
    assert "津贴" not in contact.text
    assert "姓什么" in contact.text


@pytest.mark.parametrize("reason", [StopReason.OPT_OUT, StopReason.DECEASED])
def test_a_stop_holds_and_the_reason_is_kept(street: Street, reason: StopReason) -> None:
    resident_id = a_beneficiary(street)
    remind(street, resident_id)
    with street.sessions.write() as session:
        scope = StopScope(resident_id, None)
        place_stop(session, reason, scope, placed_by="model", message_id=None, now=EIGHT)
    assert plan(street) == 0
    assert refusal(street) in (Refusal.OPTED_OUT, Refusal.DECEASED)


def test_it_keeps_the_budget_and_a_pause(street: Street) -> None:
    resident_id = street.matched()
    remind(street, resident_id)
    street.plan()
    street.settle()
    assert plan(street, EIGHT + timedelta(hours=4)) == 0
    assert refusal(street) is Refusal.DAILY_CAP
    with street.sessions.write() as session:
        pause_policy(session, POLICY, because="card under review", by="staff:1", now=EIGHT)
    assert plan(street, EIGHT + 2 * DAY) == 0
    assert refusal(street) is Refusal.CAMPAIGN_PAUSED


def test_one_that_was_cancelled_is_planned_anew(street: Street) -> None:
    remind(street, a_beneficiary(street))
    plan(street)
    with street.sessions.write() as session:
        session.scalars(select(Contact)).one().state = ContactState.CANCELLED
    assert plan(street, EIGHT + DAY) == 1


def test_a_closing_window_brings_the_reminder_forward_but_not_to_the_same_day(street: Street) -> None:
    street.cards[POLICY] = ACard(closing=EIGHT.date() + 4 * DAY)
    street.matched()
    street.plan()
    street.settle()
    assert street.plan(EIGHT + timedelta(hours=5)).contacts == 0
    street.plan(EIGHT + DAY)
    assert [c.purpose for c in street.contacts()] == [ContactPurpose.OFFER, ContactPurpose.REMINDER]


def test_an_offer_ahead_of_time_says_from_which_day(street: Street) -> None:
    street.rendering = OfferTexts(CARDS)  # type: ignore[assignment]
    street.matched(eligible_from=date(2026, 10, 20))
    street.matched(eligible_from=date(2026, 8, 20))
    street.plan()
    first, second = street.contacts()
    assert "高龄津贴（10月20日起）" in first.text
    assert "日起" not in second.text
