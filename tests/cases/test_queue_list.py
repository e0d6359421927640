"""The queue's list gives what a plain query would, in its order, page by page; and many cases change hands at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.case import Case
from models.conversation import Inbound
from models.event import Event
from models.session import Sessions
from models.vocabulary import (
    Author,
    CaseKind,
    CaseState,
    Channel,
    ContactState,
    EscalationLevel,
    EventKind,
    Role,
    Urgency,
)
from outreach_api.cases.bulk import give_many
from outreach_api.cases.open_case import OPEN_CASE_STATES
from outreach_api.cases.queue_list import Wanted, cursor, queue_length, queue_page
from outreach_api.delivery.pulse import pulse
from outreach_api.reports import figure_board
from outreach_api.reports.figure_board import FigureBoard
from tests.builders import NOON, a_case, a_contact, a_conversation, a_match, a_resident, a_staff_member

Check = Callable[[Case], bool]
SINGLE = Wanted()
VIEWS: list[tuple[Wanted, Check]] = [
    (SINGLE, lambda case: case.state in OPEN_CASE_STATES),
    (Wanted(kind=CaseKind.COMPLAINT), lambda case: case.kind is CaseKind.COMPLAINT),
    (Wanted(state=CaseState.RESOLVED), lambda case: case.state is CaseState.RESOLVED),
    (Wanted(urgency=Urgency.HIGH), lambda case: case.urgency is Urgency.HIGH),
    (Wanted(policy="elderly-health-check"), lambda case: case.policy_id == "elderly-health-check"),
    (Wanted(overdue=True), lambda case: case.due_at < NOON and case.kept_at is None),
    (Wanted(escalated=True), lambda case: case.escalation is not EscalationLevel.NONE and case.kept_at is None),
    (Wanted(staff_id=1), lambda case: case.staff_id == 1),
]


@pytest.fixture
def waiting(sessions: Sessions) -> Sessions:
    with sessions.write() as session:
        staff = a_staff_member(session)
        kinds = list(CaseKind)
        for place in range(60):
            match = a_match(session, policy_id=("elderly-allowance", "elderly-health-check")[place % 2])
            case = a_case(session, match, kind=kinds[place % len(kinds)], now=NOON - timedelta(hours=place * 7 % 90))
            case.state = (CaseState.OPEN, CaseState.ACCEPTED, CaseState.RESOLVED, CaseState.OPEN)[place % 4]
            case.escalation = list(EscalationLevel)[place % 4] if place % 3 == 0 else EscalationLevel.NONE
            case.staff_id = staff.id if place % 5 == 0 else None
            case.kept_at = NOON if place % 7 == 0 else None
    return sessions


@pytest.mark.parametrize(("wanted", "fits"), VIEWS, ids=[str(number) for number in range(len(VIEWS))])
def test_page_by_page_it_is_all_that_fits_in_order(waiting: Sessions, wanted: Wanted, fits: Check) -> None:
    with waiting.read() as session:
        states = {wanted.state} if wanted.state else OPEN_CASE_STATES
        everything = session.scalars(select(Case)).all()
        expected = sorted((c for c in everything if c.state in states and fits(c)), key=lambda c: (c.due_at, c.id))
        assert expected, "the view shows something"
        seen: list[int] = []
        after = None
        while page := queue_page(session, wanted, after=after, rows=4, now=NOON):
            seen += [case.id for case in page]
            after = cursor(page[-1])
        assert seen == [case.id for case in expected]
        assert queue_length(session, wanted, now=NOON) == len(expected)


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(kind=CaseKind.HUMAN), Wanted(policy="x"), Wanted(staff_id=1)])
def test_no_view_sorts_what_waits(sessions: Sessions, wanted: Wanted) -> None:
    """Told by SQLite's own plan: a sort is a temporary B-tree."""
    from outreach_api.cases.queue_list import _branches

    if sessions.engine.dialect.name != "sqlite":
        pytest.skip("the plan is read in SQLite's words")
    with sessions.read() as session:
        for branch in _branches(wanted, NOON):
            query = select(Case.due_at, Case.id).where(*branch).order_by(Case.due_at, Case.id).limit(31)
            text = str(query.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
            plan = [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
            assert any("USING" in step and "INDEX ix_case" in step for step in plan), plan
            assert not any("TEMP B-TREE" in step for step in plan), plan


def test_of_many_cases_one_that_changed_holds_up_no_other(sessions: Sessions) -> None:
    with sessions.write() as session:
        staff = a_staff_member(session, Role.AGENT, most_cases=2)
        cases = [a_case(session, a_match(session), kind=CaseKind.HUMAN) for _ in range(4)]
        session.flush()
        seen = [(case.id, case.version) for case in cases]
        staff_id = staff.id
    stale = [(seen[0][0], 99), *seen[1:], (999, 1)]
    done = give_many(sessions, stale, staff_id, why="林姐请假", by="staff:9", now=NOON)
    # Two are all that these hands hold.
    assert (done.given, done.left) == (2, 3)
    with sessions.read() as session:
        held = session.scalars(select(Case.id).where(Case.staff_id == staff_id)).all()
        assert held == [seen[1][0], seen[2][0]]
        assert session.get_one(Case, held[0]).changes[-1].note == "林姐请假"


def test_a_slow_count_is_made_beside_the_pages_and_told(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()
    monkeypatch.setattr(figure_board, "REST_FACTOR", 0)
    board = FigureBoard(sessions, lambda: NOON, told.set)
    assert board.look().funnel.newly_matched == {}
    monkeypatch.setattr(figure_board, "QUICK_SECONDS", -1.0)
    _find_one(sessions)
    assert board.look().funnel.newly_matched == {}
    assert told.wait(5)
    assert board.look().funnel.newly_matched == {"elderly-allowance": 1}


def test_what_happens_while_the_board_rests_is_counted_when_the_rest_is_over(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Event()
    board = FigureBoard(sessions, lambda: NOON, told.set)
    board.look()
    monkeypatch.setattr(figure_board, "QUICK_SECONDS", -1.0)
    monkeypatch.setattr(figure_board, "REST_FACTOR", 0.3 / board._took)
    _find_one(sessions)
    # Asked once, in the middle of the rest; nobody asks again.
    assert board.look().funnel.newly_matched == {}
    assert told.wait(5)
    assert board.look().funnel.newly_matched == {"elderly-allowance": 1}
    told.clear()
    board.look()
    assert board._recount_due is None, "a count that holds is not made again"


def _find_one(sessions: Sessions) -> None:
    with sessions.write() as session:
        a_match(session)
        session.add(Event(at=NOON, kind=EventKind.MATCHES_FOUND, facts={"policy": "elderly-allowance"}))


def test_the_pulse_counts_what_is_due_and_todays_contacts(sessions: Sessions) -> None:
    with sessions.write() as session:
        match = a_match(session)
        a_contact(session, match, due_at=NOON - timedelta(minutes=1))
        a_contact(session, match, due_at=NOON + timedelta(minutes=1))
        a_contact(session, match, state=ContactState.DELIVERED, due_at=NOON - timedelta(days=2))
        a_contact(session, match, state=ContactState.DELIVERED, due_at=NOON - timedelta(hours=1))
        found = pulse(session, now=NOON, since=NOON - timedelta(hours=12))
    assert (found.to_send, found.to_answer, found.parked, found.is_slow) == (1, 0, 0, False)
    assert found.today == {Channel.SMS: {ContactState.DELIVERED: 1, ContactState.PLANNED: 1}}


def test_the_pulse_says_when_the_assistant_last_read_and_what_it_did_not_answer(sessions: Sessions) -> None:
    with sessions.write() as session:
        assert pulse(session, now=NOON, since=NOON).read_at is None
        talk = a_conversation(session, a_resident(session), (Author.RESIDENT, "带什么"), (Author.RESIDENT, "T"))
        talk.messages[0].reading = {"ranking": [{"intent": "ask_documents", "confidence": 0.9}], "exact": None}
        talk.messages[1].reading = {"ranking": [], "exact": "opt_out"}
        values = {"provider": "test", "channel": Channel.SMS, "sender": "x", "sender_index": "x", "recipient": "x"}
        for attempts in (0, 1):
            session.add(
                Inbound(
                    provider_ref=str(attempts),
                    text="?",
                    received_at=NOON,
                    due_at=NOON + timedelta(hours=1),
                    attempts=attempts,
                    **values,
                )
            )
        found = pulse(session, now=NOON, since=NOON)
        assert (found.read_at, found.put_off) == (talk.messages[0].at, 1)
