"""Clocks, escalation, forecast and merging; and that no order of steps by two people breaks any of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from models.case import Case
from models.session import Sessions
from models.transitions import UnlawfulTransition
from models.vocabulary import CaseKind, CaseReason, CaseState, EscalationLevel, PriorityMark, Urgency
from outreach_api.cases.clocks import KEPT_WHEN, Standing, standing
from outreach_api.cases.escalation import LEVELS, Promised, is_higher, level_due
from outreach_api.cases.forecast import LEAST_MEASURED, expect, forecast
from outreach_api.cases.merge_cases import MergeRefused, merge
from outreach_api.cases.promise_figures import PromiseFigures, promise_figures
from outreach_api.cases.promises import DISTRICT_HOURS, due_time, working_time
from outreach_api.cases.watch_queue import watch_queue
from outreach_api.cases.work_case import (
    Assignee,
    CaseTaken,
    accept,
    assign,
    cancel,
    confirm,
    give_feedback,
    hand_back,
    reopen,
    resolve,
)
from tests.builders import NOON, a_case, a_match, a_resident

SHENZHEN = ZoneInfo("Asia/Shanghai")
BY = "staff:1"
HOUR = timedelta(hours=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHENZHEN)


def test_every_kind_says_what_keeps_its_promise() -> None:
    assert set(KEPT_WHEN) == set(CaseKind)


def test_feedback_keeps_the_promise_of_a_call_but_not_that_of_a_complaint(session: Session) -> None:
    wish, complaint = a_case(session, kind=CaseKind.HUMAN), a_case(session, kind=CaseKind.COMPLAINT)
    for case in (wish, complaint):
        give_feedback(session, case, by=BY, now=NOON + HOUR, note="已回电")
    assert standing(wish, NOON + 9 * HOUR) is Standing.KEPT
    assert standing(complaint, NOON + 9 * HOUR) is Standing.RUNNING
    assert standing(complaint, complaint.due_at + HOUR) is Standing.BROKEN


def test_a_promise_kept_too_late_is_no_kept_promise(session: Session) -> None:
    case = a_case(session, kind=CaseKind.HUMAN)
    resolve(session, case, by=BY, now=case.due_at + HOUR)
    assert standing(case, NOON) is Standing.KEPT_LATE


def test_reopening_lets_the_promise_run_anew(session: Session) -> None:
    case = a_case(session, kind=CaseKind.APPEAL)
    resolve(session, case, by=BY, now=NOON + HOUR)
    later = NOON + timedelta(days=3)
    reopen(session, case, by=BY, now=later, note="路灯又坏了")
    assert (case.kept_at, case.first_feedback_at) == (None, None)
    assert standing(case, later) is Standing.RUNNING
    assert case.due_at == due_time(CaseKind.APPEAL, later)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-09-01T10:00", "2026-09-01T11:00", 1),
        ("2026-09-01T11:00", "2026-09-01T15:00", 2),
        ("2026-09-04T17:00", "2026-09-07T10:00", 2),
        ("2026-09-05T09:00", "2026-09-06T18:00", 0),
        ("2026-09-01T12:00", "2026-09-01T10:00", 0),
    ],
)
def test_working_time_counts_presence_only(start: str, end: str, hours: float) -> None:
    assert working_time(local(start), local(end)) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("now", "kept", "foretold", "level"),
    [
        ("2026-09-01T09:30", None, False, EscalationLevel.NONE),
        ("2026-09-01T09:30", None, True, EscalationLevel.TEAM),
        ("2026-09-01T10:30", None, False, EscalationLevel.TEAM),
        ("2026-09-01T11:30", None, False, EscalationLevel.SUPERVISOR),
        ("2026-09-02T11:30", None, False, EscalationLevel.DISTRICT),
        ("2026-09-02T11:30", "2026-09-01T16:00", False, EscalationLevel.NONE),
    ],
)
def test_the_ladder_rises_as_the_promise_runs_out(
    now: str, kept: str | None, foretold: bool, level: EscalationLevel
) -> None:
    promise = Promised(local("2026-09-01T09:00"), local("2026-09-01T11:00"), local(kept) if kept else None, foretold)
    assert level_due(promise, DISTRICT_HOURS, local(now)) is level


@given(st.lists(st.integers(0, 14 * 24), min_size=2, max_size=2).map(sorted))
def test_an_unkept_promise_never_comes_down_the_ladder(hours: list[int]) -> None:
    opened = local("2026-09-01T09:00")
    promise = Promised(opened, due_time(CaseKind.HUMAN, opened), None)
    earlier, later = (level_due(promise, DISTRICT_HOURS, opened + hour * HOUR) for hour in hours)
    assert not is_higher(earlier, than=later)


def test_the_queue_is_foretold_at_the_pace_of_late(session: Session) -> None:
    """Seven promises kept in a week of 35 working hours: an hour of presence keeps a fifth of a promise."""
    for _ in range(7):
        case = a_case(session, kind=CaseKind.HUMAN, now=NOON - 40 * HOUR)
        resolve(session, case, by=BY, now=NOON - HOUR)
    waiting = [a_case(session, kind=CaseKind.HUMAN, now=NOON) for _ in range(3)]
    session.flush()
    late = forecast(session, CaseKind.HUMAN, DISTRICT_HOURS, NOON)
    assert [turn.case_id for turn in late] == [case.id for case in waiting]
    assert expect([(1, NOON + 9 * HOUR)], 2.0, DISTRICT_HOURS, NOON)[0].at == local("2026-09-01T14:30")
    assert forecast(session, CaseKind.APPEAL, DISTRICT_HOURS, NOON) == []
    assert LEAST_MEASURED <= 7


class ClosesSoon:
    def closes_on(self, today: date) -> date | None:
        return today + timedelta(days=5)


def test_the_hourly_look_marks_and_escalates_once(sessions: Sessions) -> None:
    with sessions.write() as session:
        case_id = a_case(session, a_match(session), now=NOON - timedelta(days=9)).id
    cards = {"elderly-allowance": ClosesSoon()}
    first = watch_queue(sessions, cards, now=NOON)
    again = watch_queue(sessions, cards, now=NOON)
    assert (first.escalated, first.marked, again.escalated, again.marked) == (1, 1, 0, 0)
    with sessions.read() as session:
        case = session.get_one(Case, case_id)
        assert (case.escalation, case.urgency) == (EscalationLevel.DISTRICT, Urgency.HIGH)
        assert case.marks == [PriorityMark.DEADLINE_NEAR]
        assert [change.change for change in case.changes] == ["opened", "marked", "escalated"]


def test_marks_say_why_somebody_comes_first(session: Session) -> None:
    resident = a_resident(session, birth_date=date(1930, 1, 1), focus_groups=["独居", "残疾"])
    case = a_case(session, kind=CaseKind.COMPLAINT, resident_id=resident.id)
    assert set(case.marks) == {"complaint", "living_alone", "ninety_plus", "disabled"}


def test_merging_keeps_the_earlier_promise_and_both_histories(session: Session) -> None:
    match = a_match(session)
    first = a_case(session, kind=CaseKind.HUMAN, resident_id=match.resident_id)
    stranger = a_case(session, kind=CaseKind.HUMAN, now=NOON - HOUR, summary="老人家属来电")
    into = merge(session, stranger.id, first.id, seen_version=stranger.version, by=BY, now=NOON)
    assert into is first
    assert (stranger.state, stranger.merged_into_id) == (CaseState.CANCELLED, first.id)
    assert first.due_at == due_time(CaseKind.HUMAN, NOON - HOUR)
    session.flush()
    session.refresh(first)
    assert [(c.change, c.note) for c in first.changes] == [("opened", None), ("took_in", "老人家属来电")]
    reopen(session, stranger, by=BY, now=NOON, note="是另一件事")
    assert stranger.merged_into_id is None


@pytest.mark.parametrize("differs", ["kind", "person", "finished", "itself"])
def test_what_is_not_one_thing_is_not_merged(session: Session, differs: str) -> None:
    into = a_case(session, kind=CaseKind.HUMAN, resident_id=a_resident(session).id)
    kind = CaseKind.APPEAL if differs == "kind" else CaseKind.HUMAN
    person = a_resident(session).id if differs == "person" else None
    other = into if differs == "itself" else a_case(session, kind=kind, resident_id=person)
    if differs == "finished":
        resolve(session, into, by=BY, now=NOON)
    session.flush()
    with pytest.raises(MergeRefused):
        merge(session, other.id, into.id, seen_version=other.version, by=BY, now=NOON)


def test_promises_are_counted_kind_by_kind(session: Session) -> None:
    kept, late, broken, running, void = (a_case(session, kind=CaseKind.HUMAN) for _ in range(5))
    running.due_at = broken.due_at + timedelta(days=30)
    resolve(session, kept, by=BY, now=NOON)
    resolve(session, late, by=BY, now=late.due_at + HOUR)
    cancel(session, void, by=BY, now=NOON)
    session.flush()
    figures = promise_figures(session, broken.due_at + HOUR)
    assert figures == {"human": PromiseFigures(opened=4, kept=1, kept_late=1, broken=1, running=1)}
    assert figures["human"].breach_share == 2 / 3
    assert PromiseFigures(0, 0, 0, 0, 0).breach_share is None


class PaperSession:
    """Holds cases as the database does, without one: a thousand days at the desk in a second or two.

    A flush counts a case's version up when something of it changed, as SQLAlchemy does; look-ups find no settings.
    """

    def __init__(self) -> None:
        self.cases: dict[int, Case] = {}
        self._flushed: dict[int, dict[str, Any]] = {}

    def open(self, case: Case) -> Case:
        case.id = len(self.cases) + 1
        self.cases[case.id] = case
        self.flush()
        return case

    def get(self, _table: type[Case], case_id: int, **_options: Any) -> Case | None:
        return self.cases.get(case_id)

    def add(self, _row: object) -> None:
        self.flush()

    def connection(self) -> PaperSession:
        return self

    def execute(self, _query: object, _given: object = None) -> PaperSession:
        return self

    def all(self) -> list[tuple[str, Any]]:
        return []

    def flush(self) -> None:
        for case_id, case in self.cases.items():
            now = {name: value for name, value in vars(case).items() if name not in ("_sa_instance_state", "version")}
            if self._flushed.get(case_id) != now:
                case.version = (case.version or 0) + 1
                self._flushed[case_id] = now


class Desk:
    """Two people who act on a pair of cases as each last saw them."""

    def __init__(self) -> None:
        self.session = cast("Session", PaperSession())
        self.cases = [cast("PaperSession", self.session).open(_a_paper_case()) for _ in range(2)]
        self.seen = [[case.version for case in self.cases] for _ in range(2)]
        self.now = NOON

    def look(self, who: int, which: int) -> None:
        self.seen[who][which] = self.cases[which].version

    def act(self, step: str, who: int, which: int) -> None:
        ACTS[step](self, who, which)
        self.session.flush()

    def case(self, who: int, which: int) -> Case:
        case = self.cases[which]
        if case.version != self.seen[who][which]:
            raise CaseTaken("changed since it was shown")
        return case


def _assign(desk: Desk, who: int, which: int) -> None:
    seen = desk.seen[who][which]
    assign(desk.session, desk.cases[which].id, Assignee(), seen_version=seen, by=BY, now=desk.now)


def _merge(desk: Desk, who: int, which: int) -> None:
    duplicate, into = desk.cases[which], desk.cases[1 - which]
    merge(desk.session, duplicate.id, into.id, seen_version=desk.seen[who][which], by=BY, now=desk.now)


ACTS: dict[str, Callable[[Desk, int, int], object]] = {
    "look": lambda d, w, c: d.look(w, c),
    "accept": lambda d, w, c: accept(d.session, d.cases[c].id, Assignee(), by=BY, now=d.now),
    "assign": _assign,
    "merge": _merge,
    "hand_back": lambda d, w, c: hand_back(d.session, d.case(w, c), by=BY, now=d.now),
    "feedback": lambda d, w, c: give_feedback(d.session, d.case(w, c), by=BY, now=d.now, note="好"),
    "resolve": lambda d, w, c: resolve(d.session, d.case(w, c), by=BY, now=d.now),
    "confirm": lambda d, w, c: confirm(d.session, d.case(w, c), by=BY, now=d.now),
    "reopen": lambda d, w, c: reopen(d.session, d.case(w, c), by=BY, now=d.now, note="再来"),
    "cancel": lambda d, w, c: cancel(d.session, d.case(w, c), by=BY, now=d.now),
}
MOVES = st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 1), st.integers(0, 1)), max_size=10)


def _a_paper_case() -> Case:
    return Case(
        kind=CaseKind.HUMAN,
        reason=CaseReason.REQUESTED,
        state=CaseState.OPEN,
        urgency=Urgency.NORMAL,
        escalation=EscalationLevel.NONE,
        marks=[],
        opened_at=NOON,
        due_at=due_time(CaseKind.HUMAN, NOON),
    )


@settings(max_examples=1000, deadline=None)
@given(moves=MOVES)
def test_a_thousand_interleavings_keep_clocks_and_states_valid(moves: list[tuple[str, int, int]]) -> None:
    """Whatever two people do, each on what they last saw, a case's clocks say the same as its state."""
    desk = Desk()
    for step, who, which in moves:
        desk.now += HOUR
        before = [case.version for case in desk.cases]
        try:
            desk.act(step, who, which)
        except (UnlawfulTransition, CaseTaken, MergeRefused):
            assert [case.version for case in desk.cases] == before
        for case in desk.cases:
            _check(case)


def _check(case: Case) -> None:
    finished = {CaseState.RESOLVED, CaseState.CONFIRMED}
    assert (case.state in finished) == (case.resolved_at is not None)
    assert (case.state is CaseState.CONFIRMED) == (case.confirmed_at is not None)
    assert (case.state is CaseState.OPEN) <= (case.accepted_at is None)
    assert (case.state is CaseState.ACCEPTED) <= (case.accepted_at is not None)
    assert (case.state in finished) <= (case.kept_at is not None and case.first_feedback_at is not None)
    assert (case.merged_into_id is not None) <= (case.state is CaseState.CANCELLED)
    clocks = [case.first_feedback_at, case.kept_at, case.accepted_at, case.resolved_at, case.confirmed_at]
    assert all(at >= case.opened_at for at in clocks if at is not None)
    in_order = [at for at in (case.resolved_at, case.confirmed_at) if at is not None]
    assert in_order == sorted(in_order)
    assert case.due_at > case.opened_at
    assert case.escalation in LEVELS
