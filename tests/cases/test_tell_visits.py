"""Who expects a team is told in time, once, and only where texts are wanted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Appointment, Case
from models.contact import Contact
from models.resident import Preference, Resident
from models.session import Sessions
from models.vocabulary import CaseReason, Channel, ContactPurpose, ContactState, DayPart, PhoneState, StopReason
from outreach_api.cases.appointments import appoint
from outreach_api.cases.routing import Slot
from outreach_api.cases.tell_visits import tell_visits
from outreach_api.cases.work_case import resolve
from outreach_api.conversations.proof import code_for_visit, spaced
from scheduler.planning.stops import StopScope, place_stop
from tests.builders import NOON, a_case, a_match, a_resident, a_team

TOMORROW = NOON.date() + timedelta(days=1)


def expecting(session: Session, resident: Resident | None = None, policy: str = "elderly-allowance") -> Appointment:
    case = a_case(session, a_match(session, resident, policy_id=policy))
    return appoint(session, case, a_team(session).id, Slot(TOMORROW, DayPart.MORNING), by="system", now=NOON)


def texts(sessions: Sessions) -> list[Contact]:
    with sessions.read() as session:
        found = list(session.scalars(select(Contact).order_by(Contact.id)))
        session.expunge_all()
        return found


def test_a_resident_is_told_once_when_and_by_which_code(sessions: Sessions) -> None:
    with sessions.write() as session:
        resident = a_resident(session)
        first = expecting(session, resident)
        expecting(session, resident, "elderly-health-check")
        code = spaced(code_for_visit(first.id))
    assert (tell_visits(sessions, now=NOON), tell_visits(sessions, now=NOON)) == (1, 0)
    (text,) = texts(sessions)
    assert (text.purpose, text.state, text.due_at) == (ContactPurpose.VISIT_NOTICE, ContactState.PLANNED, NOON)
    assert "9月2日上午" in text.text
    assert code in text.text
    # A phone may be a whole family's: neither who nor what for.
    assert "秀兰" not in text.text
    assert "津贴" not in text.text


@pytest.mark.parametrize("why", ["stopped", "unreachable"])
def test_who_wants_or_gets_no_texts_is_not_told_by_one(sessions: Sessions, why: str) -> None:
    with sessions.write() as session:
        resident = a_resident(session)
        expecting(session, resident)
        if why == "stopped":
            scope = StopScope(resident.id, None)
            place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)
        else:
            resident.phones[0].phone.state = PhoneState.UNREACHABLE
    assert tell_visits(sessions, now=NOON) == 0
    assert texts(sessions) == []


def test_who_cannot_use_a_phone_is_called_and_texted_only_in_vain(sessions: Sessions) -> None:
    with sessions.write() as session:
        expecting(session).case.reason = CaseReason.CANNOT_USE_PHONE
    both = (Channel.SMS, Channel.VOICE)
    assert [tell_visits(sessions, channels=both, now=NOON) for _ in range(2)] == [1, 0]
    (call,) = texts(sessions)
    assert (call.channel, call.purpose) == (Channel.VOICE, ContactPurpose.VISIT_NOTICE)
    assert "核对号" in call.text
    with sessions.write() as session:
        session.get_one(Contact, call.id).state = ContactState.NO_ANSWER
    assert tell_visits(sessions, channels=both, now=NOON) == 1
    assert texts(sessions)[1].channel is Channel.SMS


def test_a_landline_is_called(sessions: Sessions) -> None:
    with sessions.write() as session:
        resident = a_resident(session)
        resident.phones[0].phone.state = PhoneState.LANDLINE
        expecting(session, resident)
    assert tell_visits(sessions, now=NOON) == 0
    assert tell_visits(sessions, channels=(Channel.SMS, Channel.VOICE), now=NOON) == 1
    assert [text.channel for text in texts(sessions)] == [Channel.VOICE]


def test_who_wants_no_robot_calls_gets_the_text(sessions: Sessions) -> None:
    with sessions.write() as session:
        case = expecting(session).case
        case.reason = CaseReason.CANNOT_USE_PHONE
        session.add(Preference(resident_id=case.resident_id, name="no_robot_calls", value={}, since=NOON))
    tell_visits(sessions, channels=(Channel.SMS, Channel.VOICE), now=NOON)
    assert [text.channel for text in texts(sessions)] == [Channel.SMS]


def test_what_is_called_off_before_it_was_said_is_not_said(sessions: Sessions) -> None:
    with sessions.write() as session:
        expecting(session)
    tell_visits(sessions, now=NOON)
    with sessions.write() as session:
        resolve(session, session.scalars(select(Case)).one(), by="staff:1", now=NOON)
    tell_visits(sessions, now=NOON)
    assert [text.state for text in texts(sessions)] == [ContactState.CANCELLED]


def test_at_night_it_waits_for_the_morning(sessions: Sessions) -> None:
    with sessions.write() as session:
        expecting(session)
    tell_visits(sessions, now=NOON + timedelta(hours=10))
    assert texts(sessions)[0].due_at == NOON + timedelta(hours=21)
