"""Outreach follows the agents: who is there, how fast they are, and what comes back of what is sent."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select

from models.contact import Campaign, Contact
from models.event import Setting
from models.staff import Staff
from models.vocabulary import CaseKind, Refusal, Role
from outreach_api.cases.desk_capacity import measured_share, room_at_desks
from outreach_api.cases.presence import (
    ShiftRefused,
    come_back,
    go_away,
    is_on_shift,
    presence_between,
    rosters,
    set_shifts,
)
from outreach_api.cases.promises import DISTRICT_HOURS
from scheduler.planning.release import DeskRoom, FollowAgents, read_follow_agents
from scheduler.planning.rules import OUTREACH_FOLLOWS_AGENTS, contact_rules
from tests.builders import a_case, a_match, a_staff_member
from tests.planning.street import EIGHT, Street

HOUR = timedelta(hours=1)
FOLLOW = FollowAgents(share=0.1, per_hour=10)
NINE = EIGHT + HOUR


def staffed(agents: int) -> Street:
    street = Street()
    with street.sessions.write() as session:
        for _ in range(agents):
            a_staff_member(session, Role.AGENT)
        session.scalars(select(Campaign)).one().daily_cap = 1000
    return street


def room(street: Street, now: datetime = NINE) -> DeskRoom:
    with street.sessions.read() as session:
        found = room_at_desks(session, FOLLOW, now)
    assert found is not None
    return found


def test_who_is_there_is_counted_by_shift_holiday_and_presence() -> None:
    street = staffed(3)
    with street.sessions.write() as session:
        one, two, three = session.scalars(select(Staff.id).order_by(Staff.id))
        weekday = NINE.astimezone(DISTRICT_HOURS.zone).weekday()
        set_shifts(session, two, [(weekday, time(10), time(11))])
        go_away(session, three, now=NINE)
        assert presence_between(rosters(session).values(), NINE, NINE + 3 * HOUR, DISTRICT_HOURS) == 4 * HOUR
        assert [is_on_shift(session, who, DISTRICT_HOURS, NINE) for who in (one, two, three)] == [True, False, False]
        come_back(session, three)
        assert presence_between(rosters(session).values(), NINE, NINE + 3 * HOUR, DISTRICT_HOURS) == 7 * HOUR
        holiday = datetime(2026, 10, 1, 10, tzinfo=DISTRICT_HOURS.zone)
        assert presence_between(rosters(session).values(), holiday, holiday + 3 * HOUR, DISTRICT_HOURS) == timedelta()


@pytest.mark.parametrize("shifts", [[(0, time(12), time(9))], [(7, time(9), time(12))]])
def test_what_is_no_shift_is_refused(shifts: list[tuple[int, time, time]]) -> None:
    street = staffed(1)
    with street.sessions.write() as session, pytest.raises(ShiftRefused):
        set_shifts(session, 1, shifts)
    overlapping = [(0, time(9), time(12)), (0, time(11), time(13))]
    with street.sessions.write() as session, pytest.raises(ShiftRefused, match="overlap"):
        set_shifts(session, 1, overlapping)


def test_no_more_is_sent_than_the_agents_answer_in_the_promised_time() -> None:
    street = staffed(1)
    for _ in range(300):
        street.matched()
    # One agent, ten an hour, two hours, one text in ten ends with a person.
    report = street.plan(NINE, desk=room(street))
    assert report.contacts == 200
    assert report.refused == {Refusal.AGENTS_FULL: 100}
    assert room(street).contacts == 0
    # Two hours later the replies have come, and others may be asked.
    street.settle()
    assert room(street, NINE + 2 * HOUR + timedelta(minutes=1)).contacts == 200


def test_what_has_to_be_answered_takes_room_and_twice_the_agents_make_twice_the_room() -> None:
    assert (room(staffed(1)).contacts, room(staffed(2)).contacts) == (200, 400)
    street = staffed(1)
    with street.sessions.write() as session:
        for _ in range(3):
            a_case(session, a_match(session), kind=CaseKind.HUMAN, now=NINE)
        # A policy question has two days.
        a_case(session, a_match(session), kind=CaseKind.POLICY_QUESTION, now=NINE)
    assert room(street).contacts == 170


def test_texts_of_the_evening_wait_for_the_morning() -> None:
    street = staffed(1)
    for _ in range(60):
        street.matched()
    evening = NINE.replace(hour=10, minute=30)  # half past six there: the desks are closed
    street.plan(evening, desk=room(street, evening))
    street.settle()
    assert room(street, evening + HOUR).contacts == 200 - 60


def test_the_share_is_measured_once_enough_were_asked() -> None:
    street = staffed(1)
    for _ in range(300):
        street.matched()
    street.plan(NINE)
    street.settle()
    with street.sessions.read() as session:
        assert measured_share(session, NINE + HOUR) == pytest.approx(1 / 300)
        assert session.scalars(select(Contact.id)).first() is not None
        assert measured_share(session, NINE - HOUR * 24 * 40) is not None
        assert measured_share(session, NINE + HOUR * 24 * 40) is None


def test_without_agents_there_is_nothing_to_follow() -> None:
    with Street().sessions.read() as session:
        assert room_at_desks(session, FOLLOW, NINE) is None


def test_the_setting_is_read_and_a_wrong_one_refused() -> None:
    street = Street()
    with street.sessions.write() as session:
        value = {"share": 0.05, "per_hour": 8}
        session.add(Setting(name=OUTREACH_FOLLOWS_AGENTS, value=value, changed_at=NINE, changed_by="staff:1"))
    with street.sessions.read() as session:
        assert contact_rules(session).follow_agents == FollowAgents(0.05, 8)
    for wrong in ({}, {"share": 0.1}, {"share": 0, "per_hour": 5}, {"share": 0.1, "per_hour": True}, 3):
        with pytest.raises(ValueError, match="outreach_follows_agents"):
            read_follow_agents(wrong)
    assert read_follow_agents(None) is None
