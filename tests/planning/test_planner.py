from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from models.case import Case
from models.chat import ChatLink
from models.contact import Campaign, Contact
from models.conversation import Conversation
from models.event import Setting
from models.match import Match
from models.notice import NoticeGiven
from models.resident import Phone, Preference, Resident
from models.vocabulary import (
    CampaignState,
    CaseKind,
    CaseReason,
    Cause,
    Channel,
    ContactPurpose,
    ContactState,
    MatchState,
    PhoneState,
    Refusal,
    ResidentStatus,
    StopReason,
)
from scheduler.planning.cadence import Action, Cadence, Rung
from scheduler.planning.chat_links import LINK_LASTS, LINK_MARK, token_digest, token_of_contact
from scheduler.planning.data_notice import NOTICE_LINE, with_notice
from scheduler.planning.guards import Guards
from scheduler.planning.pauses import pause_everything, pause_policy, resume_everything, resume_policy
from scheduler.planning.stops import StopScope, place_stop, release_stop
from scheduler.planning.why import why_resident
from tests.builders import a_case, a_conversation, a_staff_member
from tests.planning.street import DAY, EIGHT, OTHER_POLICY, POLICY, SHENZHEN, ACard, Street

pytestmark = pytest.mark.engines

NINE = EIGHT + timedelta(hours=1)


def test_a_new_match_gets_its_text_at_the_start_of_contact_hours(street: Street) -> None:
    street.matched()
    report = street.plan()
    (contact,) = street.contacts()
    assert (contact.due_at, contact.purpose, contact.state) == (NINE, ContactPurpose.OFFER, ContactState.PLANNED)
    assert street.states() == {POLICY: MatchState.IN_OUTREACH}
    assert (report.contacts, report.offers) == (1, 1)


def test_planning_twice_plans_nothing_twice(street: Street) -> None:
    street.matched()
    street.plan()
    assert street.plan().contacts == 0
    assert len(street.contacts()) == 1


def test_the_whole_ladder_ends_at_the_door(street: Street) -> None:
    street.matched()
    for day in range(12):
        street.plan(EIGHT + day * DAY)
        street.settle()
    assert [(c.purpose, (c.due_at - NINE).days) for c in street.contacts()] == [
        (ContactPurpose.OFFER, 0),
        (ContactPurpose.REMINDER, 4),
    ]
    with street.sessions.read() as session:
        case = session.scalars(select(Case)).one()
        session.expunge(case)
    assert (case.kind, case.reason) == (CaseKind.HOME_VISIT, CaseReason.LADDER_EXHAUSTED)
    assert case.opened_at == EIGHT + 10 * DAY
    assert street.states() == {POLICY: MatchState.IN_QUEUE}


def test_several_offers_go_in_one_contact_numbered_by_priority(street: Street) -> None:
    street.campaign(OTHER_POLICY, priority=1)
    street.matched(POLICY, OTHER_POLICY)
    street.plan()
    (contact,) = street.contacts()
    assert street.numbered(contact) == {1: OTHER_POLICY, 2: POLICY}
    assert street.rendering.asked[0]["offers"] == [(1, OTHER_POLICY), (2, POLICY)]


def test_from_the_fourteenth_birthday_on_a_child_is_spoken_to_themselves(street: Street) -> None:
    on = NINE.date()
    born = [date(on.year - 14, on.month, on.day + 1), date(on.year - 14, on.month, on.day), None]
    for birth_date in born:
        resident_id = street.matched()
        with street.sessions.write() as session:
            session.get_one(Resident, resident_id).birth_date = birth_date
    street.plan()
    assert [asked["for_guardian"] for asked in street.rendering.asked] == [True, False, False]


def test_two_residents_behind_one_phone_share_one_contact_that_names_nobody(street: Street) -> None:
    first = street.matched(number="+8613800138000")
    street.matched()
    second = street.matched(number="+8613800138000")
    report = street.plan()
    assert (report.contacts, report.offers, report.refused) == (2, 3, {})
    assert [asked["shared_phone"] for asked in street.rendering.asked] == [True, False]
    household = street.contacts()[0]
    assert street.told_of(household) == {1: first, 2: second}
    assert street.plan().contacts == 0
    street.settle()
    street.plan(EIGHT + DAY)
    assert len(street.contacts()) == 2
    street.plan(EIGHT + 4 * DAY)
    assert [c.purpose for c in street.contacts()[2:]] == [ContactPurpose.REMINDER] * 2


def test_a_housemate_on_another_rung_waits_for_another_day(street: Street) -> None:
    street.matched(number="+8613800138000")
    street.plan()
    street.settle()
    street.matched(number="+8613800138000")
    assert street.plan(EIGHT + timedelta(hours=3)).refused == {Refusal.DAILY_CAP: 1}
    street.plan(EIGHT + DAY)
    assert [c.due_at for c in street.contacts()] == [NINE, NINE + DAY]


def test_a_phone_of_one_person_is_not_shared(street: Street) -> None:
    street.matched()
    street.plan()
    assert not street.rendering.asked[0]["shared_phone"]


@pytest.mark.parametrize(
    "state", sorted(set(MatchState) - {"new", "in_outreach", "interested", "callback", "awaiting_phone"})
)
def test_matches_in_other_states_are_not_pushed(street: Street, state: str) -> None:
    street.matched(state=state, closed_at=None)
    assert street.plan().contacts == 0
    assert street.refusals() == []


@pytest.mark.parametrize(
    ("reason", "refusal"), [(StopReason.OPT_OUT, Refusal.OPTED_OUT), (StopReason.DECEASED, Refusal.DECEASED)]
)
def test_a_stop_outranks_every_other_reason_until_a_person_releases_it(
    street: Street, reason: StopReason, refusal: Refusal
) -> None:
    resident_id = street.matched()
    street.cards[POLICY] = ACard()
    with street.sessions.write() as session:
        stop = place_stop(
            session, reason, StopScope(resident_id, None), placed_by="exact_word", message_id=None, now=EIGHT
        )
        session.execute(select(Resident)).scalar_one().profiling_refused_at = EIGHT
    assert street.plan().contacts == 0
    assert street.refusals() == [refusal]
    with street.sessions.write() as session:
        release_stop(session, session.merge(stop), by="staff:1", why="asked for it", now=EIGHT)
        session.execute(select(Resident)).scalar_one().profiling_refused_at = None
    assert street.plan().contacts == 1


def test_one_spouses_stop_silences_the_shared_phone_and_the_other_is_helped_at_home(street: Street) -> None:
    first = street.matched(number="+8613800138000")
    second = street.matched(number="+8613800138000")
    with street.sessions.write() as session:
        phone_id = session.scalars(select(Phone.id)).one()
        place_stop(
            session,
            StopReason.OPT_OUT,
            StopScope(first, phone_id),
            placed_by="exact_word",
            message_id=None,
            now=EIGHT,
        )
    report = street.plan()
    assert (report.contacts, report.home_help) == (0, 1)
    with street.sessions.read() as session:
        assert session.scalars(select(Case.resident_id)).all() == [second]


def test_a_wrong_number_leads_to_the_next_phone_with_the_offer_not_the_reminder(street: Street) -> None:
    resident_id = street.matched()
    other = street.second_phone(resident_id)
    street.plan()
    street.settle()
    with street.sessions.write() as session:
        wrong = session.scalars(select(Contact.phone_id)).one()
        place_stop(
            session,
            StopReason.WRONG_NUMBER,
            StopScope(resident_id, wrong),
            placed_by="model",
            message_id=None,
            now=EIGHT,
        )
        session.scalars(select(Match)).one().state = MatchState.AWAITING_PHONE
    street.plan(EIGHT + DAY)
    last = street.contacts()[-1]
    assert (last.phone_id, last.purpose) == (other, ContactPurpose.OFFER)
    assert street.states() == {POLICY: MatchState.IN_OUTREACH}


def test_without_any_phone_the_match_waits_for_one_and_one_home_visit_is_asked_for(street: Street) -> None:
    street.matched()
    with street.sessions.write() as session:
        session.scalars(select(Phone)).one().state = PhoneState.UNREACHABLE
    for day in range(3):
        street.plan(EIGHT + day * DAY)
    assert street.states() == {POLICY: MatchState.AWAITING_PHONE}
    assert street.refusals() == [Refusal.PHONE_UNREACHABLE] * 3
    with street.sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 1


def test_a_landline_gives_way_to_the_next_phone_on_the_next_pass(street: Street) -> None:
    other = street.second_phone(street.matched())
    street.plan()
    street.settle(ContactState.UNDELIVERED, cause=Cause.LANDLINE)
    street.plan(EIGHT + DAY)
    assert [c.phone_id for c in street.contacts()][1] == other


def test_a_callback_is_planned_at_the_hour_asked_for_even_while_we_talk(street: Street) -> None:
    resident_id = street.matched()
    street.plan()
    street.settle()
    asked_for = datetime(2026, 9, 2, 15, 20, tzinfo=SHENZHEN)
    with street.sessions.write() as session:
        match = session.scalars(select(Match)).one()
        match.state, match.callback_at = MatchState.CALLBACK, asked_for
        a_conversation(session, session.get_one(Resident, resident_id), last_at=EIGHT + DAY - timedelta(minutes=5))
    street.plan(EIGHT + DAY)
    assert street.contacts()[-1].due_at == asked_for
    assert street.states() == {POLICY: MatchState.IN_OUTREACH}


def test_nobody_is_interrupted_in_a_conversation_nor_while_staff_has_taken_over(street: Street) -> None:
    resident_id = street.matched()
    with street.sessions.write() as session:
        talk = a_conversation(session, session.get_one(Resident, resident_id), last_at=EIGHT - timedelta(hours=2))
        staff = a_staff_member(session)
    street.plan()
    with street.sessions.write() as session:
        session.get_one(Conversation, talk.id).taken_over_by = staff.id
    street.plan(EIGHT + 3 * DAY)
    assert street.refusals() == [Refusal.OPEN_CONVERSATION, Refusal.IN_HUMAN_HANDS]
    with street.sessions.write() as session:
        session.get_one(Conversation, talk.id).taken_over_by = None
    assert street.plan(EIGHT + 3 * DAY).contacts == 1


def test_an_open_human_case_keeps_the_machine_quiet(street: Street) -> None:
    street.matched()
    with street.sessions.write() as session:
        a_case(session, session.scalars(select(Match)).one(), kind=CaseKind.HUMAN)
    street.plan()
    assert street.refusals() == [Refusal.IN_HUMAN_HANDS]


def test_a_closed_or_missing_card_is_not_pushed(street: Street) -> None:
    street.matched()
    street.cards[POLICY] = ACard(pushable=False)
    street.plan()
    del street.cards[POLICY]
    street.plan(EIGHT + DAY)
    assert street.refusals() == [Refusal.NOT_PUSHABLE] * 2


def test_who_refused_profiling_or_died_is_left_alone(street: Street) -> None:
    street.matched()
    with street.sessions.write() as session:
        session.scalars(select(Resident)).one().profiling_refused_at = EIGHT
    street.plan()
    with street.sessions.write() as session:
        session.scalars(select(Resident)).one().status = ResidentStatus.DECEASED
    street.plan()
    assert street.refusals() == [Refusal.PROFILING_REFUSED, Refusal.DECEASED]


def test_who_wants_visits_only_is_visited(street: Street) -> None:
    resident_id = street.matched()
    with street.sessions.write() as session:
        session.add(Preference(resident_id=resident_id, name="visit_only", since=EIGHT))
    report = street.plan()
    assert (report.contacts, report.home_help) == (0, 1)
    assert street.refusals() == [Refusal.PREFERENCE]


def test_who_showed_interest_is_reminded_and_at_last_helped_at_home(street: Street) -> None:
    street.matched()
    street.plan()
    street.settle()
    with street.sessions.write() as session:
        match = session.scalars(select(Match)).one()
        match.state, match.state_changed_at = MatchState.INTERESTED, EIGHT + 2 * DAY
    assert street.plan(EIGHT + 5 * DAY).contacts == 0
    street.plan(EIGHT + 6 * DAY)
    assert street.contacts()[-1].purpose is ContactPurpose.REMINDER
    assert street.states() == {POLICY: MatchState.INTERESTED}
    street.settle()
    assert street.plan(EIGHT + 12 * DAY).home_help == 1
    assert street.states() == {POLICY: MatchState.IN_QUEUE}
    with street.sessions.read() as session:
        assert session.scalars(select(Case.reason)).one() is CaseReason.HELP_TO_APPLY


def test_interest_shown_without_any_offer_is_not_offered_anew_but_reminded(street: Street) -> None:
    street.matched(state=MatchState.INTERESTED, state_changed_at=EIGHT)
    assert street.plan().contacts == 0
    street.plan(EIGHT + 4 * DAY)
    assert street.contacts()[0].purpose is ContactPurpose.REMINDER


def wishes(street: Street, resident_id: int, name: str) -> None:
    with street.sessions.write() as session:
        session.add(Preference(resident_id=resident_id, name=name, since=EIGHT))


def test_who_wants_quiet_at_noon_is_texted_before_or_after(street: Street) -> None:
    wishes(street, street.matched(), "not_at_noon")
    street.plan(EIGHT + timedelta(hours=4, minutes=30))
    assert street.contacts()[0].due_at == EIGHT.replace(hour=14, minute=30)


def test_who_wants_no_machine_to_call_gets_a_text_in_its_place(street: Street) -> None:
    first, second = street.matched(), street.matched()
    wishes(street, first, "no_robot_calls")
    street.plan(cadence=Cadence((Rung(Action.CALL, 0), Rung(Action.HOME_HELP, 3))))
    channels = {contact.resident_id: contact.channel for contact in street.contacts()}
    assert channels == {first: Channel.SMS, second: Channel.VOICE}


def test_a_refusal_is_recorded_once_a_day(street: Street) -> None:
    street.matched()
    street.cards[POLICY] = ACard(pushable=False)
    for hours in (0, 1, 12, 24):
        street.plan(EIGHT + timedelta(hours=hours))
    assert street.refusals() == [Refusal.NOT_PUSHABLE] * 2


def test_the_daily_cap_of_a_campaign_holds_over_passes(street: Street) -> None:
    with street.sessions.write() as session:
        session.scalars(select(Campaign)).one().daily_cap = 2
    for _ in range(5):
        street.matched()
    assert street.plan().refused == {Refusal.CAMPAIGN_CAP: 3}
    street.settle()
    assert street.plan(EIGHT + timedelta(hours=3)).contacts == 0
    assert street.plan(EIGHT + DAY).contacts == 2


@pytest.mark.parametrize(
    "values",
    [
        {"state": CampaignState.DRAFT},
        {"state": CampaignState.STOPPED},
        {"starts_on": EIGHT.date() + DAY},
        {"ends_on": EIGHT.date() - DAY},
    ],
)
def test_only_campaigns_that_run_today_are_planned(street: Street, values: dict[str, Any]) -> None:
    street.matched()
    with street.sessions.write() as session:
        campaign = session.scalars(select(Campaign)).one()
        for name, value in values.items():
            setattr(campaign, name, value)
    assert street.plan().contacts == 0


def test_a_paused_policy_and_a_pause_of_everything_hold_the_plan_back(street: Street) -> None:
    street.matched()
    with street.sessions.write() as session:
        pause_policy(session, POLICY, because="card under review", by="staff:1", now=EIGHT)
    assert street.plan().refused == {Refusal.CAMPAIGN_PAUSED: 1}
    with street.sessions.write() as session:
        resume_policy(session, POLICY, by="staff:1", now=EIGHT)
        pause_everything(session, because="typhoon", by="staff:1", now=EIGHT)
    assert street.plan().contacts == 0
    with street.sessions.write() as session:
        resume_everything(session, by="staff:1", now=EIGHT)
    assert street.plan().contacts == 1


def test_staff_settings_are_followed_and_a_broken_one_is_no_crash(street: Street) -> None:
    street.matched()
    hours = {"sms": [["10:30", "11:00"]]}
    with street.sessions.write() as session:
        session.add(Setting(name="contact_hours", value=hours, changed_at=EIGHT, changed_by="staff:1"))
        session.add(Setting(name="cadence", value="often", changed_at=EIGHT, changed_by="staff:1"))
    street.plan()
    assert street.contacts()[0].due_at == EIGHT.replace(hour=10, minute=30)


def test_a_new_benefit_does_not_ride_on_yesterdays_day_but_waits_for_its_own(street: Street) -> None:
    street.campaign(OTHER_POLICY)
    resident_id = street.matched()
    street.plan()
    street.settle()
    with street.sessions.write() as session:
        first = session.scalars(select(Match)).one()
        session.add(
            Match(
                resident_id=resident_id,
                policy_id=OTHER_POLICY,
                policy_version="1",
                opened_at=EIGHT,
                state_changed_at=first.opened_at,
            )
        )
    assert street.plan(EIGHT + timedelta(hours=4)).refused == {Refusal.DAILY_CAP: 1}
    street.plan(EIGHT + DAY)
    assert street.numbered(street.contacts()[-1]) == {1: OTHER_POLICY}


def test_quiet_hours_can_be_broken_only_by_taking_the_guard_away(street: Street) -> None:
    street.matched()
    street.plan(guards=Guards.without("quiet_hours"))
    assert street.contacts()[0].due_at == EIGHT


def test_the_budget_can_be_broken_only_by_taking_the_guard_away(street: Street) -> None:
    street.matched(number="+8613800138000")
    street.matched(number="+8613800138000")
    assert street.plan(guards=Guards.without("budget")).contacts == 2


def test_a_stop_can_be_broken_only_by_taking_the_guard_away(street: Street) -> None:
    resident_id = street.matched(state=MatchState.OPTED_OUT, closed_at=EIGHT)
    with street.sessions.write() as session:
        place_stop(
            session,
            StopReason.OPT_OUT,
            StopScope(resident_id, None),
            placed_by="exact_word",
            message_id=None,
            now=EIGHT,
        )
    assert street.plan().contacts == 0
    assert street.plan(guards=Guards.without("after_stop")).contacts == 1


def test_there_is_no_guard_of_another_name() -> None:
    with pytest.raises(TypeError):
        Guards.without("conscience")


def test_why_tells_what_was_sent_refused_and_stands_now(street: Street) -> None:
    resident_id = street.matched()
    street.plan()
    street.settle()
    street.cards[POLICY] = ACard(pushable=False)
    street.plan(EIGHT + 4 * DAY)
    with street.sessions.write() as session:
        pause_policy(session, POLICY, because="card under review", by="staff:1", now=EIGHT + 4 * DAY)
        told = why_resident(session, resident_id, EIGHT + 5 * DAY)
    assert [why.fact.value for why in told] == ["match_moved", "contact_sent", "refused", "paused"]
    assert str(told[2]) == "2026-09-05 08:00 refused elderly-allowance reason=not_pushable"
    assert told[1].detail["purpose"] == "offer"


def test_a_campaign_that_wants_it_gives_each_text_a_link_of_its_resident(street: Street) -> None:
    linked = street.matched()
    with street.sessions.write() as session:
        session.execute(update(Campaign).values(chat_link=True))
    street.plan()
    (contact,) = street.contacts()
    assert contact.text.endswith(LINK_MARK)
    with street.sessions.read() as session:
        (link,) = session.scalars(select(ChatLink))
        assert (link.resident_id, link.contact_id, link.phone_id) == (linked, contact.id, contact.phone_id)
        assert link.token_hash == token_digest(token_of_contact(contact.id))
        assert link.expires_at == contact.due_at + LINK_LASTS


def test_no_other_campaign_makes_links(street: Street) -> None:
    street.matched()
    street.plan()
    assert LINK_MARK not in street.contacts()[0].text
    with street.sessions.read() as session:
        assert session.scalars(select(ChatLink)).all() == []


def test_the_first_text_says_how_to_hear_what_the_data_is_used_for(street: Street) -> None:
    resident_id = street.matched()
    street.plan()
    street.settle()
    street.plan(EIGHT + 4 * DAY)
    first, *later = street.contacts()
    assert first.text.endswith(NOTICE_LINE)
    assert later
    assert not any(NOTICE_LINE in contact.text for contact in later)
    with street.sessions.read() as session:
        given = session.scalars(select(NoticeGiven)).one()
        assert (given.resident_id, given.channel, given.contact_id) == (resident_id, Channel.SMS, first.id)


def test_a_text_that_never_arrived_told_nobody(street: Street) -> None:
    street.matched()
    street.plan()
    street.settle(ContactState.UNDELIVERED)
    street.plan(EIGHT + 4 * DAY)
    assert [NOTICE_LINE in contact.text for contact in street.contacts()] == [True, True]


def test_a_text_is_made_no_part_longer_by_it() -> None:
    assert with_notice("字" * 60) == "字" * 60 + NOTICE_LINE
    assert with_notice("字" * (134 - len(NOTICE_LINE))).endswith(NOTICE_LINE)
    assert with_notice("字" * 130) == "字" * 130
