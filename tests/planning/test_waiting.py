"""Who waits for a team is not decided about again within the day, unless something has happened to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models.conversation import ContactStop
from models.resident import Preference, Resident
from models.vocabulary import ContactState, MatchState, Refusal, StopReason
from scheduler.planning.release import Room
from scheduler.planning.situation import read_situations
from tests.builders import a_contact, a_conversation, a_match
from tests.planning.street import DAY, EIGHT, Street

HOUR = timedelta(hours=1)


class Planning:
    """The planner on a street without any room, and whom it looked at in its newest pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.street = Street()
        self.looked_at: list[int] = []

        def noting(session: Session, resident_ids: Any, terms: Any) -> Any:
            self.looked_at += resident_ids
            return read_situations(session, resident_ids, terms)

        monkeypatch.setattr("scheduler.planning.planner.read_situations", noting)

    def plan(self, now: Any, doors: float = 0) -> dict[Refusal, int]:
        self.looked_at.clear()
        return dict(self.street.plan(now, room=Room(doors, {}, 1.0)).refused)


@pytest.fixture
def planning(monkeypatch: pytest.MonkeyPatch) -> Planning:
    return Planning(monkeypatch)


def test_who_waits_is_looked_at_once_a_day_and_counted_each_time(planning: Planning) -> None:
    waiting = [planning.street.matched() for _ in range(3)]
    assert planning.plan(EIGHT) == {Refusal.TEAMS_FULL: 3}
    assert planning.looked_at == waiting
    assert planning.plan(EIGHT + HOUR) == {Refusal.TEAMS_FULL: 3}
    assert planning.looked_at == []
    assert planning.plan(EIGHT + DAY) == {Refusal.TEAMS_FULL: 3}
    assert planning.looked_at == waiting
    assert planning.street.refusals() == [Refusal.TEAMS_FULL] * 6


def test_as_soon_as_a_team_has_room_all_are_looked_at(planning: Planning) -> None:
    waiting = [planning.street.matched() for _ in range(3)]
    planning.plan(EIGHT)
    assert planning.plan(EIGHT + HOUR, doors=1) == {Refusal.TEAMS_FULL: 2}
    assert planning.looked_at == waiting
    assert [contact.resident_id for contact in planning.street.contacts()] == waiting[:1]


def test_who_has_more_than_a_first_contact_to_come_is_always_looked_at(planning: Planning) -> None:
    planning.street.matched()
    called_back = planning.street.matched(state=MatchState.CALLBACK, callback_at=EIGHT + 2 * HOUR)
    planning.plan(EIGHT)
    planning.plan(EIGHT + HOUR)
    assert planning.looked_at == [called_back]


def _stops(session: Session, resident: Resident) -> None:
    phone_id = resident.phones[0].phone_id
    stop = ContactStop(reason=StopReason.WRONG_NUMBER, phone_id=phone_id, placed_at=EIGHT + HOUR, placed_by="staff:1")
    session.add(stop)


def _writes(session: Session, resident: Resident) -> None:
    a_conversation(session, resident, last_at=EIGHT + HOUR)


def _wishes(session: Session, resident: Resident) -> None:
    session.add(Preference(resident_id=resident.id, name="visit_only", value={}, since=EIGHT + HOUR))


def _is_not_reached(session: Session, resident: Resident) -> None:
    done = a_match(session, resident, policy_id="elderly-health-check", state=MatchState.ATTENDED, closed_at=EIGHT)
    a_contact(session, done, state=ContactState.UNDELIVERED, created_at=EIGHT - DAY, settled_at=EIGHT + HOUR)


@pytest.mark.parametrize("happens", [_stops, _writes, _wishes, _is_not_reached])
def test_who_was_heard_of_since_is_looked_at_again(planning: Planning, happens: Any) -> None:
    planning.street.matched()
    heard_of = planning.street.matched()
    planning.plan(EIGHT)
    with planning.street.sessions.write() as session:
        happens(session, session.get_one(Resident, heard_of))
    planning.plan(EIGHT + 2 * HOUR)
    assert planning.looked_at == [heard_of]
