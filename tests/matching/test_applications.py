"""What an application feed does to matches."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from sqlalchemy import select

from models.column_types import key_ring
from models.match import Application, Match, MatchChange
from models.session import Sessions
from models.vocabulary import ApplicationChannel, ApplicationStatus, MatchState
from scheduler.matching.applications import ApplicationReport, settled_state, take_applications
from scheduler.policies.card import PolicyCard, PolicyKind
from tests.builders import NOON, a_match, a_resident

NUMBER = "440303195005040012"


@pytest.fixture
def match_id(sessions: Sessions) -> int:
    with sessions.write() as session:
        return a_match(session, a_resident(session, id_number=NUMBER)).id


def a_report(**changes: object) -> ApplicationReport:
    values = {
        "external_ref": "A-1",
        "id_number_index": key_ring().blind_index(NUMBER, kind="id_number"),
        "policy_id": "elderly-allowance",
        "status": ApplicationStatus.SUBMITTED,
        "channel": ApplicationChannel.HALL,
        "occurred_on": date(2026, 3, 5),
    }
    return ApplicationReport(**(values | changes))  # type: ignore[arg-type]


def state(sessions: Sessions, match_id: int) -> MatchState:
    with sessions.read() as session:
        return session.get_one(Match, match_id).state


def test_an_application_at_the_hall_closes_the_match_as_such(
    sessions: Sessions, match_id: int, cards: dict[str, PolicyCard]
) -> None:
    taken = take_applications(sessions, [a_report()], cards, now=NOON)
    assert (taken.accepted, taken.settled) == (1, 1)
    assert state(sessions, match_id) is MatchState.APPLIED_AT_HALL


def test_a_report_without_a_channel_is_attributed_to_nobody(
    sessions: Sessions, match_id: int, cards: dict[str, PolicyCard]
) -> None:
    take_applications(sessions, [a_report(channel=ApplicationChannel.UNATTRIBUTED)], cards, now=NOON)
    assert state(sessions, match_id) is MatchState.ALREADY_ENROLLED


def test_the_same_report_twice_changes_nothing(sessions: Sessions, match_id: int, cards: dict[str, PolicyCard]) -> None:
    take_applications(sessions, [a_report()], cards, now=NOON)
    again = take_applications(sessions, [a_report(), a_report()], cards, now=NOON)
    assert (again.accepted, again.unchanged) == (0, 2)
    with sessions.read() as session:
        assert len(session.scalars(select(Application)).all()) == 1
        assert len(session.scalars(select(MatchChange)).all()) == 1


def test_later_news_of_a_settled_application_is_kept_and_moves_nothing(
    sessions: Sessions, match_id: int, cards: dict[str, PolicyCard]
) -> None:
    reports = [a_report(), a_report(status=ApplicationStatus.APPROVED), a_report(status=ApplicationStatus.PAID)]
    assert take_applications(sessions, reports, cards, now=NOON).settled == 1
    assert state(sessions, match_id) is MatchState.APPLIED_AT_HALL


def test_a_rejected_application_leaves_the_match_open(
    sessions: Sessions, match_id: int, cards: dict[str, PolicyCard]
) -> None:
    take_applications(sessions, [a_report(status=ApplicationStatus.REJECTED)], cards, now=NOON)
    assert state(sessions, match_id) is MatchState.IN_OUTREACH


def test_a_stranger_is_counted_and_not_kept(sessions: Sessions, match_id: int, cards: dict[str, PolicyCard]) -> None:
    taken = take_applications(sessions, [a_report(id_number_index="0" * 32)], cards, now=NOON)
    assert (taken.accepted, taken.not_ours) == (0, 1)
    with sessions.read() as session:
        assert not session.scalars(select(Application)).all()


def test_a_service_is_settled_by_attendance_alone() -> None:
    for status, channel in product(ApplicationStatus, ApplicationChannel):
        settled = settled_state(status, channel, PolicyKind.SERVICE)
        assert (settled is MatchState.ATTENDED) == (status is ApplicationStatus.ATTENDED)
