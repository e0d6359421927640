"""Reading and writing call rows: who is on the line, what is remembered, and the words that only the call says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.call import Call
from models.column_types import key_ring
from models.contact import Contact
from models.conversation import Conversation, Message
from models.resident import Phone, Preference, ResidentPhone
from models.session import lock_resident
from models.vocabulary import Author, Channel, ContactPurpose, ContactState, Direction
from outreach_api.voice.by_staff import is_in_human_hands
from outreach_api.voice.state import CallState
from outreach_api.voice.transport import CallRef, Setup
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
    stopped: bool
    started_at: datetime
    state: CallState
    purpose: ContactPurpose | None = None
    in_human_hands: bool = False
    """A member of staff has the talk: the assistant keeps quiet, and what they write is said."""


def find_call(session: Session, ref: CallRef) -> Call | None:
    return session.scalar(select(Call).where(Call.provider == ref.provider, Call.provider_ref == ref.ref))


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


def on_the_line(session: Session, call: Call) -> OnTheLine:
    phone_id = session.scalar(select(Phone.id).where(Phone.number_index == call.number_index))
    residents = tuple(session.scalars(select(ResidentPhone.resident_id).where(ResidentPhone.phone_id == phone_id)))
    contact = session.get(Contact, call.contact_id) if call.contact_id is not None else None
    resident_id = contact.resident_id if contact else None
    return OnTheLine(
        id=call.id,
        direction=call.direction,
        contact_id=call.contact_id,
        phone_id=phone_id,
        residents=residents,
        resident_id=call.resident_id,
        stopped=standing_stop(session, resident_id=resident_id, phone_id=phone_id) is not None,
        started_at=call.started_at,
        state=CallState.model_validate(call.state),
        purpose=contact.purpose if contact else None,
        in_human_hands=is_in_human_hands(session, phone_id),
    )


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
    session.add(
        Message(
            conversation_id=talk.id,
            at=now,
            direction=Direction.OUT,
            author=Author.ASSISTANT,
            channel=Channel.VOICE,
            text=text,
            contact_id=line.contact_id,
        )
    )


def keep_habits(session: Session, resident_id: int, state: CallState, *, now: datetime) -> None:
    """What was asked for in this call holds for the next."""
    wanted = [name for name, on in ((SLOW, state.slow), (CANTONESE, state.cantonese)) if on]
    kept = set(session.scalars(select(Preference.name).where(Preference.resident_id == resident_id)))
    session.add_all(
        Preference(resident_id=resident_id, name=name, value={}, since=now) for name in wanted if name not in kept
    )
