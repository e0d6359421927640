"""Reading and writing call rows: who is on the line, what is remembered, and the words that only the call says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session, aliased

from models.call import Call
from models.column_types import key_ring
from models.contact import Contact, ContactMatch
from models.conversation import Conversation
from models.match import Match
from models.resident import Phone, Preference, ResidentPhone
from models.session import lock_resident
from models.vocabulary import Channel, ContactPurpose, ContactState, Direction
from outreach_api.conversations.transcript import said
from outreach_api.voice.state import CallState
from outreach_api.voice.transport import CallRef, Setup
from scheduler.planning.situation import PUSHED_STATES
from scheduler.planning.stops import standing_stop

VOICEMAIL_AGAIN_AFTER = timedelta(days=30)
SLOW, CANTONESE = "slow", "cantonese"


@dataclass(frozen=True)
class OnTheLine:
    """A call as it was read; `residents` are those whom its number reaches, `purpose` what we call them for."""

    id: int
    direction: Direction
    contact_id: int | None
    phone_id: int | None
    residents: tuple[int, ...]
    resident_id: int | None
    started_at: datetime
    state: CallState
    purpose: ContactPurpose | None = None
    in_human_hands: bool = False
    """A member of staff has the talk: the assistant keeps quiet, and what they write is said."""


# What is asked at every turn of every call is put together once: that takes as long as answering it.
_CALL = select(Call).where(Call.provider == bindparam("provider"), Call.provider_ref == bindparam("ref"))
_talk = aliased(Conversation)
_NEWEST_TALK = select(func.max(_talk.id)).where(_talk.phone_id == Phone.id).correlate(Phone).scalar_subquery()
_LINE = (
    select(Call, Phone.id.label("phone_id"), Contact.purpose, Conversation.taken_over_by)
    .select_from(Call)
    .outerjoin(Phone, Phone.number_index == Call.number_index)
    .outerjoin(Contact, Contact.id == Call.contact_id)
    .outerjoin(Conversation, Conversation.id == _NEWEST_TALK)
    .where(Call.provider == bindparam("provider"), Call.provider_ref == bindparam("ref"))
)
_RESIDENTS = select(ResidentPhone.resident_id).where(ResidentPhone.phone_id == bindparam("phone_id"))


def find_call(session: Session, ref: CallRef) -> Call | None:
    return session.scalar(_CALL, {"provider": ref.provider, "ref": ref.ref})


def open_call(session: Session, ref: CallRef, setup: Setup, *, now: datetime) -> Call:
    """The call's row; made at its first event, with the pace and language its resident is known to want."""
    call = find_call(session, ref)
    if call is not None:
        return call
    contact = session.get(Contact, setup.contact_id) if setup.contact_id is not None else None
    number = setup.number
    if contact is not None:
        # What we dialled, not what a webhook says we did.
        number = session.get_one(Phone, contact.phone_id).number
    call = Call(
        provider=ref.provider,
        provider_ref=ref.ref,
        direction=setup.direction,
        number=number,
        number_index=key_ring().blind_index(number, kind="phone"),
        contact_id=contact.id if contact else None,
        answered_by=setup.answered_by or None,
        started_at=now,
        state=_habits(session, contact, number).stored(),
    )
    session.add(call)
    session.flush()
    return call


def _habits(session: Session, contact: Contact | None, number: str) -> CallState:
    index = key_ring().blind_index(number, kind="phone")
    residents = (
        [contact.resident_id]
        if contact and contact.resident_id
        else select(ResidentPhone.resident_id).join(Phone).where(Phone.number_index == index)
    )
    wishes = set(session.scalars(select(Preference.name).where(Preference.resident_id.in_(residents))))
    return CallState(slow=SLOW in wishes, cantonese=CANTONESE in wishes)


def on_the_line(session: Session, ref: CallRef) -> OnTheLine | None:
    found = session.execute(_LINE, {"provider": ref.provider, "ref": ref.ref}).first()
    if found is None:
        return None
    call: Call = found.Call
    return OnTheLine(
        id=call.id,
        direction=call.direction,
        contact_id=call.contact_id,
        phone_id=found.phone_id,
        residents=tuple(session.scalars(_RESIDENTS, {"phone_id": found.phone_id})),
        resident_id=call.resident_id,
        started_at=call.started_at,
        state=CallState.model_validate(call.state),
        purpose=found.purpose,
        in_human_hands=found.taken_over_by is not None,
    )


def is_stopped(session: Session, line: OnTheLine) -> bool:
    """Whether a stop is in force for whom we call, or for this phone."""
    contact = session.get(Contact, line.contact_id) if line.contact_id is not None else None
    return (
        standing_stop(session, resident_id=contact.resident_id if contact else None, phone_id=line.phone_id) is not None
    )


def others_wait(session: Session, line: OnTheLine, speaker: int) -> bool:
    """Whether the call is for somebody else of the house too, for whom something is open still."""
    if line.contact_id is None or len(line.residents) <= 1:
        return False
    query = (
        select(Match.id)
        .join(ContactMatch, ContactMatch.match_id == Match.id)
        .where(ContactMatch.contact_id == line.contact_id, Match.resident_id != speaker, Match.state.in_(PUSHED_STATES))
    )
    return session.scalar(query.limit(1)) is not None


def left_voicemail_lately(session: Session, line: OnTheLine, *, now: datetime) -> bool:
    """Whether this phone already has our message: it is left once."""
    return bool(
        session.scalar(
            select(func.count()).where(
                Contact.phone_id == line.phone_id,
                Contact.state == ContactState.VOICEMAIL,
                Contact.sent_at > now - VOICEMAIL_AGAIN_AFTER,
            )
        )
    )


def note_said(session: Session, line: OnTheLine, text: str, *, now: datetime) -> None:
    """Write what the call itself said into the transcript of its phone."""
    if line.phone_id is None or not text:
        return
    contact = session.get(Contact, line.contact_id) if line.contact_id is not None else None
    if contact is not None and contact.resident_id is not None:
        lock_resident(session, contact.resident_id)
    talk = session.scalar(
        select(Conversation).where(Conversation.phone_id == line.phone_id).order_by(Conversation.id.desc()).limit(1)
    )
    if talk is None:
        owner = line.residents[0] if len(line.residents) == 1 else None
        talk = Conversation(resident_id=owner, phone_id=line.phone_id, started_at=now, last_at=now, state={})
        session.add(talk)
        session.flush()
    session.add(said(talk, text, channel=Channel.VOICE, at=now, contact_id=line.contact_id))


def keep_habits(session: Session, resident_id: int, state: CallState, *, now: datetime) -> None:
    """What was asked for in this call holds for the next."""
    wanted = [name for name, on in ((SLOW, state.slow), (CANTONESE, state.cantonese)) if on]
    kept = set(session.scalars(select(Preference.name).where(Preference.resident_id == resident_id)))
    session.add_all(
        Preference(resident_id=resident_id, name=name, value={}, since=now) for name in wanted if name not in kept
    )
