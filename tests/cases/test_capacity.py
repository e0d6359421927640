"""Outreach follows the teams: nobody is told of help that nobody can bring in the promised time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from random import Random

import pytest
from sqlalchemy import select

from models.case import Appointment, Case, Team
from models.contact import Contact
from models.event import Setting
from models.match import Match
from models.vocabulary import AppointmentState, ContactState, MatchState, Refusal, VisitOutcome
from outreach_api.cases.capacity import measured_shares, room_for_outreach
from outreach_api.cases.promise_figures import PromiseFigures, promise_figures
from outreach_api.cases.route_cases import route_waiting
from outreach_api.cases.visits import record_visit
from scheduler.matching.moves import move_match
from scheduler.planning.release import FollowCapacity, Room, read_follow_capacity
from scheduler.planning.rules import OUTREACH_FOLLOWS_CAPACITY, ContactRules, contact_rules
from tests.builders import a_case, a_match, a_team
from tests.planning.street import DAY, EIGHT, POLICY, Street

PEOPLE = 30
VISITS_PER_DAY = 1
NEEDS_VISIT = 0.6


class Rehearsal:
    """One team on a street where six in ten answer no text; the real planner, router and visits, day by day."""

    def __init__(self, *, coupled: bool) -> None:
        self.street = Street()
        self.dice = Random(7)
        self.told = Counter[int]()
        with self.street.sessions.write() as session:
            a_team(session).visits_per_day = VISITS_PER_DAY
            if coupled:
                value = {"share": NEEDS_VISIT}
                changed = {"changed_at": EIGHT, "changed_by": "staff:1"}
                session.add(Setting(name=OUTREACH_FOLLOWS_CAPACITY, value=value, **changed))
        self.silent = {self.street.matched(): self.dice.random() < NEEDS_VISIT for _ in range(PEOPLE)}

    def run(self, days: int) -> PromiseFigures:
        for number in range(days):
            self._day(EIGHT + number * DAY, number)
        with self.street.sessions.read() as session:
            return promise_figures(session, EIGHT + days * DAY)["home_visit"]

    def _day(self, now: datetime, number: int) -> None:
        with self.street.sessions.read() as session:
            rules = contact_rules(session)
            room = room_for_outreach(session, rules.follow_capacity, rules, now) if rules.follow_capacity else None
        self.told[number] = self.street.plan(now, room=room).contacts
        route_waiting(self.street.sessions, {}, now=now)
        with self.street.sessions.write() as session:
            for contact in session.scalars(select(Contact).where(Contact.state == ContactState.PLANNED)):
                contact.state, contact.sent_at = ContactState.DELIVERED, contact.due_at
                match = session.scalars(select(Match).where(Match.resident_id == contact.resident_id)).one()
                if not self.silent[contact.resident_id or 0] and match.closed_at is None:
                    move_match(session, match, MatchState.APPLIED_ONLINE, because="application:1", now=now)
            today = (Appointment.state == AppointmentState.STANDING, Appointment.on == now.date())
            for appointment in session.scalars(select(Appointment).where(*today)).all():
                record_visit(
                    session, appointment.case, f"visit-{appointment.id}", appointment.team, now.date(),
                    VisitOutcome.APPLIED, POLICY, None, now,
                )  # fmt: skip


def test_coupled_outreach_keeps_promises_that_uncoupled_outreach_breaks() -> None:
    uncoupled, coupled = Rehearsal(coupled=False), Rehearsal(coupled=True)
    broken, kept = uncoupled.run(days=18), coupled.run(days=48)
    assert (broken.breach_share or 0) > 0.20, broken
    assert (kept.breach_share or 0) < 0.02, kept
    assert broken.opened == sum(uncoupled.silent.values())
    # It is the same street, only slower: most of those who need a visit have had theirs.
    assert uncoupled.silent == coupled.silent
    assert kept.opened > 0.85 * broken.opened
    # All were told on the first day; following the team, as many as it can visit in one.
    assert uncoupled.told[0] == PEOPLE
    assert coupled.told[0] == int(VISITS_PER_DAY / NEEDS_VISIT)


def test_half_the_teams_means_half_the_people_told() -> None:
    told = []
    for teams in (2, 1):
        street = Street()
        with street.sessions.write() as session:
            for _ in range(teams):
                a_team(session).visits_per_day = 2
        for _ in range(60):
            street.matched()
        with street.sessions.read() as session:
            room = room_for_outreach(session, FollowCapacity(1.0), ContactRules(), EIGHT)
        report = street.plan(room=room)
        assert report.refused == {Refusal.TEAMS_FULL: 60 - report.contacts}
        told.append(report.contacts)
    assert told == [4, 2]


def test_reminders_go_on_when_no_team_has_room() -> None:
    street = Street()
    street.matched()
    street.plan()
    street.settle()
    assert street.plan(EIGHT + 4 * DAY, room=Room(0, {}, 1.0)).contacts == 1


def test_what_waits_and_what_is_coming_takes_room() -> None:
    street = Street()
    with street.sessions.write() as session:
        a_team(session).visits_per_day = 1
        a_case(session, a_match(session, state=MatchState.IN_QUEUE))
    for _ in range(17):
        street.matched()
    street.plan()
    street.settle()
    with street.sessions.read() as session:
        rooms = [room_for_outreach(session, FollowCapacity(0.5), ContactRules(), EIGHT + days * DAY) for days in (1, 5)]
    # Who has let it pass for days is expected in full.
    assert [room and room.doors for room in rooms] == [10 - 1 - 17 * 0.5, 10 - 1 - 17]


def test_the_share_is_measured_once_enough_ladders_have_ended() -> None:
    street = Street()
    residents = [street.matched() for _ in range(40)]
    street.plan()
    street.settle()
    with street.sessions.write() as session:
        for match in session.scalars(select(Match).where(Match.resident_id.in_(residents[:10]))):
            a_case(session, match)
    with street.sessions.read() as session:
        assert measured_shares(session, ContactRules(), (EIGHT + 5 * DAY).date()) == {}
        assert measured_shares(session, ContactRules(), (EIGHT + 30 * DAY).date()) == {POLICY: 0.25}


def test_without_teams_there_is_nothing_to_follow() -> None:
    street = Street()
    with street.sessions.read() as session:
        assert room_for_outreach(session, FollowCapacity(0.5), ContactRules(), EIGHT) is None
        assert session.scalars(select(Team.id)).all() == session.scalars(select(Case.id)).all() == []


@pytest.mark.parametrize("value", [{}, {"share": 0}, {"share": True}, {"share": 2}, [0.5], "0.5"])
def test_a_share_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="outreach_follows_capacity"):
        read_follow_capacity(value)
    assert read_follow_capacity(None) is None
