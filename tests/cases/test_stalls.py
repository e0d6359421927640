"""Stall days: who is invited and who is held back, and what is recorded at the table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case
from models.contact import Contact
from models.match import Match, MatchChange
from models.session import Sessions
from models.stall import StallInvitation
from models.vocabulary import CaseState, ContactPurpose, ContactState, MatchState, Refusal, StallOutcome, StopReason
from outreach_api.cases.hall_desk import DeskRefused
from outreach_api.stalls.invite import invite_to_stalls
from outreach_api.stalls.stall_days import (
    StallPlan,
    StallRefused,
    cancel_stall,
    plan_stall,
    record_at_stall,
    stall_figures,
)
from scheduler.planning.stops import StopScope, place_stop
from tests.builders import NOON, a_case, a_match, a_resident

DAY = timedelta(days=1)
ON = NOON.date() + 3 * DAY
PLAN = StallPlan(ON, "上午9点到11点半", "翠景花园中庭", "东门街道", "湖贝社区", ("翠景花园",))


@pytest.fixture
def stall(sessions: Sessions) -> int:
    with sessions.write() as session:
        return plan_stall(session, PLAN, by="staff:1", today=NOON.date(), now=NOON).id


def a_neighbour(sessions: Sessions, address: str = "湖贝路1号翠景花园2栋", **values: Any) -> int:
    with sessions.write() as session:
        return a_match(session, a_resident(session, address=address, **values)).resident_id


def test_those_matched_in_the_estate_are_invited_once(sessions: Sessions, stall: int) -> None:
    invited = a_neighbour(sessions)
    a_neighbour(sessions, address="湖贝路9号别的小区")
    a_neighbour(sessions, community="别的社区")
    with sessions.write() as session:
        a_resident(session, address="湖贝路1号翠景花园3栋")
    assert [invite_to_stalls(sessions, cards={}, now=NOON) for _ in range(2)] == [1, 0]
    with sessions.read() as session:
        text = session.scalars(select(Contact)).one()
        assert (text.resident_id, text.purpose) == (invited, ContactPurpose.STALL)
        assert "翠景花园中庭" in text.text
        assert "津贴" not in text.text


def test_a_stop_and_a_full_budget_hold_back_and_tomorrow_is_another_day(sessions: Sessions, stall: int) -> None:
    stopped, busy = a_neighbour(sessions), a_neighbour(sessions)
    with sessions.write() as session:
        scope = StopScope(stopped, None)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)
        # Who opted out has nothing open any more; one that another benefit opens is held back all the same.
        a_match(session, session.get_one(Match, 1).resident, policy_id="elderly-health-check")
        phone = session.scalars(select(Match).where(Match.resident_id == busy)).one().resident.phones[0].phone_id
        session.add(
            Contact(
                resident_id=busy, phone_id=phone, channel="sms", purpose="offer", state="delivered",
                template_key="offer", variables={}, text="您好", created_at=NOON, due_at=NOON, sent_at=NOON,
            )
        )  # fmt: skip
    assert invite_to_stalls(sessions, cards={}, now=NOON) == 0
    with sessions.read() as session:
        why = {one.resident_id: one.refusal for one in session.scalars(select(StallInvitation))}
    assert why == {stopped: Refusal.OPTED_OUT, busy: Refusal.DAILY_CAP}
    assert invite_to_stalls(sessions, cards={}, now=NOON + DAY) == 1


def test_too_early_too_late_or_called_off_invites_nobody(sessions: Sessions, stall: int) -> None:
    a_neighbour(sessions)
    assert invite_to_stalls(sessions, cards={}, now=NOON - DAY) == 0
    assert invite_to_stalls(sessions, cards={}, now=NOON + 3 * DAY) == 0
    assert invite_to_stalls(sessions, cards={}, now=NOON) == 1
    with sessions.write() as session:
        cancel_stall(session, stall, now=NOON)
        assert session.scalars(select(Contact.state)).all() == [ContactState.CANCELLED]
    assert invite_to_stalls(sessions, cards={}, now=NOON + DAY) == 0


@pytest.mark.parametrize("plan", [StallPlan(NOON.date(), "9", "x", "y"), StallPlan(ON, " ", "x", "y")])
def test_what_cannot_be_announced_is_refused(sessions: Sessions, plan: StallPlan) -> None:
    with sessions.write() as session, pytest.raises(StallRefused):
        plan_stall(session, plan, by="staff:1", today=NOON.date(), now=NOON)


def test_what_is_done_at_the_table_is_kept_with_the_stall(sessions: Sessions, stall: int) -> None:
    with sessions.write() as session:
        resident = a_resident(session)
        first, second = (a_match(session, resident, policy_id=one) for one in ("elderly-allowance", "other"))
        case_id = a_case(session, first).id
        record_at_stall(session, stall, resident.id, first.id, StallOutcome.APPLIED, by="staff:2", now=NOON)
        record_at_stall(session, stall, resident.id, second.id, StallOutcome.GUIDED, by="staff:2", now=NOON)
        with pytest.raises(DeskRefused):
            record_at_stall(session, stall, resident.id, first.id, StallOutcome.DECLINED, by="staff:2", now=NOON)
        assert (first.state, second.state) == (MatchState.APPLIED_AT_HALL, MatchState.INTERESTED)
        assert session.get_one(Case, case_id).state is CaseState.RESOLVED
        record_at_stall(session, stall, resident.id, second.id, StallOutcome.DECLINED, by="staff:2", now=NOON)
        (figures,) = stall_figures(session)
        assert figures.outcomes == {StallOutcome.APPLIED: 1, StallOutcome.DECLINED: 1}
        grounds = session.scalars(select(MatchChange.because).where(MatchChange.match_id == first.id)).all()
        assert grounds[-1] == f"stall:{stall}:staff:2"
