"""Opening a case, or adding to the one that is already open about the same thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from models.case import Case, CaseChange
from models.event import Event
from models.resident import Resident
from models.session import lock_resident
from models.vocabulary import CaseKind, CaseReason, CaseState, EventKind, HookTopic, Urgency
from outreach_api.cases.priorities import marks_of, urgency_of
from outreach_api.cases.promises import DISTRICT_HOURS, WorkingHours, due_time
from outreach_api.hooks.outbox import tell
from scheduler.planning.holidays import DayKind, HolidayCalendar
from scheduler.planning.rules import contact_rules

OPEN_CASE_STATES = frozenset({CaseState.OPEN, CaseState.ACCEPTED})


def open_case(
    session: Session,
    *,
    kind: CaseKind,
    reason: CaseReason,
    now: datetime,
    resident_id: int | None = None,
    match_id: int | None = None,
    policy_id: str | None = None,
    conversation_id: int | None = None,
    message_id: int | None = None,
    summary: str | None = None,
    urgency: Urgency = Urgency.NORMAL,
    by: str = "system",
) -> Case:
    """Open a case in the caller's transaction, or add to an open one of the same kind, person and match.

    One without a match joins any open case of that kind and person; a case is then never less urgent than before, and
    keeps the earlier of its promises. Whatever marks it for priority makes it urgent.
    """
    if resident_id is not None:
        lock_resident(session, resident_id)
    resident = session.get(Resident, resident_id) if resident_id is not None else None
    marks = marks_of(kind, resident, now)
    asked = Case(
        kind=kind,
        reason=reason,
        state=CaseState.OPEN,
        urgency=urgency_of(marks, urgency),
        marks=[mark.value for mark in marks],
        resident_id=resident_id,
        match_id=match_id,
        policy_id=policy_id,
        conversation_id=conversation_id,
        message_id=message_id,
        summary=summary,
        opened_at=now,
        due_at=due_time(kind, now, hours_in_force(session)),
    )
    standing = _standing_case(session, asked)
    if standing is not None:
        return _add_to(session, standing, asked, by=by)
    session.add(asked)
    record_change(session, asked, "opened", by=by, now=now, detail={"reason": reason.value})
    return asked


def hours_in_force(session: Session) -> WorkingHours:
    """The working hours with the holidays and make-up days that staff entered."""
    return working_hours(contact_rules(session).hours.calendar)


def working_hours(calendar: HolidayCalendar) -> WorkingHours:
    return replace(DISTRICT_HOURS, is_working_day=lambda day: calendar.kind(day) is DayKind.WORKDAY)


def record_change(
    session: Session,
    case: Case,
    change: str,
    *,
    by: str,
    now: datetime,
    detail: dict[str, Any] | None = None,
    note: str | None = None,
) -> CaseChange:
    """Write a line of the case's history, and the event that live pages wait for."""
    session.flush()
    entry = CaseChange(case_id=case.id, at=now, by=by, change=change, detail=detail or {}, note=note)
    session.add(entry)
    facts = {"case": case.id, "kind": case.kind.value, "state": case.state.value, "change": change}
    session.add(Event(at=now, kind=EventKind.CASE_CHANGED, facts=facts))
    topic = HookTopic.CASE_OPENED if change == "opened" else HookTopic.CASE_CHANGED
    told = {"reason": case.reason.value, "policy": case.policy_id, "conversation": case.conversation_id}
    tell(session, topic, facts | told, now=now)
    return entry


def _standing_case(session: Session, asked: Case) -> Case | None:
    """The open case about the same thing. Nobody's case about nothing in particular joins no other."""
    if asked.resident_id is not None:
        person = Case.resident_id == asked.resident_id
    elif asked.conversation_id is not None:
        person = Case.conversation_id == asked.conversation_id
    else:
        return None
    query = select(Case).where(person, Case.kind == asked.kind, Case.state.in_(OPEN_CASE_STATES), *_same_subject(asked))
    # The exact match before the case about no match in particular.
    return session.scalars(query.order_by(Case.match_id.is_(None), Case.id)).first()


def _same_subject(asked: Case) -> list[ColumnElement[bool]]:
    # Who wants a copy and then to be deleted wants two things.
    same: list[ColumnElement[bool]] = [Case.reason == asked.reason] if asked.kind is CaseKind.RIGHTS else []
    if asked.match_id is not None:
        same.append(or_(Case.match_id == asked.match_id, Case.match_id.is_(None)))
    if asked.policy_id is not None:
        same.append(or_(Case.policy_id == asked.policy_id, Case.policy_id.is_(None)))
    return same


def _add_to(session: Session, case: Case, asked: Case, *, by: str) -> Case:
    case.match_id = case.match_id or asked.match_id
    case.policy_id = case.policy_id or asked.policy_id
    case.conversation_id = case.conversation_id or asked.conversation_id
    case.message_id = case.message_id or asked.message_id
    case.due_at = min(case.due_at, asked.due_at)
    if asked.urgency is Urgency.HIGH:
        case.urgency = Urgency.HIGH
    detail = {"reason": asked.reason.value}
    record_change(session, case, "added_to", by=by, now=asked.opened_at, detail=detail, note=asked.summary)
    return case
