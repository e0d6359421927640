"""Deleting a resident: words, names and numbers go; what keeps them from being contacted again, and counts, stays.

What is left is the tombstone: the keyed index of who they were, by which the next import knows them again, and the
stop. It opens to no name and no number.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update
from sqlalchemy.orm import Session

from models.call import Call
from models.care import CareEntry
from models.case import Case
from models.chat import ChatLink
from models.contact import Contact
from models.conversation import ContactStop, Conversation, Inbound, Message
from models.event import AuditEntry
from models.match import Match
from models.resident import Mandate, Phone, Preference, Resident, ResidentPhone
from models.session import lock_resident
from models.survey import SurveyInvitation
from models.tables import metadata
from models.vocabulary import CLOSED_MATCH_STATES, InboundState, MatchState, StopReason
from outreach_api.privacy.blanking import blank
from outreach_api.surveys.effects import stop_surveys
from scheduler.matching.moves import move_match
from scheduler.planning.stops import StopScope, place_stop, standing_stop

ERASED = "erased"


def erase(session: Session, resident_id: int, *, by: str, purpose: str, now: datetime) -> None:
    """Erase one resident in the caller's transaction, on the record; again changes nothing.

    Open matches close as opted out, planned contacts are called off, no survey asks them, no matching takes them in.
    A number that others have too stays theirs.
    """
    lock_resident(session, resident_id)
    resident = session.get_one(Resident, resident_id)
    if resident.erased_at is not None:
        return
    _let_go(session, resident, by=by, now=now)
    resident.profiling_refused_at = resident.profiling_refused_at or now
    resident.erased_at = now
    session.flush()
    _answer_no_more(session, resident_id, now=now)
    for table, where in _theirs(resident_id).items():
        blank(session, table, where)
    session.execute(update(Resident).where(Resident.id == resident_id).values(name_index=ERASED))
    _erase_numbers(session, resident_id)
    session.execute(delete(Preference).where(Preference.resident_id == resident_id, Preference.name != "no_surveys"))
    talks = select(Conversation.id).where(Conversation.resident_id == resident_id)
    words = metadata.tables["word_index"]
    session.execute(delete(words).where(words.c.conversation_id.in_(talks)))
    for table in ("wechat_code", "wechat_follower"):
        bound = metadata.tables[table]
        session.execute(delete(bound).where(bound.c.resident_id == resident_id))
    links = (ChatLink.resident_id == resident_id, ChatLink.revoked_at.is_(None))
    session.execute(update(ChatLink).where(*links).values(revoked_at=now))
    holders = (Mandate.resident_id == resident_id, Mandate.revoked_at.is_(None))
    session.execute(update(Mandate).where(*holders).values(revoked_at=now, revoked_because=ERASED))
    subject = f"resident:{resident_id}"
    session.add(AuditEntry(at=now, actor=by, action="rights.erasure", subject=subject, purpose=purpose, facts={}))
    session.flush()
    session.expire_all()
    for merged_id in session.scalars(select(Resident.id).where(Resident.merged_into_id == resident_id)).all():
        erase(session, merged_id, by=by, purpose=purpose, now=now)


def _let_go(session: Session, resident: Resident, *, by: str, now: datetime) -> None:
    """Nothing is due to them any more."""
    for match in session.scalars(select(Match).where(Match.resident_id == resident.id)):
        if match.state not in CLOSED_MATCH_STATES:
            move_match(session, match, MatchState.OPTED_OUT, because="erasure", now=now)
    if standing_stop(session, resident_id=resident.id, phone_id=None) is None:
        scope = StopScope(resident.id, None)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by=by, message_id=None, now=now)
    stop_surveys(session, resident.id, now=now)


def _answer_no_more(session: Session, resident_id: int, *, now: datetime) -> None:
    """What they wrote and nobody has answered yet stays unanswered: an answer would begin a talk with them anew."""
    theirs = (Inbound.sender_index.in_(_own_indexes(resident_id)), Inbound.state != InboundState.DONE)
    # Whoever has one in hand finds that it is no longer theirs.
    done = {"state": InboundState.DONE, "settled_at": now, "fence": Inbound.fence + 1}
    session.execute(update(Inbound).where(*theirs).values(done).execution_options(synchronize_session=False))


def _theirs(resident_id: int) -> dict[str, ColumnElement[bool]]:
    """Table → its rows that speak of them or hold their words."""
    tables = metadata.tables
    talks = select(Conversation.id).where(Conversation.resident_id == resident_id)
    cases = select(Case.id).where(or_(Case.resident_id == resident_id, Case.conversation_id.in_(talks)))
    calls = select(Call.id).where(Call.resident_id == resident_id)
    heard = select(Message.inbound_id).where(Message.conversation_id.in_(talks), Message.inbound_id.is_not(None))
    said = select(Message.id).where(Message.conversation_id.in_(talks))
    asked = select(SurveyInvitation.id).where(SurveyInvitation.resident_id == resident_id)
    matches = select(Match.id).where(Match.resident_id == resident_id)
    contacts = or_(Contact.resident_id == resident_id, Contact.conversation_id.in_(talks))
    return {
        "resident": Resident.id == resident_id,
        "enterprise": tables["enterprise"].c.resident_id == resident_id,
        "mandate": Mandate.resident_id == resident_id,
        "match_ledger": tables["match_ledger"].c.match_id.in_(matches),
        "contact": contacts,
        "conversation": Conversation.resident_id == resident_id,
        "message": Message.conversation_id.in_(talks),
        "inbound": or_(
            Inbound.id.in_(heard),
            Inbound.call_id.in_(calls),
            Inbound.sender_index.in_(_own_indexes(resident_id)),
        ),
        "call": Call.resident_id == resident_id,
        "call_word": tables["call_word"].c.call_id.in_(calls),
        "talk_mark": tables["talk_mark"].c.conversation_id.in_(talks),
        "case": or_(Case.resident_id == resident_id, Case.conversation_id.in_(talks)),
        "care_entry": or_(CareEntry.resident_id == resident_id, CareEntry.message_id.in_(said)),
        "case_change": tables["case_change"].c.case_id.in_(cases),
        "appeal": tables["appeal"].c.case_id.in_(cases),
        "visit": tables["visit"].c.case_id.in_(cases),
        "survey_answer": tables["survey_answer"].c.invitation_id.in_(asked),
        "consent": tables["consent"].c.resident_id == resident_id,
    }


def _own_phones(resident_id: int) -> tuple[ColumnElement[bool], ...]:
    """Of numbers that are theirs alone."""
    mine = select(ResidentPhone.phone_id).where(ResidentPhone.resident_id == resident_id)
    shared = select(ResidentPhone.phone_id).group_by(ResidentPhone.phone_id).having(func.count() > 1)
    return (Phone.id.in_(mine), Phone.id.not_in(shared))


def _own_indexes(resident_id: int) -> Select[str]:
    return select(Phone.number_index).where(*_own_phones(resident_id))


def _erase_numbers(session: Session, resident_id: int) -> None:
    """Numbers that are theirs alone. A stop of one still knows it by its index; from another, they are new to us."""
    stopped = select(ContactStop.phone_id).where(ContactStop.phone_id.is_not(None), ContactStop.released_at.is_(None))
    alone = session.scalars(select(Phone).where(*_own_phones(resident_id))).all()
    keeps_index = set(session.scalars(stopped))
    session.execute(delete(ResidentPhone).where(ResidentPhone.resident_id == resident_id))
    for phone in alone:
        phone.number = ""
        if phone.id not in keeps_index:
            phone.number_index = f"{ERASED}{phone.id}"
    calls = (Call.resident_id == resident_id,)
    session.execute(update(Call).where(*calls).values(number_index=ERASED))
