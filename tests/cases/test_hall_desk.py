"""The counter: a name alone finds nobody, and what was done there is closed there."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import AuditEntry
from models.id_number import check_character
from models.vocabulary import CaseState, MatchState
from outreach_api.cases.hall_desk import DeskRefused, Shown, done_at_hall, find_at_desk, open_matches
from tests.builders import NOON, a_case, a_match, a_resident

CARD = "44030319510305123"
CARD += check_character(CARD)
BY = "staff:1"


def find(session: Session, **shown: object) -> list[int]:
    return [one.id for one in find_at_desk(session, Shown(**shown), actor=BY, now=NOON)]  # type: ignore[arg-type]


def test_somebody_is_found_by_card_or_by_name_and_month(session: Session) -> None:
    resident = a_resident(session, name="陈秀兰", id_number=CARD, birth_date=date(1951, 3, 5))
    a_resident(session, name="陈秀兰", birth_date=date(1951, 4, 5))
    assert find(session, card=f"{CARD[:6]} {CARD[6:].lower()}") == [resident.id]
    assert find(session, name=" 陈秀兰 ", birth_month=date(1951, 3, 1)) == [resident.id]
    assert find(session, name="陈秀兰", birth_month=date(1951, 5, 1)) == []
    assert "秀兰" not in str([vars(entry) for entry in session.scalars(select(AuditEntry))])


@pytest.mark.parametrize(
    "shown", [{}, {"name": "陈秀兰"}, {"birth_month": date(1951, 3, 1)}, {"card": CARD[:-2] + "00"}]
)
def test_too_little_finds_nobody(session: Session, shown: dict[str, object]) -> None:
    a_resident(session, name="陈秀兰")
    with pytest.raises(DeskRefused):
        find(session, **shown)


def test_what_is_done_at_the_counter_closes_the_match_and_spares_the_visit(session: Session) -> None:
    match = a_match(session, state=MatchState.IN_QUEUE)
    case = a_case(session, match)
    assert open_matches(session, match.resident_id) == [match]
    done_at_hall(session, match.resident_id, match.id, by=BY, now=NOON)
    assert (match.state, case.state) == (MatchState.APPLIED_AT_HALL, CaseState.RESOLVED)
    assert open_matches(session, match.resident_id) == []
    with pytest.raises(DeskRefused):
        done_at_hall(session, match.resident_id, match.id, by=BY, now=NOON)


def test_the_match_of_somebody_else_is_not_closed(session: Session) -> None:
    match, stranger = a_match(session), a_resident(session)
    with pytest.raises(DeskRefused):
        done_at_hall(session, stranger.id, match.id, by=BY, now=NOON)
    assert match.closed_at is None
