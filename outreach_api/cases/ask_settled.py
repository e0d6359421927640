"""Asking who reported something whether it is settled: by text, then by call; and what their answer does."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

from models.case import Case
from models.contact import Contact
from models.session import Sessions
from models.vocabulary import CaseKind, CaseState, Channel, ContactPurpose, ContactState
from outreach_api.cases.tell_by import Way, ways_to
from outreach_api.cases.work_case import confirm, find_case, reopen
from outreach_api.conversations.copy_deck import LINES
from scheduler.planning.budget import UNSPENT
from scheduler.planning.rules import contact_rules

ASKED_KINDS = (CaseKind.APPEAL, CaseKind.COMPLAINT)
ASKED_WITHIN = timedelta(days=7)
"""What was settled longer ago is asked about no more."""
CALLED_AFTER = timedelta(days=2)
EXPIRES_AFTER = timedelta(days=2)
TEMPLATES = {Channel.SMS: "case_check", Channel.VOICE: "case_check_spoken"}
RESIDENT = "resident"


def ask_settled(sessions: Sessions, *, channels: Collection[Channel] = (Channel.SMS,), now: datetime) -> int:
    """Ask those whose appeal or complaint was resolved lately whether it is; how many were asked.

    Two days after a text without an answer they are called, where calls are made; then they are left alone.
    """
    with sessions.write() as session:
        given = {"resolved_since": now - ASKED_WITHIN, "asked_before": now - CALLED_AFTER}
        to_ask = session.execute(_to_ask(), given).all()
        if not to_ask:
            return 0
        rules = contact_rules(session)
        ways = ways_to(session, {case.resident_id for case, _ in to_ask if case.resident_id is not None})
        asked = 0
        for case, before in to_ask:
            way = ways.to(case.resident_id or 0, _wanted(before, channels), rules, now)
            if way is not None:
                contact = _contact(case, way, now)
                session.add(contact)
                session.flush()
                case.asked_by = contact.id
                asked += 1
    return asked


def answer_settled(session: Session, case_id: int, *, settled: bool, words: str, now: datetime) -> None:
    """Confirm the case, or open it again with what they said; one that has moved on meanwhile stays as it is."""
    case = find_case(session, case_id)
    if case.state is not CaseState.RESOLVED:
        return
    if settled:
        confirm(session, case, by=RESIDENT, now=now)
    else:
        reopen(session, case, by=RESIDENT, now=now, note=words)


@cache
def _to_ask() -> Select[Case, Contact]:
    unasked = or_(Case.asked_by.is_(None), Contact.state.in_(UNSPENT))
    silent = (Contact.channel == Channel.SMS) & (Contact.sent_at < bindparam("asked_before"))
    return (
        select(Case, Contact)
        .outerjoin(Contact, Contact.id == Case.asked_by)
        .where(Case.kind.in_(ASKED_KINDS), Case.state == CaseState.RESOLVED, Case.resident_id.is_not(None))
        .where(Case.resolved_at >= bindparam("resolved_since"), or_(unasked, silent))
        .order_by(Case.id)
    )


def _wanted(before: Contact | None, channels: Collection[Channel]) -> list[Channel]:
    """How they are asked, of what is at work: whom a text reached in vain by call alone."""
    again = before is not None and before.state not in UNSPENT
    return [one for one in ((Channel.VOICE,) if again else (Channel.SMS, Channel.VOICE)) if one in channels]


def _contact(case: Case, way: Way, now: datetime) -> Contact:
    template = TEMPLATES[way.channel]
    return Contact(
        resident_id=case.resident_id,
        phone_id=way.phone_id,
        channel=way.channel,
        purpose=ContactPurpose.CASE_CHECK,
        state=ContactState.PLANNED,
        template_key=template,
        variables={},
        text=LINES[template],
        created_at=now,
        due_at=way.due_at,
        expires_at=way.due_at + EXPIRES_AFTER,
    )
