"""The text after a call in which nothing was heard: a contact like any other, with its hours and its budget."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.contact import Contact, ContactMatch
from models.match import Match
from models.resident import Phone, Resident, ResidentPhone
from models.vocabulary import Channel, ContactPurpose, ContactState, PhoneState
from outreach_api.conversations.offers import OfferTexts
from scheduler.planning.situation import PUSHED_STATES
from scheduler.policies.card import PolicyCard
from scheduler.rules.guardians import has_guardian

AFTER = timedelta(minutes=1)
EXPIRES_AFTER = timedelta(hours=36)


def text_after_silence(
    session: Session, contact_id: int, cards: Mapping[str, PolicyCard], *, now: datetime
) -> Contact | None:
    """Plan one text on the call's own rung; None when nothing is open, one waits already, or a landline takes none."""
    call = session.get_one(Contact, contact_id)
    offers = session.execute(
        select(ContactMatch.number, Match.policy_id, Match.id)
        .join(Match, Match.id == ContactMatch.match_id)
        .where(ContactMatch.contact_id == contact_id, Match.state.in_(PUSHED_STATES))
    ).all()
    waits = select(Contact.id).where(Contact.phone_id == call.phone_id, Contact.state == ContactState.PLANNED)
    takes_texts = session.get_one(Phone, call.phone_id).state is PhoneState.USABLE
    if not takes_texts or call.resident_id is None or not offers or session.scalar(waits.limit(1)) is not None:
        return None
    sharing = select(func.count()).where(ResidentPhone.phone_id == call.phone_id)
    resident = session.get_one(Resident, call.resident_id)
    rendered = OfferTexts(cards)(
        [(number, policy_id) for number, policy_id, _ in offers],
        resident=resident,
        step=call.ladder_step,
        shared_phone=(session.scalar(sharing) or 0) > 1,
        contact_purpose=ContactPurpose.REMINDER,
        for_guardian=has_guardian(resident.birth_date, on=now.date()),
    )
    text = Contact(
        resident_id=call.resident_id,
        phone_id=call.phone_id,
        campaign_id=call.campaign_id,
        channel=Channel.SMS,
        purpose=ContactPurpose.REMINDER,
        ladder_step=call.ladder_step,
        template_key=rendered.template_key,
        variables=rendered.variables,
        text=rendered.text,
        created_at=now,
        due_at=now + AFTER,
        expires_at=now + EXPIRES_AFTER,
    )
    session.add(text)
    session.flush()
    session.add_all(
        ContactMatch(contact_id=text.id, match_id=match_id, number=number) for number, _, match_id in offers
    )
    return text
