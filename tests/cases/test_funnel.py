from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from models.vocabulary import CaseKind, Channel, ContactState, MatchState, StopReason
from outreach_api.cases.work_case import Assignee, accept
from outreach_api.reports.funnel import funnel
from scheduler.planning.stops import StopScope, place_stop, release_stop
from tests.builders import NOON, a_case, a_contact, a_match, a_resident


def test_match_states_sum_to_what_was_newly_matched(session: Session) -> None:
    for state in (MatchState.NEW, MatchState.NEW, MatchState.APPLIED_ONLINE):
        a_match(session, state=state)
    a_match(session, policy_id="elderly-health-check")
    figures = funnel(session, NOON)
    assert figures.newly_matched == {"elderly-allowance": 3, "elderly-health-check": 1}
    assert figures.match_states["elderly-allowance"] == {"applied_online": 1, "new": 2}


def test_contacts_are_counted_by_channel_and_unknown_sends_apart(session: Session) -> None:
    match = a_match(session)
    for state in (ContactState.UNKNOWN, ContactState.DELIVERED):
        a_contact(session, match, state=state)
    a_contact(session, match, channel=Channel.VOICE, state=ContactState.UNKNOWN)
    figures = funnel(session, NOON)
    assert figures.contacts == {"sms": 2, "voice": 1}
    assert figures.unknown_sends == 2


def test_clocks_tell_waiting_from_in_hand_and_late(session: Session) -> None:
    a_case(session, a_match(session))
    accept(session, a_case(session, a_match(session)).id, Assignee(), by="staff:1", now=NOON)
    late = a_case(session, a_match(session), now=NOON - timedelta(days=30))
    a_case(session, kind=CaseKind.COMPLAINT)
    figures = funnel(session, NOON)
    visits = figures.clocks["home_visit"]
    assert (visits.waiting, visits.in_hand, visits.overdue, figures.overdue) == (2, 1, 1, 1)
    assert visits.next_due_at is not None
    assert late.due_at < NOON < visits.next_due_at
    assert figures.cases == {"complaint": 1, "home_visit": 3}


def test_only_stops_in_force_are_counted(session: Session) -> None:
    for released in (False, True):
        scope = StopScope(a_resident(session).id, None)
        stop = place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)
        if released:
            release_stop(session, stop, by="staff:1", why="本人要求恢复", now=NOON)
    assert funnel(session, NOON).stops == {"opt_out": 1}
