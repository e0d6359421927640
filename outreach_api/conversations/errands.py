"""What somebody was texted or called for besides an offer: that a team comes, whether a case is settled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session, aliased

from models.call import Call
from models.case import Case
from models.contact import Contact
from models.vocabulary import PROACTIVE_PURPOSES, CaseState, ContactPurpose, ContactState

ANSWERABLE_FOR = timedelta(days=7)
ERRANDS = (ContactPurpose.VISIT_NOTICE, ContactPurpose.CASE_CHECK)
_NEVER_READ = (ContactState.PLANNED, ContactState.CANCELLED, ContactState.REJECTED, ContactState.NOT_SENT)
# Put together once: it is asked at every turn of every talk, and finds something at few.
_newer = aliased(Contact)
_ASKED = (
    select(Case.id, Contact.resident_id, Contact.text)
    .select_from(Contact)
    .join(Case, Case.asked_by == Contact.id)
    .where(
        Contact.phone_id == bindparam("phone_id"),
        Contact.purpose == ContactPurpose.CASE_CHECK,
        Contact.resident_id.is_not(None),
        Contact.sent_at >= bindparam("since"),
        Contact.state.not_in(_NEVER_READ),
        Case.state == CaseState.RESOLVED,
    )
    .where(
        ~exists().where(
            _newer.phone_id == Contact.phone_id,
            _newer.purpose.in_(PROACTIVE_PURPOSES),
            _newer.state.not_in(_NEVER_READ),
            _newer.sent_at > Contact.sent_at,
        )
    )
    .order_by(Contact.id.desc())
    .limit(1)
)
_END = r"(了|啦|的|呀|啊|嘅|咗|谢谢(你们?|您)?|多谢)*"
_SETTLED = re.compile(
    rf"(按键)?1|(是|对)(的|啊|呀)?|(嗯|对|是|是的|好的|都|已经?|早就?|真的|问题)*"
    rf"(解决|办好|搞定|修好|处理好?|弄好|搞掂|整好|办妥|好(?=了|啦|咗)){_END}"
)
_NOT_SETTLED = re.compile(
    r"(按键)?2|(还是?|都|一直|根本|问题|到现在)*(没有?|未|冇|不|唔)(有)?(人来|人管|动静|变化)?"
    rf"(解决|办好|搞定|修好|处理好?|弄好|搞掂|整好|办妥|好|行)?{_END}"
)


@dataclass(frozen=True)
class Errand:
    """`case_id` is the case whose settlement is asked for; none where somebody is only told of a visit."""

    resident_id: int
    case_id: int | None
    text: str
    is_call: bool
    """Said only once it is known who speaks."""


def read_errand(session: Session, call: Call | None, phone_id: int | None, now: datetime) -> Errand | None:
    """What this call was made for, or what the phone was asked last by text; nothing where anything else came since."""
    if call is not None:
        return _called_for(session, call)
    if phone_id is None:
        return None
    found = session.execute(_ASKED, {"phone_id": phone_id, "since": now - ANSWERABLE_FOR}).first()
    return Errand(found.resident_id, found.id, found.text, is_call=False) if found else None


def is_settled(text: str) -> bool | None:
    """Whether they say that it is settled; None where they say neither."""
    words = re.sub(r"[\s，,。.！!～~“”\"]", "", text)
    if _NOT_SETTLED.fullmatch(words):
        return False
    return True if _SETTLED.fullmatch(words) else None


def _called_for(session: Session, call: Call) -> Errand | None:
    contact = session.get(Contact, call.contact_id) if call.contact_id is not None else None
    if contact is None or contact.purpose not in ERRANDS or contact.resident_id is None:
        return None
    asks = contact.purpose is ContactPurpose.CASE_CHECK
    asked = select(Case.id).where(Case.asked_by == contact.id, Case.state == CaseState.RESOLVED)
    case_id = session.scalar(asked) if asks else None
    return None if asks and case_id is None else Errand(contact.resident_id, case_id, contact.text, is_call=True)
